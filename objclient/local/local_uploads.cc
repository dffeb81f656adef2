#include "objclient/local/local_uploads.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/digest/digest.h"
#include "objclient/local/object_attrs.h"

namespace objclient {
namespace {

// An upload is a directory with its record and its data; for this long after its making neither
// need be there.
constexpr std::int64_t kStartingNs = 60ll * 1'000'000'000;

base::Error NoSuchUpload(const std::string& upload_id) {
  return base::Error(base::ErrorClass::kNotFound,
                     fmt::format("there is no upload '{}'", upload_id));
}

}  // namespace

base::Result<std::string> LocalUploads::Create(const ObjectKey& key, const Metadata& metadata,
                                               std::int64_t now_ns) {
  TRY(LocalTree::CheckKey(key));
  if (key.ends_with('/')) {
    return base::Error(base::ErrorClass::kInvalid, "a key that ends in '/' cannot hold bytes");
  }
  std::string id = base::RandomHex(16);
  TRY_ASSIGN(auto upload, LocalUpload::Create(tree_, {key, id, now_ns}, metadata));
  base::MutexLock lock(mutex_);
  uploads_[id] = std::move(upload);
  return id;
}

base::Result<std::shared_ptr<LocalUpload>> LocalUploads::FindId(const std::string& upload_id) {
  {
    base::MutexLock lock(mutex_);
    const auto found = uploads_.find(upload_id);
    if (found != uploads_.end()) return found->second;
  }
  const bool well_formed =
      !upload_id.empty() &&
      std::ranges::all_of(upload_id, [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!well_formed) return NoSuchUpload(upload_id);
  auto loaded = LocalUpload::Load(tree_, upload_id);
  if (!loaded.ok()) {
    if (loaded.error().error_class() == base::ErrorClass::kNotFound) return NoSuchUpload(upload_id);
    return loaded;
  }
  base::MutexLock lock(mutex_);
  // Whoever came first counts: both share one state from here on.
  return uploads_.emplace(upload_id, std::move(loaded).value()).first->second;
}

base::Result<std::shared_ptr<LocalUpload>> LocalUploads::Find(const ObjectKey& key,
                                                              const std::string& upload_id) {
  TRY_ASSIGN(auto upload, FindId(upload_id));
  if (upload->about().key != key) return NoSuchUpload(upload_id);
  return upload;
}

base::Result<ObjectHead> LocalUploads::Complete(const ObjectKey& key, const std::string& upload_id,
                                                const std::vector<PartInfo>& parts,
                                                const Precondition& precondition) {
  TRY_ASSIGN(const auto upload, Find(key, upload_id));
  auto head = upload->Complete(tree_, parts, precondition);
  if (!head.ok() && !upload->lost()) return head;
  {
    base::MutexLock lock(mutex_);
    uploads_.erase(upload_id);
  }
  // The outcome stands; what cannot be cleared away now is swept at the next start.
  static_cast<void>(upload->Remove(tree_));
  return head;
}

base::Status LocalUploads::Abort(const ObjectKey& key, const std::string& upload_id) {
  const auto upload = Find(key, upload_id);
  if (!upload.ok()) {
    if (upload.error().error_class() == base::ErrorClass::kNotFound) return base::Ok();
    return upload.error();
  }
  {
    base::MutexLock lock(mutex_);
    uploads_.erase(upload_id);
  }
  return (*upload)->Remove(tree_);
}

base::Result<std::vector<std::string>> LocalUploads::ListIds() const {
  std::vector<std::string> ids;
  const auto directory = tree_.OpenBeneath(LocalTree::kUploadDirectory, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) {
    if (directory.error().error_class() == base::ErrorClass::kNotFound) return ids;
    return directory.error();
  }
  TRY_ASSIGN(const auto entries, LocalTree::ReadDirectory(directory->get(), "uploads/"));
  for (const TreeEntry& entry : entries) {
    if (entry.directory()) ids.push_back(entry.name.substr(0, entry.name.size() - 1));
  }
  return ids;
}

base::Result<std::vector<UploadInfo>> LocalUploads::List(const ObjectKey& prefix) {
  TRY_ASSIGN(const auto ids, ListIds());
  std::vector<UploadInfo> uploads;
  for (const std::string& id : ids) {
    const auto upload = FindId(id);
    if (!upload.ok()) continue;  // being made or removed
    if ((*upload)->about().key.starts_with(prefix)) uploads.push_back((*upload)->about());
  }
  std::ranges::sort(uploads, {}, &UploadInfo::key);
  return uploads;
}

void LocalUploads::Sweep(std::int64_t now_ns) const {
  const auto ids = ListIds();
  const auto parent = tree_.OpenBeneath(LocalTree::kUploadDirectory, O_RDONLY | O_DIRECTORY);
  if (!ids.ok() || !parent.ok()) return;
  for (const std::string& id : *ids) {
    const base::UniqueFd directory(
        ::openat(parent->get(), id.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status;
    if (!directory || ::fstat(directory.get(), &status) != 0 ||
        now_ns - MtimeNs(status) < kStartingNs) {
      continue;
    }
    if (::faccessat(directory.get(), "upload", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
        ::faccessat(directory.get(), "data", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      continue;
    }
    const auto entries = LocalTree::ReadDirectory(directory.get(), "upload/");
    if (!entries.ok()) continue;
    for (const TreeEntry& entry : *entries) {
      ::unlinkat(directory.get(), entry.name.c_str(), 0);
    }
    ::unlinkat(parent->get(), id.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace objclient
