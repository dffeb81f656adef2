#include "cache/disk_tier.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "base/log.h"
#include "cache/block_cache.h"

namespace cache {
namespace {

namespace fs = std::filesystem;

// The object id in "<id><suffix>".
std::optional<std::int64_t> IdOf(const std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  const std::size_t length = name.size() - suffix.size();
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + length, id);
  if (error != std::errc() || end != name.data() + length) return std::nullopt;
  return id;
}

void Remove(const fs::path& path) {
  std::error_code ignored;  // gone already, or the next scan removes it
  fs::remove(path, ignored);
}

}  // namespace

base::Result<std::unique_ptr<DiskTier>> DiskTier::Open(Options options) {
  TRY(base::MakeDirectories(options.directory));
  std::unique_ptr<DiskTier> tier(new DiskTier(std::move(options)));
  TRY(tier->Scan());
  return tier;
}

base::Status DiskTier::Scan() {
  std::vector<std::pair<fs::file_time_type, std::int64_t>> found;
  std::vector<fs::path> data, leftovers;
  std::error_code error;
  for (fs::directory_iterator it(options_.directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (const auto id = IdOf(name, ".sum")) {
      found.emplace_back(it->last_write_time(ignored), *id);
    } else if (IdOf(name, ".data")) {
      data.push_back(it->path());
    } else if (IdOf(name, ".sum.tmp")) {
      leftovers.push_back(it->path());
    }
  }
  if (error) return base::Error::FromErrno(error.value(), options_.directory.string());
  std::sort(found.begin(), found.end());
  std::vector<FilePtr> whole, doomed;
  for (const auto& [time, id] : found) {
    auto sidecar = ReadSidecar(SumPath(id));
    if (sidecar.ok() && sidecar.value().object_id == id && fs::exists(DataPath(id), error)) {
      whole.push_back(std::make_shared<DiskFile>(sidecar.value()));
    } else {
      LOG_WARN("cache file dropped id={} reason={}", id,
               sidecar.ok() ? "no data" : sidecar.error().message());
      leftovers.push_back(SumPath(id));
    }
  }
  {
    const base::MutexLock lock(mutex_);
    for (const FilePtr& file : whole) Insert(file);
    for (const fs::path& path : data) {
      if (!files_.contains(*IdOf(path.filename().string(), ".data"))) leftovers.push_back(path);
    }
    MakeRoom(0, 0, doomed);
  }
  for (const fs::path& path : leftovers) Remove(path);
  Unlink(doomed);
  return base::Ok();
}

fs::path DiskTier::DataPath(std::int64_t id) const {
  return options_.directory / (std::to_string(id) + ".data");
}

fs::path DiskTier::SumPath(std::int64_t id) const {
  return options_.directory / (std::to_string(id) + ".sum");
}

void DiskTier::Insert(const FilePtr& file) {
  const std::int64_t id = file->sidecar_.object_id;
  // Made by an admission while this one was on its way.
  if (const auto other = files_.find(id); other != files_.end()) Doom(other->second);
  files_[id] = file;
  file->use_ = uses_.insert(uses_.end(), id);
  bytes_ += file->sidecar_.granules.bytes();
}

void DiskTier::Doom(const FilePtr& file) {
  if (file->doomed_) return;
  file->doomed_ = true;
  bytes_ -= file->sidecar_.granules.bytes();
  file->sidecar_.granules.Clear();
  uses_.erase(file->use_);
  open_.remove(file);
  file->fd_.reset();
}

void DiskTier::Unlink(const std::vector<FilePtr>& files) {
  for (const FilePtr& file : files) {
    const std::int64_t id = file->sidecar_.object_id;
    Remove(SumPath(id));  // first: data without a sidecar is removed by the next scan
    Remove(DataPath(id));
    const base::MutexLock lock(mutex_);
    const auto found = files_.find(id);
    if (found != files_.end() && found->second == file) files_.erase(found);
  }
}

bool DiskTier::MakeRoom(std::uint64_t bytes, std::int64_t keep, std::vector<FilePtr>& doomed) {
  for (auto it = uses_.begin(); bytes_ + bytes > options_.limit_bytes && it != uses_.end();) {
    const FilePtr file = files_.at(*it++);
    if (file->sidecar_.object_id == keep) continue;
    Doom(file);
    doomed.push_back(file);
  }
  return bytes_ + bytes <= options_.limit_bytes;
}

DiskTier::FilePtr DiskTier::Find(const ObjectRef& object) {
  FilePtr stale;
  {
    const base::MutexLock lock(mutex_);
    const auto found = files_.find(object.id);
    if (found == files_.end() || found->second->doomed_) return {};
    const FilePtr file = found->second;
    uses_.splice(uses_.end(), uses_, file->use_);
    if (file->sidecar_.etag_hash == HashEtag(object.etag) &&
        file->sidecar_.object_size == object.size) {
      return file;
    }
    Doom(file);
    stale = file;
  }
  Unlink({stale});
  return {};
}

std::vector<std::pair<base::ByteRange, bool>> DiskTier::Split(const DiskFile& file,
                                                              const base::ByteRange& range) const {
  std::vector<std::pair<base::ByteRange, bool>> runs;
  const base::MutexLock lock(mutex_);
  for (std::uint64_t at = range.offset; at < range.end();) {
    const std::uint64_t granule = at / kGranuleSize;
    const std::uint64_t stop = std::min(range.end(), (granule + 1) * kGranuleSize);
    const bool here = file.sidecar_.granules.Has(granule);
    if (runs.empty() || runs.back().second != here) runs.push_back({{at, 0}, here});
    runs.back().first.length += stop - at;
    at = stop;
  }
  return runs;
}

base::Result<DiskTier::FilePtr> DiskTier::FindOrMake(const ObjectRef& object) {
  if (FilePtr file = Find(object)) return file;
  const base::MutexLock lock(mutex_);
  const auto found = files_.find(object.id);
  if (found != files_.end()) {
    if (!found->second->doomed_) return found->second;
    return base::Error(base::ErrorClass::kNoSpace, "cache file is being removed");
  }
  auto file = std::make_shared<DiskFile>(Sidecar{.object_id = object.id,
                                                 .etag_hash = HashEtag(object.etag),
                                                 .object_size = object.size,
                                                 .granules = GranuleTable(object.size)});
  Insert(file);
  return file;
}

base::Result<DiskTier::FilePtr> DiskTier::Adopt(
    const ObjectRef& object, const fs::path& path,
    const std::vector<std::optional<std::uint32_t>>& crcs) {
  Sidecar sidecar{.object_id = object.id,
                  .etag_hash = HashEtag(object.etag),
                  .object_size = object.size,
                  .granules = GranuleTable(object.size)};
  for (std::size_t i = 0; i < std::min<std::size_t>(crcs.size(), sidecar.granules.count()); ++i) {
    if (crcs[i]) sidecar.granules.Add(i, *crcs[i]);
  }
  Drop(object.id);
  std::vector<FilePtr> doomed;
  bool room = false;
  {
    const base::MutexLock lock(mutex_);
    room = MakeRoom(sidecar.granules.bytes(), object.id, doomed);
  }
  Unlink(doomed);
  if (!room) return base::Error(base::ErrorClass::kNoSpace, "cache limit reached");
  if (::truncate(path.c_str(), static_cast<off_t>(object.size)) != 0) {
    return base::Error::FromErrno(errno, "cache file: truncate " + path.string());
  }
  if (::rename(path.c_str(), DataPath(object.id).c_str()) != 0) {
    return base::Error::FromErrno(errno, "cache file: rename " + path.string());
  }
  auto file = std::make_shared<DiskFile>(sidecar);
  const base::MutexLock lock(mutex_);
  Insert(file);
  file->unsaved_ = true;
  return file;
}

std::shared_ptr<DiskFile> DiskTier::Rename(std::int64_t old_id, const ObjectRef& object) {
  FilePtr old, file;
  {
    const base::MutexLock lock(mutex_);
    const auto found = files_.find(old_id);
    if (found == files_.end() || found->second->doomed_ || files_.contains(object.id)) return {};
    old = found->second;
    if (old->sidecar_.object_size == object.size) {
      file = std::make_shared<DiskFile>(old->sidecar_);
      file->sidecar_.object_id = object.id;
      file->sidecar_.etag_hash = HashEtag(object.etag);
      file->unsaved_ = true;
    }
    Doom(old);
  }
  Remove(SumPath(old_id));
  if (file != nullptr && ::rename(DataPath(old_id).c_str(), DataPath(object.id).c_str()) != 0) {
    file = nullptr;
  }
  Unlink({old});
  if (file == nullptr) return {};
  const base::MutexLock lock(mutex_);
  Insert(file);
  return file;
}

void DiskTier::Drop(std::int64_t object_id) {
  FilePtr file;
  {
    const base::MutexLock lock(mutex_);
    const auto found = files_.find(object_id);
    if (found == files_.end() || found->second->doomed_) return;
    file = found->second;
    Doom(file);
  }
  Unlink({file});
}

void DiskTier::Save() {
  std::vector<FilePtr> files;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [id, file] : files_) {
      if (file->unsaved_ && !file->doomed_) files.push_back(file);
    }
  }
  for (const FilePtr& file : files) {
    std::optional<Sidecar> sidecar;
    {
      const base::MutexLock lock(mutex_);
      if (file->doomed_) continue;
      sidecar = file->sidecar_;
      file->unsaved_ = false;
    }
    const fs::path path = SumPath(sidecar->object_id);
    const base::Status written = WriteSidecar(path, *sidecar);
    if (!written.ok()) LOG_WARN("cache index not saved: {}", written.error().ToString());
    const base::MutexLock lock(mutex_);
    if (!written.ok()) file->unsaved_ = true;
  }
}

std::uint64_t DiskTier::bytes() const {
  const base::MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace cache
