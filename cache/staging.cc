#include "cache/staging.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/digest/digest.h"
#include "cache/open_staging.h"
#include "cache/stage_content.h"
#include "cache/stage_manifest.h"
#include "cache/stage_shared.h"
#include "cache/staged_file.h"

namespace cache {
namespace {

constexpr std::size_t kNameBytes = 16;

// The contents that exist, for the pool's reclaimer, which outlives Staging in the pool.
class Contents {
 public:
  explicit Contents(StageShared& shared) : shared_(&shared) {}

  void Add(const std::shared_ptr<StageContent>& content) {
    const base::MutexLock lock(mutex_);
    std::erase_if(contents_, [](const auto& weak) { return weak.expired(); });
    contents_.push_back(content);
  }

  // Gives up what is on disk and sent. While parts are on their way their memory is about to come
  // back, so nothing else is dropped only to be read again; else what is on disk will do.
  std::size_t Reclaim(std::size_t blocks) {
    const Visit visit(*this);
    if (!visit.open()) return 0;
    const auto contents = Living();
    std::size_t got = 0;
    for (const auto& content : contents) {
      if (got < blocks) got += content->DropBlocks(blocks - got, StageContent::Drop::kLeft);
    }
    if (got < blocks && shared_->transmitting.load() == 0) {
      for (const auto& content : contents) {
        if (got < blocks) got += content->DropBlocks(blocks - got, StageContent::Drop::kSaved);
      }
    }
    if (got < blocks) {
      for (const auto& content : contents) content->SaveSoon();
    }
    return got;
  }

  // Staging is going: waits for those who are inside.
  void Close() {
    const base::MutexLock lock(mutex_);
    open_ = false;
    while (visitors_ > 0) left_.Wait(mutex_);
  }

 private:
  // Keeps Close waiting while it lives.
  class Visit {
   public:
    explicit Visit(Contents& contents) : contents_(contents) {
      const base::MutexLock lock(contents_.mutex_);
      open_ = contents_.open_;
      ++contents_.visitors_;
    }
    ~Visit() {
      const base::MutexLock lock(contents_.mutex_);
      --contents_.visitors_;
      contents_.left_.NotifyAll();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    bool open() const { return open_; }

   private:
    Contents& contents_;
    bool open_ = false;
  };

  std::vector<std::shared_ptr<StageContent>> Living() {
    const base::MutexLock lock(mutex_);
    std::vector<std::shared_ptr<StageContent>> living;
    for (const auto& weak : contents_) {
      if (auto content = weak.lock()) living.push_back(std::move(content));
    }
    return living;
  }

  StageShared* const shared_;
  base::Mutex mutex_;
  base::CondVar left_;
  std::vector<std::weak_ptr<StageContent>> contents_ GUARDED_BY(mutex_);
  std::size_t visitors_ GUARDED_BY(mutex_) = 0;
  bool open_ GUARDED_BY(mutex_) = true;
};

class LocalStaging final : public Staging {
 public:
  explicit LocalStaging(std::unique_ptr<StageShared> shared)
      : shared_(std::move(shared)), contents_(std::make_shared<Contents>(*shared_)) {
    shared_->pool.AddReclaimer(
        [contents = contents_](std::size_t blocks) { return contents->Reclaim(blocks); });
  }

  ~LocalStaging() override {
    // Uploads being created start sends, and the last send of a discarded file starts an abort.
    shared_->control.Drain();
    shared_->sends.Drain();
    shared_->control.Drain();
    contents_->Close();
  }

  base::Result<std::shared_ptr<StagedFile>> Create(std::vector<FileExtent> base, std::uint64_t size,
                                                   StageHooks hooks) override {
    auto content = std::make_shared<StageContent>(*shared_, base::RandomHex(kNameBytes),
                                                  std::move(base), size);
    return Wrap(std::move(content), std::move(hooks), false);
  }

  base::Result<std::shared_ptr<StagedFile>> Recover(const std::string& name,
                                                    const std::string& manifest,
                                                    StageHooks hooks) override {
    TRY_ASSIGN(StagePersisted persisted, DecodeManifest(manifest));
    for (FileExtent& extent : persisted.base) {
      if (hooks.sums_of) extent.object.sums = hooks.sums_of(extent.object.id);
    }
    TRY_ASSIGN(auto content, StageContent::Restore(*shared_, name, std::move(persisted)));
    return Wrap(std::move(content), std::move(hooks), true);
  }

  base::Status Sweep(const std::vector<std::string>& keep) override {
    TRY_ASSIGN(const std::vector<std::string> names, shared_->disk->List());
    for (const std::string& name : names) {
      if (std::find(keep.begin(), keep.end(), name) != keep.end()) continue;
      TRY(shared_->disk->Remove(name));
    }
    return base::Ok();
  }

 private:
  std::shared_ptr<StagedFile> Wrap(std::shared_ptr<StageContent> content, StageHooks hooks,
                                   bool dirty) {
    contents_->Add(content);
    return std::make_shared<LocalStagedFile>(*shared_, std::move(content), std::move(hooks), dirty);
  }

  const std::unique_ptr<StageShared> shared_;
  const std::shared_ptr<Contents> contents_;  // shared: with the pool
};

}  // namespace

base::Result<std::unique_ptr<Staging>> OpenStagingOn(std::unique_ptr<StageDisk> disk,
                                                     StagingOptions options, BlockPool& pool,
                                                     BlockCache& cache,
                                                     objclient::ObjectStore& store,
                                                     base::Metrics& metrics) {
  if (options.part_bytes == 0 || options.part_bytes % kGranuleSize != 0) {
    return base::Error(base::ErrorClass::kInvalid,
                       "part size must be a multiple of " + base::FormatSize(kGranuleSize));
  }
  if (PartLayout(options.part_bytes).max_size() > kFarSide) {
    return base::Error(base::ErrorClass::kInvalid, "part size is too large");
  }
  return std::unique_ptr<Staging>(std::make_unique<LocalStaging>(std::make_unique<StageShared>(
      std::move(options), std::move(disk), pool, cache, store, metrics)));
}

base::Result<std::unique_ptr<Staging>> Staging::Open(StagingOptions options, BlockPool& pool,
                                                     BlockCache& cache,
                                                     objclient::ObjectStore& store,
                                                     base::Clock& /*clock*/,
                                                     base::Metrics& metrics) {
  TRY_ASSIGN(std::unique_ptr<StageDisk> disk, OpenStageDisk(options.directory));
  return OpenStagingOn(std::move(disk), std::move(options), pool, cache, store, metrics);
}

}  // namespace cache
