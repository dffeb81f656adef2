// The verbs of AzureStore that depend on the account's name space: directories, and moving a blob.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "objclient/azure/azure_reply.h"
#include "objclient/azure/azure_store.h"

namespace objclient {

namespace {

// By the rights of the credentials, and not by a lease on the blob.
bool IsForbidden(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kAuth &&
         error.message().find("Authorization") != std::string::npos;
}

}  // namespace

base::Status AzureStore::Discover() {
  if (memory_.recall) {
    const auto text = memory_.recall();
    if (const auto kind = text ? ParseNameSpace(*text) : std::nullopt) {
      name_space_ = *kind;
      return base::Ok();
    }
  }
  const auto found = AskNameSpace(*session_);
  if (!found.ok()) {
    // Credentials may be others at the next mount: nothing is kept.
    if (base::IsRetryable(found.error())) return found.error();
    LOG_WARN("azure: the account counts as one with a flat name space, it does not tell: {}",
             found.error().ToString());
    return base::Ok();
  }
  name_space_ = *found;
  if (memory_.keep) memory_.keep(FormatNameSpace(*found));
  LOG_INFO("name space of the account: {}", FormatNameSpace(*found));
  return base::Ok();
}

base::Result<ObjectHead> AzureStore::Move(const CopyRequest& request) {
  if (!is_hierarchical()) return ObjectStore::Move(request);
  TRY(CheckKey(request.source));
  TRY(CheckKey(request.target));
  const std::string target = Whole(request.target);
  AzureRequest wire = BuildRename(Whole(request.source), request.source_if_match, target);
  AddPrecondition(wire, request.precondition);
  auto renamed = session_->Call(wire);
  if (!renamed.ok() && LacksParent(renamed.error())) {
    // Other than a PUT, a rename makes no directories.
    const auto made = session_->Call(BuildMakeDirectory(target.substr(0, target.rfind('/'))));
    const bool there = !made.ok() && made.error().error_class() == base::ErrorClass::kConflict;
    if (!made.ok() && !there) return made.error();
    renamed = session_->Call(std::move(wire));
  }
  if (!renamed.ok()) {
    if (IsForbidden(renamed.error()) && may_move_.exchange(false)) {
      LOG_WARN("azure: these credentials may not move, objects are copied: {}",
               renamed.error().ToString());
    }
    return renamed.error();
  }
  // Which ETag it has now is not promised to be in the answer.
  return Head(request.target);
}

base::Status AzureStore::DeleteDirectory(const ObjectKey& key) {
  const ObjectKey bare = key.substr(0, key.size() - 1);
  TRY(CheckKey(bare));
  const bool hierarchical = is_hierarchical();
  if (!hierarchical) TRY(DeleteBlob(key, ""));
  // On flat accounts others mark directories with a blob that has no '/' at the end. On the others
  // the request takes files, too, and one may have come in the directory's place.
  const auto there = Look(bare);
  if (!there.ok()) return MeansNoKey(there.error()) ? base::Ok() : base::Status(there.error());
  if (!IsDirectory(*there)) return base::Ok();
  if (!hierarchical) return DeleteBlob(bare, there->etag);
  AzureRequest wire = BuildDeleteDirectory(Whole(bare));
  AddPrecondition(wire, {false, there->etag});
  const auto answer = session_->Call(std::move(wire));
  return answer.ok() || MeansNoKey(answer.error()) ? base::Ok() : base::Status(answer.error());
}

void AzureStore::DeleteDirectories(std::vector<ObjectKey> keys, Refused& refused) {
  std::sort(keys.begin(), keys.end(), std::greater<>());  // those below others first
  for (ObjectKey& key : keys) {
    const base::Status deleted = DeleteDirectory(key);
    if (!deleted.ok()) refused.emplace_back(std::move(key), deleted.error());
  }
}

}  // namespace objclient
