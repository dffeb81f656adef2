#include "tests/fs/ops/volume.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <future>
#include <span>
#include <thread>
#include <utility>

#include "meta/sqlite/sqlite_catalog.h"
#include "objclient/memory/memory_store.h"

namespace fs {
namespace {

constexpr std::uint64_t kPoolBytes = 64u << 20;
constexpr std::chrono::seconds kPatience{10};

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string TextOf(const cache::PinnedBytes& bytes) {
  std::string text;
  for (const auto& piece : bytes.pieces) {
    text.append(reinterpret_cast<const char*>(piece.bytes.data()), piece.bytes.size());
  }
  return text;
}

// Calls start(completion) and waits for the completion.
template <typename T, typename Start>
base::Result<T> Wait(const Start& start) {
  auto answer = std::make_shared<std::promise<base::Result<T>>>();
  auto future = answer->get_future();
  start([answer](base::Result<T> result) { answer->set_value(std::move(result)); });
  return future.get();
}

Caller Me() { return {.uid = 1000, .gid = 1000, .pid = 1, .umask = 022}; }

}  // namespace

Volume::Volume()
    : Volume(
          [](Volume& volume) { return std::make_unique<objclient::MemoryStore>(volume.clock); }) {}

Volume::Volume(const std::function<std::unique_ptr<objclient::ObjectStore>(Volume&)>& make) {
  auto bucket = make(*this);
  bucket_ = bucket.get();
  store_ = std::make_unique<testing_support::FaultyStore>(
      std::move(bucket), [this](testing_support::Verb verb, const objclient::ObjectKey& key) {
        return Fault(verb, key);
      });
  options.state_directory = directory_ / "state";
  options.settle_delay_ms = 0;
  options.retry_pending_ms = 10;
  options.commit_threads = 4;
  options.uid = options.gid = 1000;
}

Volume::~Volume() { Crash(); }

void Volume::Mount() {
  meta::SqliteCatalog::Options catalog_options;
  catalog_options.volume.uuid = "test";
  catalog_options.volume.url = "mem://test";
  auto catalog =
      meta::SqliteCatalog::Open(directory_ / "meta.db", meta::OpenMode::kCreate, catalog_options);
  ASSERT_TRUE(catalog.ok()) << catalog.error().ToString();
  catalog_ = std::move(*catalog);
  auto pool = cache::BlockPool::Open({.bytes = kPoolBytes, .touch_bytes = 0});
  ASSERT_TRUE(pool.ok()) << pool.error().ToString();
  pool_ = std::move(*pool);
  cache::BlockCacheOptions cache_options;
  cache_options.directory = directory_ / "cache";
  auto cache = cache::BlockCache::Open(cache_options, *pool_, *store_, clock, metrics);
  ASSERT_TRUE(cache.ok()) << cache.error().ToString();
  cache_ = std::move(*cache);
  cache::StagingOptions staging_options;
  staging_options.directory = directory_ / "staging";
  auto staging = cache::Staging::Open(staging_options, *pool_, *cache_, *store_, clock, metrics);
  ASSERT_TRUE(staging.ok()) << staging.error().ToString();
  staging_ = std::move(*staging);
  auto filesystem =
      Filesystem::Open(options, {*catalog_, *store_, *cache_, *staging_, clock, metrics, nullptr});
  ASSERT_TRUE(filesystem.ok()) << filesystem.error().ToString();
  filesystem_ = std::move(*filesystem);
}

base::Status Volume::Unmount(std::uint64_t deadline_ms) {
  const base::Status status = filesystem_->Shutdown(deadline_ms);
  Crash();
  return status;
}

void Volume::Crash() {
  filesystem_.reset();
  staging_.reset();
  cache_.reset();
  pool_.reset();
  catalog_.reset();
}

// --- the bucket ---

void Volume::BucketPut(const std::string& key, const std::string& content) {
  objclient::PutRequest request;
  request.key = key;
  request.body.pieces.push_back(BytesOf(content));
  const auto put = objclient::PutAndWait(*bucket_, std::move(request));
  ASSERT_TRUE(put.ok()) << put.error().ToString();
}

std::optional<std::string> Volume::BucketGet(const std::string& key) {
  const auto head = bucket_->Head(key);
  if (!head.ok()) return std::nullopt;
  std::string content(head->size, '\0');
  if (content.empty()) return content;
  objclient::GetRequest request;
  request.key = key;
  request.range = {0, head->size};
  request.into.push_back(std::as_writable_bytes(std::span(content)));
  const auto got = objclient::GetAndWait(*bucket_, std::move(request));
  if (!got.ok()) return std::nullopt;
  return content;
}

std::vector<std::string> Volume::BucketKeys() {
  std::vector<std::string> keys;
  objclient::ListRequest request;
  do {
    const auto page = bucket_->List(request);
    if (!page.ok()) return {page.error().ToString()};
    for (const auto& object : page->objects) keys.push_back(object.key);
    request.continuation = page->continuation;
  } while (!request.continuation.empty());
  return keys;
}

void Volume::PlanFaults(Plan plan) {
  base::MutexLock lock(mutex_);
  plan_ = std::move(plan);
}

std::optional<testing_support::Fault> Volume::Fault(testing_support::Verb verb,
                                                    const objclient::ObjectKey& key) {
  Plan plan;
  {
    base::MutexLock lock(mutex_);
    plan = plan_;
  }
  return plan ? plan(verb, key) : std::nullopt;
}

// --- the mount ---

base::Result<meta::Inode> Volume::Lookup(meta::InodeId parent, const std::string& name) {
  return Wait<meta::Inode>(
      [&](Done<meta::Inode> done) { filesystem_->Lookup(parent, name, std::move(done)); });
}

base::Result<Volume::Place> Volume::Find(const std::string& path) {
  Place place{meta::kRootInode, path};
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = place.name.find('/')) {
    TRY_ASSIGN(const meta::Inode inode, Lookup(place.parent, place.name.substr(0, slash)));
    place = {inode.id, place.name.substr(slash + 1)};
  }
  return place;
}

base::Result<meta::Inode> Volume::Stat(const std::string& path) {
  if (path.empty()) {
    return Wait<meta::Inode>(
        [&](Done<meta::Inode> done) { filesystem_->GetAttr(meta::kRootInode, std::move(done)); });
  }
  TRY_ASSIGN(const Place place, Find(path));
  return Lookup(place.parent, place.name);
}

base::Result<std::vector<std::string>> Volume::List(const std::string& path) {
  TRY_ASSIGN(const meta::Inode directory, Stat(path));
  TRY(Wait<void>([&](DoneStatus done) { filesystem_->OpenDir(directory.id, std::move(done)); }));
  std::vector<std::string> names;
  for (;;) {
    constexpr std::size_t kPage = 3;  // small, so that tests cross pages
    TRY_ASSIGN(const DirPage page,
               filesystem_->ReadDir(directory.id, names.empty() ? "" : names.back(), kPage));
    for (const meta::DirEntry& entry : page.entries) names.push_back(entry.name);
    if (page.entries.size() < kPage) return names;
  }
}

base::Status Volume::MakeDir(const std::string& path) {
  TRY_ASSIGN(const Place place, Find(path));
  const auto made = Wait<meta::Inode>([&](Done<meta::Inode> done) {
    filesystem_->MakeDir(Me(), place.parent, place.name, 0777, std::move(done));
  });
  return made.ok() ? base::Ok() : base::Status(made.error());
}

base::Status Volume::RemoveDir(const std::string& path) {
  TRY_ASSIGN(const Place place, Find(path));
  return Wait<void>(
      [&](DoneStatus done) { filesystem_->RemoveDir(place.parent, place.name, std::move(done)); });
}

base::Status Volume::Unlink(const std::string& path) {
  TRY_ASSIGN(const Place place, Find(path));
  return Wait<void>(
      [&](DoneStatus done) { filesystem_->Unlink(place.parent, place.name, std::move(done)); });
}

base::Status Volume::Rename(const std::string& from, const std::string& to, unsigned flags) {
  TRY_ASSIGN(const Place source, Find(from));
  TRY_ASSIGN(const Place target, Find(to));
  return Wait<void>([&](DoneStatus done) {
    filesystem_->Rename(source.parent, source.name, target.parent, target.name, flags,
                        std::move(done));
  });
}

base::Result<meta::Inode> Volume::SetAttr(const std::string& path, const meta::AttrChange& change,
                                          std::optional<std::uint64_t> size,
                                          std::optional<Handle> handle) {
  TRY_ASSIGN(const meta::Inode inode, Stat(path));
  std::optional<HandleId> id;
  if (handle) id = handle->id;
  return Wait<meta::Inode>([&](Done<meta::Inode> done) {
    filesystem_->SetAttr(inode.id, change, size, id, std::move(done));
  });
}

base::Result<Volume::Handle> Volume::Open(const std::string& path, int flags) {
  TRY_ASSIGN(const Place place, Find(path));
  const auto existing = Lookup(place.parent, place.name);
  if (existing.ok()) {
    TRY_ASSIGN(const Opened opened, Wait<Opened>([&](Done<Opened> done) {
                 filesystem_->Open(existing->id, flags, std::move(done));
               }));
    return Handle{existing->id, opened.handle};
  }
  if ((flags & O_CREAT) == 0) return existing.error();
  using Created = std::pair<meta::Inode, Opened>;
  TRY_ASSIGN(const Created created, Wait<Created>([&](Done<Created> done) {
               filesystem_->Create(Me(), place.parent, place.name, 0666, flags, std::move(done));
             }));
  return Handle{created.first.id, created.second.handle};
}

base::Status Volume::Write(const Handle& handle, std::uint64_t offset, const std::string& bytes) {
  return filesystem_->Write(handle.inode, handle.id, offset, BytesOf(bytes));
}

base::Result<std::string> Volume::Read(const Handle& handle, std::uint64_t offset,
                                       std::uint64_t length) {
  const auto bytes = Wait<cache::PinnedBytes>([&](const cache::ReadDone& done) {
    auto hit = filesystem_->Read(handle.inode, handle.id, {offset, length}, done);
    if (hit) done(std::move(*hit));
  });
  if (!bytes.ok()) return bytes.error();
  return TextOf(*bytes);
}

base::Status Volume::Flush(const Handle& handle) {
  return Wait<void>(
      [&](DoneStatus done) { filesystem_->Flush(handle.inode, handle.id, std::move(done)); });
}

base::Status Volume::Fsync(const Handle& handle) {
  return Wait<void>(
      [&](DoneStatus done) { filesystem_->Fsync(handle.inode, handle.id, std::move(done)); });
}

void Volume::Release(const Handle& handle) { filesystem_->Release(handle.inode, handle.id); }

base::Status Volume::Close(const Handle& handle) {
  const base::Status status = Flush(handle);
  Release(handle);
  return status;
}

base::Status Volume::Save(const std::string& path, const std::string& content) {
  TRY_ASSIGN(const Handle handle, Open(path, O_WRONLY | O_CREAT | O_TRUNC));
  const base::Status written = Write(handle, 0, content);
  const base::Status closed = Close(handle);
  TRY(written);
  return closed;
}

base::Result<std::string> Volume::Load(const std::string& path) {
  TRY_ASSIGN(const Handle handle, Open(path, O_RDONLY));
  TRY_ASSIGN(const meta::Inode inode, Stat(path));
  auto content = Read(handle, 0, inode.size + 1);
  Release(handle);
  return content;
}

bool Volume::Await(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace fs
