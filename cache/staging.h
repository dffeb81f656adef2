// Staging: files being written. A StagedFile takes writes at any offset over an optional base (the
// committed extents), in pool memory; whole parts leave from there as a multipart upload while the
// file is still being written, and every byte reaches a local sparse file behind the writer
// (O_DIRECT). Commit makes it one object of the store; the local file then becomes the object's
// cache file. Nothing here knows a name: keys come from the hooks.
//
// Threads: any; one Commit at a time per file, and no Write or Truncate while Commit runs (fs sees
// to both). Write and Truncate block for pool memory, never on the network.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cache/block_cache.h"
#include "cache/block_pool.h"
#include "cache/read.h"
#include "objclient/object_store.h"

namespace cache {

struct UploadTarget {
  objclient::ObjectKey key;
  objclient::Precondition precondition;
  objclient::Metadata metadata;
};

// How a staged file asks its owner. Called without locks held, from any thread.
struct StageHooks {
  // Where the bytes go; called once, when the first part leaves or at Commit.
  std::function<base::Result<UploadTarget>()> target;
  // A multipart upload was created; called before its first part is sent, so that the owner can
  // record it and a crash leaves no unknown upload behind.
  std::function<base::Status(const objclient::ObjectKey& key, const std::string& upload_id)>
      upload_started;
  // The sums of an object that a recovered file builds on: its manifest does not hold them. Empty =
  // none are known.
  std::function<base::SharedPieceSums(std::int64_t object_id)> sums_of = {};
};

// The metadata name that carries the upload's token: how a lost answer to a commit is resolved.
inline constexpr char kUploadTokenName[] = "cairnfs-upload";

struct StagingOptions {
  std::filesystem::path directory;          // made when missing
  std::uint64_t part_bytes = 8u << 20;      // grows for later parts, see PartLayout
  std::uint32_t uploads_in_flight = 16;     // parts, over all files
  std::uint64_t single_put_max = 8u << 20;  // smaller files go as one PUT
};

class StagedFile {
 public:
  virtual ~StagedFile() = default;

  // Name of the local file inside the staging directory.
  virtual const std::string& name() const = 0;
  virtual std::uint64_t size() const = 0;
  // True once a write or truncate changed anything since creation.
  virtual bool dirty() const = 0;

  // kNoSpace when the staging disk is full and the bytes cannot leave through the network either.
  virtual base::Status Write(std::uint64_t offset, std::span<const std::byte> data) = 0;
  virtual base::Status Truncate(std::uint64_t size) = 0;
  // Dirty bytes, base bytes and holes; same contract as BlockCache::Read. The range is clipped by
  // the caller to size().
  virtual std::optional<PinnedBytes> Read(base::ByteRange range, ReadDone done) = 0;

  // Ranges with data (for SEEK_DATA and `cairnfs stat`), sorted: staged bytes and base extents.
  virtual std::vector<base::ByteRange> DataRanges() const = 0;

  // Uploads what is missing and commits. Blocks on the network; retries are below, the time is
  // bounded by the store's options. kConflict = the precondition failed: the parts are kept and
  // Commit may be called again with `precondition`. After any other error the bytes are kept and
  // Commit may be called again as well (a fresh upload when the old one is gone), but after
  // IsBaseLost it will fail for ever. An empty file is a PUT of 0 bytes.
  virtual base::Result<objclient::ObjectHead> Commit(
      const objclient::Precondition* precondition = nullptr) = 0;
  // After a successful Commit: the CRC-32C of each granule of the object that it made.
  virtual base::SharedPieceSums Sums() = 0;
  // After a successful Commit and its database transaction: hands bytes and local file to the
  // cache.
  virtual void Adopt(const ObjectRef& object) = 0;

  // Puts every byte on the local disk (fdatasync) and returns the manifest that Recover takes.
  virtual base::Result<std::string> Persist() = 0;
  // Drops everything: aborts the upload (in the background), deletes the local file.
  virtual void Discard() = 0;

  virtual std::uint64_t bytes_to_send() const = 0;

  // The objects that bytes of the file are still to be read from.
  virtual std::vector<ObjectRef> BaseObjects() const = 0;
  // Copies what was written to the local file `target`, durably: at its place, with holes
  // elsewhere, as long as this file. Returns what was written.
  virtual base::Result<std::vector<base::ByteRange>> SetAside(
      const std::filesystem::path& target) = 0;
};

// An error of Commit: another writer removed or replaced what the file builds on.
inline bool IsBaseLost(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kNotFound && error.errno_value() == ESTALE;
}

class Staging {
 public:
  static base::Result<std::unique_ptr<Staging>> Open(StagingOptions options, BlockPool& pool,
                                                     BlockCache& cache,
                                                     objclient::ObjectStore& store,
                                                     base::Clock& clock, base::Metrics& metrics);
  virtual ~Staging() = default;

  // A file over `base` (may be empty) with `size` bytes at the start.
  virtual base::Result<std::shared_ptr<StagedFile>> Create(std::vector<FileExtent> base,
                                                           std::uint64_t size,
                                                           StageHooks hooks) = 0;
  // The file a former process persisted. kCorrupt when the local file does not match its manifest's
  // checksums, kNotFound when it is gone.
  virtual base::Result<std::shared_ptr<StagedFile>> Recover(const std::string& name,
                                                            const std::string& manifest,
                                                            StageHooks hooks) = 0;
  // Deletes local files that are not in `keep` (left by a killed process).
  virtual base::Status Sweep(const std::vector<std::string>& keep) = 0;
};

}  // namespace cache
