// Reading and writing open files.
#include <linux/falloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "fs/ops/mounted_filesystem.h"
#include "fs/ops/upload_target.h"

namespace fs {
namespace {

constexpr std::size_t kZeroChunk = 64u << 10;  // bytes written at a time for a hole

base::Error Stale() {
  return base::Error::FromErrno(ESTALE, "the object was replaced in the bucket: open it again");
}

// Who opened a version that others have replaced or removed since must not write over theirs.
base::Status CheckCurrent(const OpenFile& open) {
  if (open.file->view().epoch != open.epoch || open.file->vanished()) return Stale();
  return base::Ok();
}

bool IsGone(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kConflict ||
         error.error_class() == base::ErrorClass::kNotFound;
}

bool SameObjects(const Content& one, const Content& other) {
  return std::equal(one.objects.begin(), one.objects.end(), other.objects.begin(),
                    other.objects.end(), [](const auto& a, const auto& b) { return a.id == b.id; });
}

base::ByteRange Clip(base::ByteRange range, std::uint64_t size) {
  return base::Intersect(range, {0, size});
}

std::vector<base::ByteRange> DataRangesOf(const FileInode::View& view) {
  if (view.stage != nullptr) return view.stage->DataRanges();
  std::vector<base::ByteRange> ranges;
  for (const cache::FileExtent& extent : view.content->extents) {
    ranges.push_back({extent.offset, extent.length});
  }
  return ranges;
}

}  // namespace

std::optional<base::Result<cache::PinnedBytes>> MountedFilesystem::Read(meta::InodeId /*inode*/,
                                                                        HandleId handle,
                                                                        base::ByteRange range,
                                                                        cache::ReadDone done) {
  const auto open = handles_.Find(handle);
  if (open == nullptr || !open->readable) return base::Error::FromErrno(EBADF, "read");
  FileInode::View view = open->file->view();
  if (view.epoch != open->epoch) return Stale();
  if (view.stage == nullptr && view.content == nullptr) {
    TRY_ASSIGN(view.content, LoadContent(context_, *open->file));
  }
  return ReadView(view, range,
                  [this, open, used = view, range,
                   done = std::move(done)](base::Result<cache::PinnedBytes> bytes) {
                    if (bytes.ok() || !IsGone(bytes.error())) return done(std::move(bytes));
                    refresher_.Run([this, open, used, range, error = bytes.error(), done] {
                      RetryRead(open, used, range, error, done);
                    });
                  });
}

std::optional<base::Result<cache::PinnedBytes>> MountedFilesystem::ReadView(
    const FileInode::View& view, base::ByteRange range, cache::ReadDone done) {
  const std::uint64_t size = view.stage != nullptr ? view.stage->size() : view.content->size;
  const base::ByteRange clipped = Clip(range, size);
  if (clipped.empty()) return cache::PinnedBytes{};
  auto hit = view.stage != nullptr ? view.stage->Read(clipped, std::move(done))
                                   : cache::ReadExtents(context_.cache, view.content->extents,
                                                        clipped, std::move(done));
  if (!hit) return std::nullopt;
  return base::Result<cache::PinnedBytes>(std::move(*hit));
}

void MountedFilesystem::RetryRead(const std::shared_ptr<const OpenFile>& open,
                                  const FileInode::View& used, base::ByteRange range,
                                  const base::Error& error, const cache::ReadDone& done) {
  FileInode& file = *open->file;
  // A commit replaces the object in the bucket a while before the view shows the new one.
  (void)file.Share();
  const FileInode::View view = file.view();
  // Our own commits and moves show in the view before the object they replace goes. The catalog
  // says less: a listing changes it before it moves the epoch on.
  const bool moved = view.stage != used.stage ||
                     (view.stage == nullptr && !SameObjects(*view.content, *used.content));
  if (view.epoch != open->epoch || !moved) {
    RefreshParents(file.id());
    return done(Stale().Annotate(error.message()));
  }
  if (auto hit = ReadView(view, range, done)) done(std::move(*hit));
}

void MountedFilesystem::RefreshParents(meta::InodeId inode) {
  const auto paths = context_.catalog.Paths(inode);
  if (!paths.ok()) return;
  for (const meta::NamedKey& name : *paths) {
    meta::InodeId directory = meta::kRootInode;
    std::size_t begin = 0;
    for (std::size_t slash = name.path.find('/'); slash != std::string::npos;
         begin = slash + 1, slash = name.path.find('/', begin)) {
      const auto entry = context_.catalog.Lookup(directory, name.path.substr(begin, slash - begin));
      if (!entry.ok()) return;
      directory = entry->id;
    }
    refresher_.ListAfresh(directory);
  }
}

base::Status MountedFilesystem::Write(meta::InodeId /*inode*/, HandleId handle,
                                      std::uint64_t offset, std::span<const std::byte> data) {
  TRY_ASSIGN(const auto open, FindWriter(handle));
  if (data.empty()) return base::Ok();
  const InodeRef& file = open->file;
  if (!open->append) {
    const FileInode::Turn turn = file->Share();
    if (const auto stage = file->stage()) {
      TRY(CheckCurrent(*open));
      file->Touch(context_.Now());  // first: a write that fails half-way has changed something too
      return stage->Write(offset, data);
    }
  }
  // Alone: nobody else may make the stage, or move the end that an append goes to.
  const FileInode::Turn turn = file->TakeAll();
  TRY(CheckCurrent(*open));
  if (file->stage() == nullptr) TRY(DropSetId(context_, file->id()));
  TRY_ASSIGN(const auto stage, EnsureStage(context_, file));
  file->Touch(context_.Now());
  return stage->Write(open->append ? stage->size() : offset, data);
}

base::Status MountedFilesystem::Fallocate(meta::InodeId /*inode*/, HandleId handle, int mode,
                                          base::ByteRange range) {
  TRY_ASSIGN(const auto open, FindWriter(handle));
  const InodeRef& file = open->file;
  if (range.empty()) return base::Error::FromErrno(EINVAL, "fallocate");
  if (mode == FALLOC_FL_KEEP_SIZE) return base::Ok();  // a bucket has nothing to reserve
  if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) return ZeroRange(*open, range);
  if (mode != 0) return base::Error::FromErrno(EOPNOTSUPP, "fallocate mode");
  const FileInode::Turn turn = file->TakeAll();
  TRY(CheckCurrent(*open));
  TRY_ASSIGN(const ContentPtr content, LoadContent(context_, *file));
  const auto staged = file->stage();
  if ((staged != nullptr ? staged->size() : content->size) >= range.end()) return base::Ok();
  TRY_ASSIGN(const auto stage, EnsureStage(context_, file));
  TRY(stage->Truncate(range.end()));
  file->Touch(context_.Now());
  return base::Ok();
}

base::Status MountedFilesystem::ZeroRange(const OpenFile& open, base::ByteRange range) {
  static constexpr std::array<std::byte, kZeroChunk> kZeros{};
  const InodeRef& file = open.file;
  const FileInode::Turn turn = file->TakeAll();
  TRY(CheckCurrent(open));
  TRY_ASSIGN(const auto stage, EnsureStage(context_, file));
  base::ByteRange left = Clip(range, stage->size());
  while (!left.empty()) {
    const std::uint64_t length = std::min<std::uint64_t>(left.length, kZeros.size());
    TRY(stage->Write(left.offset, std::span(kZeros).first(length)));
    left = {left.offset + length, left.length - length};
  }
  file->Touch(context_.Now());
  return base::Ok();
}

base::Result<std::uint64_t> MountedFilesystem::Seek(meta::InodeId /*inode*/, HandleId handle,
                                                    std::uint64_t offset, int whence) {
  const auto open = handles_.Find(handle);
  if (open == nullptr) return base::Error::FromErrno(EBADF, "seek");
  if (whence != SEEK_DATA && whence != SEEK_HOLE) return base::Error::FromErrno(EINVAL, "seek");
  FileInode::View view = open->file->view();
  if (view.stage == nullptr) {
    TRY_ASSIGN(view.content, LoadContent(context_, *open->file));
  }
  const std::uint64_t size = view.stage != nullptr ? view.stage->size() : view.content->size;
  if (offset >= size) return base::Error::FromErrno(ENXIO, "seek beyond the end");
  // `at` is in a hole, or moves to the end of the data that it is in.
  std::uint64_t at = offset;
  for (const base::ByteRange& data : DataRangesOf(view)) {
    if (data.end() <= at) continue;
    if (whence == SEEK_DATA) return std::max(at, data.offset);
    if (data.offset > at) break;
    at = data.end();
  }
  if (whence == SEEK_DATA) return base::Error::FromErrno(ENXIO, "no data behind the offset");
  return std::min(at, size);
}

}  // namespace fs
