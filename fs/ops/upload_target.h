// Upload targets: which key a staged file goes to (design section 11) and under which precondition,
// and the catalog's record of the upload. The key is the file's path where nobody else has bytes
// there, otherwise one below .cairnfs/ that the settler moves later. Called by stages through their
// hooks, from any thread.
#pragma once

#include <optional>

#include "cache/staging.h"
#include "fs/ops/context.h"

namespace fs {

// Hooks of a stage of `file`.
cache::StageHooks MakeStageHooks(Context& context, const InodeRef& file);

struct ChosenKey {
  objclient::ObjectKey key;
  objclient::Precondition precondition;
  KeyTable::Hold lock;
};
// Where the bytes of `inode` go now. Never blocks on the network.
base::Result<ChosenKey> ChooseKey(Context& context, meta::InodeId inode, std::string_view token);

// True while objects that are still to be moved or deleted lie at a key above `key` (`a` of `a/b`)
// or below it (`a/b` of `a`), or a directory that is still to be deleted has its name: a local
// folder cannot hold both.
base::Result<bool> IsObstructed(Context& context, const objclient::ObjectKey& key);

// The stage of `file`, made over its committed content when there is none yet. The caller holds the
// whole turn.
base::Result<std::shared_ptr<cache::StagedFile>> EnsureStage(Context& context,
                                                             const InodeRef& file);
// Writing takes the set-id bits away, as the kernel leaves to us (FUSE_HANDLE_KILLPRIV).
base::Status DropSetId(Context& context, meta::InodeId inode);
// Drops a stage that is not wanted any more, with its upload and its record.
void DiscardStage(Context& context, FileInode& file);

}  // namespace fs
