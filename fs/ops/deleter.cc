#include "fs/ops/deleter.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "fs/object_naming.h"
#include "fs/ops/stray.h"

namespace fs {
namespace {

constexpr std::size_t kBatch = 1000;  // keys of one DeleteObjects

struct Victim {
  meta::Intent intent;
  KeyTable::Hold lock;
};

using Failures = std::vector<std::pair<objclient::ObjectKey, base::Error>>;

// Only what is still the object that was meant: another writer's stays, and is no failure.
base::Result<Failures> DeleteAll(objclient::ObjectStore& store,
                                 const std::map<objclient::ObjectKey, Victim>& victims) {
  std::vector<objclient::DeleteRequest> requests;
  requests.reserve(victims.size());
  for (const auto& [key, victim] : victims) requests.push_back({key, victim.intent.etag});
  TRY_ASSIGN(Failures failed, store.DeleteMany(requests));
  std::erase_if(failed, [](const auto& failure) {
    const bool replaced = failure.second.error_class() == base::ErrorClass::kConflict;
    if (replaced) LOG_INFO("delete key={}: it is another writer's now", failure.first);
    return replaced;
  });
  return failed;
}

}  // namespace

void Deleter::Pass() {
  std::map<objclient::ObjectKey, Victim> victims;
  for (auto& [intent, due, waits] : queue_.Due(meta::IntentKind::kDelete, kBatch)) {
    KeyTable::Hold lock = context_.keys.TryLockUnmarked(intent.key);
    const auto verdict = lock ? Judge(intent) : Verdict::kWait;
    if (!verdict.ok()) {
      queue_.Retry(std::move(intent), verdict.error());
    } else if (*verdict == Verdict::kWait) {
      queue_.Wait(intent);
    } else if (*verdict == Verdict::kTakenOver) {
      queue_.Finish(intent);
    } else {
      const objclient::ObjectKey key = intent.key;
      victims.emplace(key, Victim{std::move(intent), std::move(lock)});
    }
  }
  if (victims.empty()) return;
  // The swap to a file's new key must be on disk before its old key goes.
  if (const base::Status synced = context_.catalog.Sync(); !synced.ok()) {
    for (auto& [key, victim] : victims) queue_.Retry(std::move(victim.intent), synced.error());
    return;
  }
  const auto failures = DeleteAll(context_.store, victims);
  if (!failures.ok()) {
    for (auto& [key, victim] : victims) queue_.Retry(std::move(victim.intent), failures.error());
    return;
  }
  for (const auto& [key, error] : *failures) {
    const auto found = victims.find(key);
    if (found == victims.end()) continue;
    LOG_WARN("delete key={}: {}", key, error.ToString());
    queue_.Retry(std::move(found->second.intent), error);
    victims.erase(found);
  }
  for (const auto& [key, victim] : victims) queue_.Finish(victim.intent);
}

base::Result<Deleter::Verdict> Deleter::Judge(meta::Intent& intent) {
  if (IsStray(intent)) return JudgeStray(intent);
  TRY_ASSIGN(const auto holder, context_.catalog.FindKey(intent.key));
  if (holder && (holder->inode || holder->object.id != intent.object)) return Verdict::kTakenOver;
  // Its row went with an earlier delete, or with whoever took the key over and left again.
  if (!holder && intent.object != meta::ObjectId{}) return Verdict::kTakenOver;
  if (intent.key.ends_with('/')) return JudgeDirectory(intent.key.substr(0, intent.key.size() - 1));
  TRY_ASSIGN(const bool awaited, IsAwaited(intent.key));
  return awaited ? Verdict::kWait : Verdict::kDelete;
}

base::Result<Deleter::Verdict> Deleter::JudgeStray(meta::Intent& intent) {
  TRY_ASSIGN(auto etag, FindStray(context_, intent));
  if (!etag) return Verdict::kTakenOver;
  intent.etag = std::move(*etag);
  return Verdict::kDelete;
}

base::Result<Deleter::Verdict> Deleter::JudgeDirectory(const objclient::ObjectKey& key) {
  TRY_ASSIGN(const auto entry, FindEntry(key));
  if (entry && entry->is_dir()) return Verdict::kTakenOver;
  if (!context_.store.capabilities().keeps_directories) return Verdict::kDelete;
  // What is still to be moved away or deleted from below it.
  TRY_ASSIGN(const bool used, context_.catalog.HasKeysBelow(key));
  return used ? Verdict::kWait : Verdict::kDelete;
}

base::Result<bool> Deleter::IsAwaited(const objclient::ObjectKey& key) {
  TRY_ASSIGN(const auto entry, FindEntry(key));
  if (!entry || !entry->is_file()) return false;
  const meta::InodeId inode = entry->id;
  TRY_ASSIGN(const auto extents, context_.catalog.GetExtents(inode));
  TRY_ASSIGN(const auto paths, context_.catalog.Paths(inode));
  for (const meta::NamedKey& path : paths) {
    const objclient::ObjectKey native = NativeKey(path.key);
    if (!extents.empty() && extents.front().object.key == native) return false;
    // The catalog names the object of an empty file by its key only.
    TRY_ASSIGN(const auto holder, context_.catalog.FindKey(native));
    if (holder && holder->inode == inode) return false;
  }
  return true;
}

// Escaped names are not found this way: their keys are deleted first, then written again.
base::Result<std::optional<meta::Inode>> Deleter::FindEntry(const objclient::ObjectKey& key) {
  meta::InodeId parent = meta::kRootInode;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string component = key.substr(begin, end - begin);
    if (component.empty() || component.size() > kNameMax) break;
    const auto entry = context_.catalog.Lookup(parent, component);
    if (!entry.ok()) {
      const int number = entry.error().errno_value();
      if (number == ENOENT || number == ENOTDIR) break;
      return entry.error();
    }
    if (end == key.size()) return std::optional(*entry);
    parent = entry->id;
    begin = end + 1;
  }
  return std::optional<meta::Inode>();
}

}  // namespace fs
