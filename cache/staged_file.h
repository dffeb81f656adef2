// The StagedFile of the program: joins the bytes (StageContent) with their way into the store
// (StageUpload) and lets one change happen at a time.
//
// Shared between fs and what is in flight; any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "cache/stage_content.h"
#include "cache/stage_shared.h"
#include "cache/stage_upload.h"
#include "cache/staging.h"

namespace cache {

class LocalStagedFile final : public StagedFile {
 public:
  // `shared` outlives this. `dirty`: the content differs from what is committed.
  LocalStagedFile(StageShared& shared, std::shared_ptr<StageContent> content, StageHooks hooks,
                  bool dirty);

  const std::string& name() const override { return content_->name(); }
  std::uint64_t size() const override { return content_->size(); }
  bool dirty() const override { return dirty_.load(); }
  base::Status Write(std::uint64_t offset, std::span<const std::byte> data) override;
  base::Status Truncate(std::uint64_t size) override;
  std::optional<PinnedBytes> Read(base::ByteRange range, ReadDone done) override;
  std::vector<base::ByteRange> DataRanges() const override { return content_->DataRanges(); }
  base::Result<objclient::ObjectHead> Commit(const objclient::Precondition* precondition) override;
  base::SharedPieceSums Sums() override;
  void Adopt(const ObjectRef& object) override;
  base::Result<std::string> Persist() override;
  void Discard() override;
  std::uint64_t bytes_to_send() const override { return upload_->BytesToSend(); }
  std::vector<ObjectRef> BaseObjects() const override { return content_->BaseObjects(); }
  base::Result<std::vector<base::ByteRange>> SetAside(const std::filesystem::path& target) override;

 private:
  // Holds the right to change the content. Not a lock: it is held across waits for memory, and no
  // completion ever needs it.
  class Turn {
   public:
    explicit Turn(LocalStagedFile& file);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    LocalStagedFile& file_;
  };

  StageShared& shared_;
  const std::shared_ptr<StageContent> content_;  // shared: see StageUpload
  const std::shared_ptr<StageUpload> upload_;    // shared: see StageUpload
  std::atomic<bool> dirty_;                      // atomic: read by fs without a turn

  base::Mutex mutex_;
  base::CondVar turn_;
  bool taken_ GUARDED_BY(mutex_) = false;
};

}  // namespace cache
