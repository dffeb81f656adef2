// ScriptedStore: an ObjectStore of endless made-up objects that only answers GETs. In manual mode a
// GET waits until the test lets bytes arrive, finishes or fails it, on the test's thread; in
// automatic mode threads of its own answer at once, a piece at a time. Every byte is a function of
// key and offset, so that readers can check what they got.
//
// The test owns it; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "cache/read.h"
#include "objclient/object_store.h"

namespace testing_support {

// Fills `target` with the bytes of object `key` from `offset` on.
void FillPattern(const std::string& key, std::uint64_t offset, std::span<std::byte> target);
bool IsPattern(const std::string& key, std::uint64_t offset, const cache::PinnedBytes& bytes);

class ScriptedStore : public objclient::ObjectStore {
 public:
  enum class Mode : std::uint8_t { kManual, kAutomatic };
  explicit ScriptedStore(Mode mode = Mode::kManual, std::size_t threads = 4);

  // --- script (manual mode); `i` counts all GETs from 0 ---
  std::vector<base::ByteRange> ranges() const EXCLUDES(mutex_);
  std::string if_match(std::size_t i) const EXCLUDES(mutex_);
  std::uint64_t object_size(std::size_t i) const EXCLUDES(mutex_);
  void Arrive(std::size_t i, std::uint64_t bytes) EXCLUDES(mutex_);
  void Finish(std::size_t i) EXCLUDES(mutex_);
  void Fail(std::size_t i, base::Error error) EXCLUDES(mutex_);
  // The byte at `offset` is another one the next `times` times it is sent.
  void Damage(std::uint64_t offset, int times) EXCLUDES(mutex_);
  // Finishes whatever waits until nothing does; returns how many that were.
  std::size_t FinishAll() EXCLUDES(mutex_);

  // --- observation ---
  std::size_t requests() const EXCLUDES(mutex_);
  std::uint64_t bytes() const EXCLUDES(mutex_);  // asked for
  std::size_t in_flight() const EXCLUDES(mutex_);
  std::size_t most_in_flight() const EXCLUDES(mutex_);

  objclient::Capabilities capabilities() const override { return {}; }
  void Get(objclient::GetRequest request, objclient::Callback<objclient::ObjectHead> done) override
      EXCLUDES(mutex_);
  void Put(objclient::PutRequest, objclient::Callback<objclient::ObjectHead> done) override;
  void UploadPart(objclient::PartRequest, objclient::Callback<objclient::PartInfo> done) override;
  base::Result<objclient::ObjectHead> Head(const objclient::ObjectKey&) override;
  base::Result<objclient::ObjectHead> Copy(const objclient::CopyRequest&) override;
  base::Status Delete(const objclient::ObjectKey&, const std::string&) override;
  base::Result<std::vector<std::pair<objclient::ObjectKey, base::Error>>> DeleteMany(
      const std::vector<objclient::DeleteRequest>&) override;
  base::Result<objclient::ListPage> List(const objclient::ListRequest&) override;
  base::Result<std::string> CreateMultipart(const objclient::ObjectKey&,
                                            const objclient::Metadata&) override;
  base::Result<objclient::PartInfo> UploadPartCopy(const objclient::ObjectKey&, const std::string&,
                                                   std::uint32_t, const objclient::ObjectKey&,
                                                   const std::string&, base::ByteRange) override;
  base::Result<objclient::ObjectHead> CompleteMultipart(const objclient::ObjectKey&,
                                                        const std::string&,
                                                        const std::vector<objclient::PartInfo>&,
                                                        const objclient::Precondition&) override;
  base::Status AbortMultipart(const objclient::ObjectKey&, const std::string&) override;
  base::Result<std::vector<objclient::PartInfo>> ListParts(const objclient::ObjectKey&,
                                                           const std::string&) override;
  base::Result<std::vector<objclient::UploadInfo>> ListUploads(
      const objclient::ObjectKey&) override;

 private:
  struct Flight {
    objclient::GetRequest request;
    objclient::Callback<objclient::ObjectHead> done;
    std::uint64_t arrived = 0;
    bool over = false;
  };
  std::shared_ptr<Flight> At(std::size_t i) const EXCLUDES(mutex_);
  void Copy(Flight& flight, std::uint64_t bytes) EXCLUDES(mutex_);
  std::optional<std::uint64_t> TakeDamage(const base::ByteRange& sent) EXCLUDES(mutex_);
  void End(Flight& flight) EXCLUDES(mutex_);
  void Answer(Flight& flight) EXCLUDES(mutex_);

  const Mode mode_;
  mutable base::Mutex mutex_;
  // Shared with the thread that answers.
  std::vector<std::shared_ptr<Flight>> flights_ GUARDED_BY(mutex_);
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t damaged_ GUARDED_BY(mutex_) = 0;  // offset
  int damages_ GUARDED_BY(mutex_) = 0;            // still to be done
  std::size_t in_flight_ GUARDED_BY(mutex_) = 0;
  std::size_t most_in_flight_ GUARDED_BY(mutex_) = 0;
  base::Executor executor_;  // last: runs on the members above
};

}  // namespace testing_support
