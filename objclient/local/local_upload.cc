#include "objclient/local/local_upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "base/digest/digest.h"
#include "objclient/local/copy_range.h"
#include "objclient/local/object_attrs.h"
#include "objclient/local/upload_record.h"

namespace objclient {
namespace {

constexpr mode_t kFileMode = 0644;

base::Result<base::UniqueFd> OpenAt(int directory, const std::string& name, int flags) {
  base::UniqueFd fd(::openat(directory, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return base::Error::FromErrno(errno, fmt::format("open upload file {}", name));
  return fd;
}

base::Error NoSuchPart(std::uint32_t number) {
  return base::Error(
      base::ErrorClass::kInvalid,
      fmt::format("part {} is not the one that was uploaded, or out of order", number));
}

}  // namespace

std::string LocalUpload::Directory() const {
  return fmt::format("{}/{}", LocalTree::kUploadDirectory, about_.upload_id);
}

base::Status LocalUpload::OpenFiles(const LocalTree& tree, int extra_flags) {
  TRY_ASSIGN(directory_, tree.OpenBeneath(Directory(), O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(data_, OpenAt(directory_.get(), "data", O_RDWR | extra_flags));
  TRY_ASSIGN(log_, OpenAt(directory_.get(), "parts", O_RDWR | O_APPEND | extra_flags));
  return base::Ok();
}

base::Result<std::shared_ptr<LocalUpload>> LocalUpload::Create(const LocalTree& tree,
                                                               const UploadInfo& about,
                                                               const Metadata& metadata) {
  std::shared_ptr<LocalUpload> upload(new LocalUpload(about));
  upload->metadata_ = metadata;
  TRY_ASSIGN(const std::string record, EncodeUpload(about, metadata, BootId()));
  TRY_ASSIGN(const base::UniqueFd made, tree.EnsureDirectory(upload->Directory()));
  TRY(upload->OpenFiles(tree, O_CREAT | O_EXCL));
  // Last and by rename: a directory without a whole record is no upload.
  TRY_ASSIGN(const base::UniqueFd file,
             OpenAt(made.get(), "upload.new", O_WRONLY | O_CREAT | O_EXCL));
  TRY(base::WriteFull(file.get(), 0, std::as_bytes(std::span(record))));
  if (::fsync(file.get()) != 0 || ::renameat(made.get(), "upload.new", made.get(), "upload") != 0 ||
      ::fsync(made.get()) != 0) {
    return base::Error::FromErrno(errno, "record the upload");
  }
  return upload;
}

base::Result<std::shared_ptr<LocalUpload>> LocalUpload::Load(const LocalTree& tree,
                                                             const std::string& upload_id) {
  std::shared_ptr<LocalUpload> upload(new LocalUpload({"", upload_id, 0}));
  TRY_ASSIGN(const base::UniqueFd file,
             tree.OpenBeneath(upload->Directory() + "/upload", O_RDONLY));
  TRY_ASSIGN(const std::string text, ReadRecord(file.get()));
  TRY_ASSIGN(UploadRecord record, DecodeUpload(text));
  record.about.upload_id = upload_id;
  upload->about_ = std::move(record.about);
  upload->metadata_ = std::move(record.metadata);
  TRY(upload->OpenFiles(tree, 0));
  if (record.boot_id == BootId()) TRY(upload->LoadParts());
  return upload;
}

base::Status LocalUpload::LoadParts() {
  TRY_ASSIGN(const std::string text, ReadRecord(log_.get()));
  // A line torn by a kill must not take the next one with it.
  if (!text.empty() && text.back() != '\n' && ::write(log_.get(), "\n", 1) != 1) {
    return base::Error::FromErrno(errno, "repair the upload's record");
  }
  base::MutexLock lock(mutex_);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto record = DecodePart(line);
    if (!record) continue;
    parts_[record->info.number] = Part{record->info, record->offset, record->file};
  }
  for (const auto& [number, part] : parts_) {
    if (part.file.empty()) placement_.Restore(number, {part.offset, part.info.size});
  }
  return base::Ok();
}

base::Result<PartInfo> LocalUpload::WritePart(const PartInfo& part, const PartWriter& write) {
  {
    base::MutexLock lock(mutex_);
    if (completing_) {
      return base::Error(base::ErrorClass::kConflict, "the upload is being completed");
    }
    ++writing_;
  }
  auto written = WriteBytes(part, write);
  const base::Status recorded = written.ok() ? Record(*written) : base::Ok();
  base::MutexLock lock(mutex_);
  if (--writing_ == 0) idle_.NotifyAll();
  if (!written.ok()) return written.error();
  if (!recorded.ok()) return recorded.error();
  return written->info;
}

base::Result<LocalUpload::Part> LocalUpload::WriteBytes(const PartInfo& info,
                                                        const PartWriter& write) {
  Part part{info, 0, ""};
  part.info.etag = base::RandomHex(8);
  std::optional<std::uint64_t> place;
  {
    base::MutexLock lock(mutex_);
    place = placement_.Claim(info.number, info.size);
  }
  if (!place) {
    TRY_ASSIGN(const base::UniqueFd file, NewPartFile(part.file));
    base::Status written = write(file.get(), 0);
    if (written.ok()) return part;
    ::unlinkat(directory_.get(), part.file.c_str(), 0);
    return written.error();
  }
  part.offset = *place;
  const base::Status written = write(data_.get(), *place);
  if (!written.ok()) {
    base::MutexLock lock(mutex_);
    placement_.Release(info.number);
    return written.error();
  }
  // Starts the disk on it now, so that the sync of Complete finds little to do.
  ::sync_file_range(data_.get(), static_cast<off64_t>(*place), static_cast<off64_t>(info.size),
                    SYNC_FILE_RANGE_WRITE);
  return part;
}

base::Result<base::UniqueFd> LocalUpload::NewPartFile(std::string& name) const {
  name = "part-" + base::RandomHex(8);
  return OpenAt(directory_.get(), name, O_RDWR | O_CREAT | O_EXCL);
}

base::Status LocalUpload::Record(const Part& part) {
  const std::string line = EncodePart({part.info, part.offset, part.file});
  // One write in append mode: lines of concurrent parts do not mix.
  const ssize_t n = ::write(log_.get(), line.data(), line.size());
  if (n != static_cast<ssize_t>(line.size())) {
    return base::Error::FromErrno(n < 0 ? errno : ENOSPC, "record the part");
  }
  base::MutexLock lock(mutex_);
  parts_[part.info.number] = part;
  return base::Ok();
}

bool LocalUpload::lost() {
  base::MutexLock lock(mutex_);
  return lost_;
}

std::vector<PartInfo> LocalUpload::Parts() {
  base::MutexLock lock(mutex_);
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : parts_) parts.push_back(part.info);
  return parts;
}

base::Result<ObjectHead> LocalUpload::Complete(LocalTree& tree, const std::vector<PartInfo>& parts,
                                               const Precondition& precondition) {
  {
    base::MutexLock lock(mutex_);
    if (completing_) {
      return base::Error(base::ErrorClass::kConflict, "the upload is being completed");
    }
    completing_ = true;
    // `data` becomes the object: no writer may be left on it. Local writes are bounded.
    while (writing_ > 0) idle_.Wait(mutex_);
  }
  auto head = AssembleAndPublish(tree, parts, precondition);
  if (!head.ok()) {
    base::MutexLock lock(mutex_);
    completing_ = false;
  }
  return head;
}

base::Result<ObjectHead> LocalUpload::AssembleAndPublish(LocalTree& tree,
                                                         const std::vector<PartInfo>& parts,
                                                         const Precondition& precondition) {
  TRY_ASSIGN(const std::uint64_t size, Assemble(parts));
  if (::ftruncate(data_.get(), static_cast<off_t>(size)) != 0) {
    return base::Error::FromErrno(errno, "ftruncate");
  }
  TRY_ASSIGN(const std::string etag, SetObjectAttrs(data_.get(), metadata_));
  if (::fsync(data_.get()) != 0) {
    const int errno_value = errno;
    base::MutexLock lock(mutex_);
    lost_ = true;
    return base::Error::FromErrno(errno_value, "fsync");
  }
  struct stat status;
  if (::fstat(data_.get(), &status) != 0) return base::Error::FromErrno(errno, "fstat");
  TRY(tree.Publish(directory_.get(), "data", about_.key, precondition));
  ObjectHead head = ReadHead(data_.get(), status, true);
  head.key = about_.key;
  return head;
}

base::Result<std::uint64_t> LocalUpload::Assemble(const std::vector<PartInfo>& parts) {
  PartMap known;
  {
    base::MutexLock lock(mutex_);
    known = parts_;
  }
  if (parts.empty()) return base::Error(base::ErrorClass::kInvalid, "an upload needs a part");
  std::map<std::uint32_t, std::uint64_t> offsets;
  std::uint64_t size = 0;
  for (const PartInfo& part : parts) {
    const auto found = known.find(part.number);
    const bool ascending = offsets.empty() || part.number > offsets.rbegin()->first;
    if (!ascending || found == known.end() || found->second.info.etag != part.etag) {
      return NoSuchPart(part.number);
    }
    offsets[part.number] = size;
    size += found->second.info.size;
  }
  // What lies wrong in `data` leaves it before anything is copied in over it.
  for (auto& [number, part] : known) {
    const auto wanted = offsets.find(number);
    const bool stays = wanted != offsets.end() && wanted->second == part.offset;
    if (!part.file.empty() || stays) continue;
    TRY(MoveAside(part));
  }
  {
    base::MutexLock lock(mutex_);
    known = parts_;
  }
  for (const auto& [number, offset] : offsets) {
    const Part& part = known[number];
    if (!part.file.empty()) TRY(CopyIn(part, offset));
  }
  return size;
}

base::Status LocalUpload::MoveAside(Part part) {
  TRY_ASSIGN(const base::UniqueFd file, NewPartFile(part.file));
  TRY(CopyRange(data_.get(), {part.offset, part.info.size}, file.get(), 0));
  part.offset = 0;
  TRY(Record(part));
  base::MutexLock lock(mutex_);
  placement_.Release(part.info.number);
  return base::Ok();
}

base::Status LocalUpload::CopyIn(const Part& part, std::uint64_t offset) const {
  TRY_ASSIGN(const base::UniqueFd file, OpenAt(directory_.get(), part.file, O_RDONLY));
  return CopyRange(file.get(), {0, part.info.size}, data_.get(), offset);
}

base::Status LocalUpload::Remove(const LocalTree& tree) const {
  // The record goes first: what is left after a crash is no upload, only files to sweep.
  ::unlinkat(directory_.get(), "upload", 0);
  TRY_ASSIGN(const auto entries, LocalTree::ReadDirectory(directory_.get(), "upload/"));
  for (const TreeEntry& entry : entries) ::unlinkat(directory_.get(), entry.name.c_str(), 0);
  TRY_ASSIGN(const base::UniqueFd parent,
             tree.OpenBeneath(LocalTree::kUploadDirectory, O_RDONLY | O_DIRECTORY));
  if (::unlinkat(parent.get(), about_.upload_id.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return base::Error::FromErrno(errno, fmt::format("remove upload {}", about_.upload_id));
  }
  return base::Ok();
}

}  // namespace objclient
