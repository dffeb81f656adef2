// ObjectStore: one bucket (with a prefix), as seen by everything above. Implemented by MemoryStore,
// LocalStore and S3Store; RetryingStore decorates any of them with the program's only retries.
//
// Ownership and threads: made by OpenStore (open_store.h), owned by the mount; every method may be
// called from any thread at the same time. Control verbs block. The bulk verbs (Get, Put,
// UploadPart) return at once and call their callback exactly once, on a thread of the store's,
// never inline and never with a lock of the store held; memory named in a request stays valid until
// that call.
//
// Errors: 404 is kNotFound, a failed precondition kConflict (412, 409), 401 and 403 kAuth (EACCES),
// 503 and 429 kThrottled, no answer kUnavailable or kTimeout, a checksum that does not match
// kCorrupt. Every message names the verb and the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

template <typename T>
using Callback = std::function<void(base::Result<T>)>;

// A ranged read into the caller's memory. `into` are consecutive pieces of the range; their sizes
// add up to range.length. `progress`, when set, is called with the count of bytes from the start of
// the range that are valid so far: growing, on the receiving thread, without locks held, before the
// callback; not at all where a checksum of the whole is verified first. A retry continues after
// them and never rewrites them.
struct GetRequest {
  ObjectKey key;
  base::ByteRange range;  // not empty, inside the object
  std::string if_match;   // ETag; kConflict when the object is another one
  std::vector<std::span<std::byte>> into;
  std::function<void(std::uint64_t bytes)> progress;
  // Where the caller knows it: a range that is the whole object is asked for as such, as stores
  // tell the checksum of nothing less.
  std::uint64_t object_size = 0;
  // Asked when the answer begins, before anything is written to `into`. False: another request
  // delivers, this one ends with kCancelled and touches nothing. Empty = true.
  std::function<bool()> claim = {};
};

// Bytes to send: consecutive pieces of the caller's memory, with their CRC-32C (of all of them)
// where the caller knows it; it travels along where the store can verify it.
struct Body {
  std::vector<std::span<const std::byte>> pieces;
  std::optional<std::uint32_t> crc32c;
  std::uint64_t size() const;
};

struct PutRequest {
  ObjectKey key;
  Body body;
  Metadata metadata;
  Precondition precondition;
};

struct PartRequest {
  ObjectKey key;
  std::string upload_id;
  std::uint32_t number = 0;  // 1 to parts_max
  Body body;
};

struct CopyRequest {
  ObjectKey source;
  std::string source_if_match;
  ObjectKey target;
  Precondition precondition;         // on the target
  std::optional<Metadata> metadata;  // replaces the source's when set
};

struct ListRequest {
  ObjectKey prefix;
  std::string delimiter;     // "" or "/"
  std::string continuation;  // from the page before
  std::uint32_t limit = 1000;
};

struct DeleteRequest {
  ObjectKey key;
  std::string if_match;  // ETag; empty = whatever is there
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Capabilities capabilities() const = 0;
  // Finds out what capabilities() cannot know yet, from the mount's memory or by asking; writes
  // nothing. After an error less is known, and everything works as for a store that can do less.
  virtual base::Status Discover() { return base::Ok(); }

  // --- bulk: asynchronous ---
  // The answer is the head of what was read (ETag, full size).
  virtual void Get(GetRequest request, Callback<ObjectHead> done) = 0;
  // The answer carries ETag and size of what was stored.
  virtual void Put(PutRequest request, Callback<ObjectHead> done) = 0;
  virtual void UploadPart(PartRequest request, Callback<PartInfo> done) = 0;

  // --- control: blocking ---
  virtual base::Result<ObjectHead> Head(const ObjectKey& key) = 0;
  // Server side. A store that cannot do it in one call says so (copy_in_parts.h), and
  // RetryingStore makes it of parts.
  virtual base::Result<ObjectHead> Copy(const CopyRequest& request) = 0;
  // With capabilities().moves: the object gives up its key for another one, in one step for all who
  // look, and keeps bytes and metadata (`request.metadata` is not set). The head is that of the
  // target. kNotFound: there is no source; after a lost answer it may be the target already.
  virtual base::Result<ObjectHead> Move(const CopyRequest& request);
  // kNotFound is not an error here: the key is gone. `if_match` empty = unconditional. A key that
  // ends in '/' is a directory where the store knows some: kConflict unless it is empty.
  virtual base::Status Delete(const ObjectKey& key, const std::string& if_match) = 0;
  // Keys that could not be deleted, with the reason (kConflict: another object is there); empty
  // when all are gone.
  virtual base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) = 0;
  virtual base::Result<ListPage> List(const ListRequest& request) = 0;

  virtual base::Result<std::string> CreateMultipart(const ObjectKey& key,
                                                    const Metadata& metadata) = 0;
  // Bytes of an existing object as a part, copied by the store itself.
  virtual base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                                std::uint32_t number, const ObjectKey& source,
                                                const std::string& source_if_match,
                                                base::ByteRange range) = 0;
  // Parts in ascending order. The answer carries ETag and size.
  virtual base::Result<ObjectHead> CompleteMultipart(const ObjectKey& key,
                                                     const std::string& upload_id,
                                                     const std::vector<PartInfo>& parts,
                                                     const Precondition& precondition) = 0;
  // An upload that does not exist (any more) is no error.
  virtual base::Status AbortMultipart(const ObjectKey& key, const std::string& upload_id) = 0;
  virtual base::Result<std::vector<PartInfo>> ListParts(const ObjectKey& key,
                                                        const std::string& upload_id) = 0;
  virtual base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) = 0;
};

// Blocking forms of the bulk verbs, for tests, commands and small objects.
base::Result<ObjectHead> GetAndWait(ObjectStore& store, GetRequest request);
base::Result<ObjectHead> PutAndWait(ObjectStore& store, PutRequest request);
base::Result<PartInfo> UploadPartAndWait(ObjectStore& store, PartRequest request);

}  // namespace objclient
