// The vocabulary of object stores, values only: what meta may include of objclient.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace objclient {

// Key of an object inside the mounted bucket, raw bytes, relative to the volume's prefix.
using ObjectKey = std::string;

// User metadata (x-amz-meta-* without the prefix); lower-case names.
using Metadata = std::map<std::string, std::string>;

// Which state of a key a request is about. At most one of the two is set.
struct Precondition {
  bool if_absent = false;  // If-None-Match: *
  std::string if_match;    // ETag without quotes; empty = no condition
  bool empty() const { return !if_absent && if_match.empty(); }
};

// What the store says of an object. `etag` is without quotes and opaque.
struct ObjectHead {
  ObjectKey key;
  std::string etag;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;  // Last-Modified, nanoseconds since the epoch
  Metadata metadata;          // filled by Head, not by List
  std::string storage_class;
};

// One page of a listing. With a delimiter, `prefixes` holds the common prefixes, each ending in it.
struct ListPage {
  std::vector<ObjectHead> objects;
  std::vector<ObjectKey> prefixes;
  std::string continuation;  // empty on the last page
};

struct PartInfo {
  std::uint32_t number = 0;  // from 1
  std::string etag;
  std::uint64_t size = 0;
  std::optional<std::uint32_t> crc32c;
};

struct UploadInfo {
  ObjectKey key;
  std::string upload_id;
  std::int64_t initiated_ns = 0;
};

// What a store can do, as known by its kind or found out by a probe.
struct Capabilities {
  bool put_if_absent = false;       // Precondition.if_absent on Put
  bool put_if_match = false;        // Precondition.if_match on Put
  bool complete_condition = false;  // either, on CompleteMultipart
  bool delete_if_match = false;
  bool delete_many_if_match = false;  // in one request; without it DeleteMany makes one a key
  bool checksum_crc32c = false;       // verifies the CRC-32C sent with Put and UploadPart
  bool server_copy = false;           // UploadPartCopy, which moves no bytes through us
  bool moves = false;                 // Move
  bool keeps_directories = false;     // directories stay, empty or not, until they are deleted
  bool parts_equal = false;           // every part of an upload but the last has the same size
  bool found_out = true;  // false: not known before the first write, all above is the least
  bool list_sorted = true;
  bool keys_are_utf8 = false;              // other keys are refused
  bool keys_are_url_paths = false;         // keys with '\\', or '.' before a '/' or the end, too
  std::size_t key_bytes_max = 1024;        // of a key below the volume's prefix
  std::uint64_t part_size_min = 5u << 20;  // bytes, of every part but the last
  std::uint64_t put_size_max = 5ull << 30;
  std::uint32_t parts_max = 10000;
  std::uint64_t copy_part_size = 512ull << 20;  // of a copy in parts, grows with the object
};

}  // namespace objclient
