#include "tests/cache/stage_fixture.h"

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/digest/digest.h"

namespace testing_support {
namespace {

class ScriptedFile final : public cache::StageDiskFile {
 public:
  ScriptedFile(std::shared_ptr<cache::StageDiskFile> real, DiskScript& script)
      : real_(std::move(real)), script_(script) {}
  base::Status WriteAligned(std::uint64_t offset,
                            const std::vector<std::span<const std::byte>>& pieces) override {
    ++script_.writes;
    if (script_.full) return base::Error::FromErrno(ENOSPC, "write");
    return real_->WriteAligned(offset, pieces);
  }
  base::Status WriteRagged(std::uint64_t offset, std::span<const std::byte> data) override {
    ++script_.writes;
    if (script_.full) return base::Error::FromErrno(ENOSPC, "write");
    return real_->WriteRagged(offset, data);
  }
  base::Status Read(std::uint64_t offset, std::span<std::byte> target) override {
    ++script_.reads;
    return real_->Read(offset, target);
  }
  base::Status Sync() override { return real_->Sync(); }
  base::Status Resize(std::uint64_t size) override { return real_->Resize(size); }

 private:
  const std::shared_ptr<cache::StageDiskFile> real_;
  DiskScript& script_;
};

class ScriptedDisk final : public cache::StageDisk {
 public:
  ScriptedDisk(std::unique_ptr<cache::StageDisk> real, DiskScript& script)
      : real_(std::move(real)), script_(script) {}
  base::Result<std::shared_ptr<cache::StageDiskFile>> Create(const std::string& name) override {
    return Wrap(real_->Create(name));
  }
  base::Result<std::shared_ptr<cache::StageDiskFile>> Open(const std::string& name) override {
    return Wrap(real_->Open(name));
  }
  base::Status Remove(const std::string& name) override { return real_->Remove(name); }
  base::Result<std::vector<std::string>> List() override { return real_->List(); }
  base::Status SyncNames() override { return real_->SyncNames(); }
  std::filesystem::path PathOf(const std::string& name) const override {
    return real_->PathOf(name);
  }

 private:
  base::Result<std::shared_ptr<cache::StageDiskFile>> Wrap(
      base::Result<std::shared_ptr<cache::StageDiskFile>> file) {
    if (!file.ok()) return file.error();
    return std::shared_ptr<cache::StageDiskFile>(
        std::make_shared<ScriptedFile>(std::move(file).value(), script_));
  }
  const std::unique_ptr<cache::StageDisk> real_;
  DiskScript& script_;
};

// Waits for an answer of the two-way contract.
template <typename Start>
base::Result<std::string> Await(Start start) {
  auto promise = std::make_shared<std::promise<base::Result<cache::PinnedBytes>>>();
  auto future = promise->get_future();
  auto now = start(
      [promise](base::Result<cache::PinnedBytes> bytes) { promise->set_value(std::move(bytes)); });
  if (now.has_value()) return ToString(*now);
  auto later = future.get();
  if (!later.ok()) return later.error();
  return ToString(*later);
}

}  // namespace

std::unique_ptr<cache::StageDisk> MakeScriptedDisk(std::unique_ptr<cache::StageDisk> real,
                                                   DiskScript& script) {
  return std::make_unique<ScriptedDisk>(std::move(real), script);
}

StageFixture::StageFixture(Options fixture_options) : options(fixture_options) { Restart(); }

void StageFixture::Restart() {
  staging.reset();
  cache.reset();
  pool.reset();
  auto opened_pool = cache::BlockPool::Open({.bytes = options.pool_blocks * cache::kBlockSize,
                                             .touch_bytes = 0,
                                             .reserved_blocks = options.reserved_blocks});
  ASSERT_TRUE(opened_pool.ok());
  pool = std::move(opened_pool).value();
  auto opened_cache = cache::BlockCache::Open({.directory = directory / "cache",
                                               .disk_bytes = 1u << 30,
                                               .connections = 4,
                                               .range_bytes = 1u << 20,
                                               .window_bytes = 8u << 20},
                                              *pool, store, clock, metrics);
  ASSERT_TRUE(opened_cache.ok());
  cache = std::move(opened_cache).value();
  auto real = cache::OpenStageDisk(directory / "staging");
  ASSERT_TRUE(real.ok());
  auto opened = cache::OpenStagingOn(MakeScriptedDisk(std::move(real).value(), disk),
                                     {.directory = directory / "staging",
                                      .part_bytes = options.part_bytes,
                                      .uploads_in_flight = options.uploads_in_flight,
                                      .single_put_max = options.single_put_max},
                                     *pool, *cache, store, metrics);
  ASSERT_TRUE(opened.ok());
  staging = std::move(opened).value();
}

cache::StageHooks StageFixture::Hooks(const std::string& key,
                                      objclient::Precondition precondition) {
  cache::StageHooks hooks;
  hooks.target = [this, key, precondition]() -> base::Result<cache::UploadTarget> {
    ++targets;
    return cache::UploadTarget{key, precondition, {{"owner", "test"}}};
  };
  hooks.upload_started = [this](const objclient::ObjectKey&, const std::string&) {
    ++starts;
    return base::Ok();
  };
  hooks.sums_of = sums_of;
  return hooks;
}

std::shared_ptr<cache::StagedFile> StageFixture::Create(const std::string& key,
                                                        std::vector<cache::FileExtent> base,
                                                        std::uint64_t size,
                                                        objclient::Precondition precondition) {
  auto file = staging->Create(std::move(base), size, Hooks(key, std::move(precondition)));
  EXPECT_TRUE(file.ok());
  return std::move(file).value();
}

cache::ObjectRef StageFixture::Object(const objclient::ObjectHead& head) {
  return {.id = ++objects, .key = head.key, .etag = head.etag, .size = head.size};
}

std::size_t StageFixture::LocalFiles() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(directory / "staging")) {
    ++count;
  }
  return count;
}

std::string ToString(const cache::PinnedBytes& bytes) {
  std::string text;
  for (const auto& piece : bytes.pieces) {
    text.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  return text;
}

std::string Noise(std::size_t size, std::uint32_t seed) {
  std::string text(size, '\0');
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < size; i += 4) {
    const auto word = static_cast<std::uint32_t>(random());
    for (std::size_t k = 0; k < 4 && i + k < size; ++k) {
      text[i + k] = static_cast<char>((word >> (8 * k)) & 0xff);
    }
  }
  return text;
}

base::PieceSums SumsOf(std::string_view content) {
  base::PieceSums sums;
  for (; !content.empty(); content.remove_prefix(std::min(content.size(), cache::kGranuleSize))) {
    sums.push_back(base::Crc32c(0, Bytes(content.substr(0, cache::kGranuleSize))));
  }
  return sums;
}

base::Result<std::string> ReadAll(cache::StagedFile& file, base::ByteRange range) {
  return Await([&](cache::ReadDone done) { return file.Read(range, std::move(done)); });
}

base::Result<std::string> ReadAll(cache::BlockCache& cache, const cache::ObjectRef& object) {
  std::string all;
  for (std::uint64_t at = 0; at < object.size; at += cache::kBlockSize) {
    const base::ByteRange range{at, std::min<std::uint64_t>(cache::kBlockSize, object.size - at)};
    auto part =
        Await([&](cache::ReadDone done) { return cache.Read(object, range, std::move(done)); });
    if (!part.ok()) return part.error();
    all += *part;
  }
  return all;
}

}  // namespace testing_support
