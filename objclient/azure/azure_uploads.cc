#include "objclient/azure/azure_uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/digest/digest.h"

namespace objclient {

std::string AzureUploads::Create(const ObjectKey& key, const Metadata& metadata) {
  std::string id = base::RandomHex(8);
  const std::int64_t now_ns = clock_.WallNs();
  base::MutexLock lock(mutex_);
  uploads_[id] = {.key = key, .metadata = metadata, .initiated_ns = now_ns};
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

base::Result<AzureUploads::Upload*> AzureUploads::Find(const ObjectKey& key,
                                                       const std::string& id) {
  TRY_ASSIGN([[maybe_unused]] const Upload* const known, std::as_const(*this).Find(key, id));
  return &uploads_[id];
}

void AzureUploads::Upload::Place(Part part) {
  Part& placed = parts[part.info.number];
  blocks += part.block_ids.size();
  blocks -= placed.block_ids.size();
  placed = std::move(part);
}

base::Status AzureUploads::Add(const ObjectKey& key, const std::string& id, PartInfo part,
                               std::string block_id) {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(Upload* const upload, Find(key, id));
  upload->Place({std::move(part), {std::move(block_id)}});
  return base::Ok();
}

base::Result<bool> AzureUploads::AddCommitted(const ObjectKey& key, const std::string& id,
                                              PartInfo part, std::vector<std::string> block_ids) {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(Upload* const upload, Find(key, id));
  // The parts that are still to come have one block each at least.
  const std::size_t beyond_one_a_part = upload->blocks - upload->parts.size();
  if (beyond_one_a_part + block_ids.size() > kBlocksMax - kPartsMax) return false;
  upload->Place({std::move(part), std::move(block_ids)});
  return true;
}

AzureUploads::BlocksResult AzureUploads::Committed(const ObjectKey& key, const std::string& id,
                                                   const std::string& etag,
                                                   const std::function<BlocksResult()>& ask) {
  std::promise<BlocksResult> promise;
  std::shared_future<BlocksResult> answer;
  bool first = false;
  {
    base::MutexLock lock(mutex_);
    TRY_ASSIGN(Upload* const upload, Find(key, id));
    const auto [place, is_new] = upload->asked.try_emplace(etag);
    if (is_new) place->second = promise.get_future().share();
    answer = place->second;
    first = is_new;
  }
  if (!first) return answer.get();
  BlocksResult asked = ask();
  if (!asked.ok()) {
    base::MutexLock lock(mutex_);
    if (const auto upload = Find(key, id); upload.ok()) (*upload)->asked.erase(etag);
  }
  promise.set_value(asked);
  return asked;
}

base::Result<AzureUploads::Commitment> AzureUploads::Match(
    const ObjectKey& key, const std::string& id, const std::vector<PartInfo>& parts) const {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(const Upload* const upload, Find(key, id));
  Commitment commitment{upload->metadata, {}};
  for (const PartInfo& part : parts) {
    const auto known = upload->parts.find(part.number);
    if (known == upload->parts.end() || known->second.info.etag != part.etag) {
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("{}: part {} of the upload is another one", key, part.number));
    }
    const auto& block_ids = known->second.block_ids;
    commitment.block_ids.insert(commitment.block_ids.end(), block_ids.begin(), block_ids.end());
  }
  return commitment;
}

base::Result<std::vector<PartInfo>> AzureUploads::Parts(const ObjectKey& key,
                                                        const std::string& id) const {
  base::MutexLock lock(mutex_);
  TRY_ASSIGN(const Upload* const upload, Find(key, id));
  std::vector<PartInfo> parts;
  for (const auto& [number, part] : upload->parts) parts.push_back(part.info);
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

}  // namespace objclient
