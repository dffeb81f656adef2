#include "objclient/azure/azure_uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/digest/digest.h"

namespace objclient {

std::string AzureUploads::Create(const ObjectKey& key, const Metadata& metadata) {
  std::string id = base::RandomHex(8);
  const std::int64_t now_ns = clock_.WallNs();
  base::MutexLock lock(mutex_);
  uploads_[id] = {key, metadata, now_ns, {}};
  return id;
}

base::Result<const AzureUploads::Upload*> AzureUploads::Find(const ObjectKey& key,
                                                             const std::string& id) const {
  const auto found = uploads_.find(id);
  if (found != uploads_.end() && found->second.key == key) return &found->second;
  return base::Error(base::ErrorClass::kNotFound, fmt::format("{}: no upload '{}'", key, id));
}

base::Status AzureUploads::Check(const ObjectKey& key, const std::string& id) const {
  base::MutexLock lock(mutex_);
  const auto found = Find(key, id);
  return found.ok() ? base::Ok() : base::Status(found.error());
}

base::Status AzureUploads::Add(const ObjectKey& key, const std::string& id, PartInfo part) {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN([[maybe_unused]] const Upload* const known, Find(key, id));
  const std::uint32_t number = part.number;
  uploads_[id].parts.insert_or_assign(number, std::move(part));
  return base::Ok();
}

base::Result<Metadata> AzureUploads::Match(const ObjectKey& key, const std::string& id,
                                           const std::vector<PartInfo>& parts) const {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(const Upload* const upload, Find(key, id));
  for (const PartInfo& part : parts) {
    const auto known = upload->parts.find(part.number);
    if (known == upload->parts.end() || known->second.etag != part.etag) {
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("{}: part {} of the upload is another one", key, part.number));
    }
  }
  return upload->metadata;
}

base::Result<std::vector<PartInfo>> AzureUploads::Parts(const ObjectKey& key,
                                                        const std::string& id) const {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(const Upload* const upload, Find(key, id));
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : upload->parts) parts.push_back(part);
  return parts;
}

void AzureUploads::Remove(const ObjectKey& key, const std::string& id) {
  base::MutexLock lock(mutex_);
  if (Find(key, id).ok()) uploads_.erase(id);
}

std::vector<UploadInfo> AzureUploads::List(const ObjectKey& prefix) const {
  std::vector<UploadInfo> uploads;
  {
    base::MutexLock lock(mutex_);
    for (const auto& [id, upload] : uploads_) {
      if (upload.key.starts_with(prefix)) uploads.push_back({upload.key, id, upload.initiated_ns});
    }
  }
  std::sort(uploads.begin(), uploads.end(), [](const UploadInfo& a, const UploadInfo& b) {
    return std::tie(a.key, a.initiated_ns) < std::tie(b.key, b.initiated_ns);
  });
  return uploads;
}

std::string BlockId(const std::string& upload_id, std::uint32_t number, const std::string& etag) {
  const std::string plain = fmt::format("{}-{:05}-{}", upload_id, number, etag);
  return base::Base64({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

std::string PartEtag(std::uint64_t crc64) { return fmt::format("{:016x}", crc64); }

}  // namespace objclient
