// Intents: the durable to-do list. Inside the caller's transaction, on its connection and thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/sqlite/database.h"
#include "meta/types.h"

namespace meta {

base::Result<IntentId> InsertIntent(Database& db, const Intent& intent);
base::Status ReplaceIntent(Database& db, const Intent& intent);  // ENOENT when it is done already
// Gone already is fine. The object row of a kDelete goes with it.
base::Status DropIntent(Database& db, IntentId id);
base::Result<std::vector<Intent>> LoadIntents(Database& db, IntentId after, std::size_t limit);

// Asks for `inode` to be brought to key = path: a directory, or a file with an object. An intent
// that asked before is replaced by a new one, because who works on it may have read the old names.
base::Status AddSettle(Database& db, const Inode& inode);
base::Status AddDelete(Database& db, const Object& object);

// An upload or settle of this very inode is still to be done.
base::Result<bool> HasPendingWork(Database& db, InodeId inode);
// An upload or move to, or delete of, exactly this key is still to be done.
base::Result<bool> IsKeyPending(Database& db, std::string_view key);
// The same for any key below `directory_key` + "/"; `deletes_only` leaves the others out.
base::Result<bool> IsPrefixPending(Database& db, std::string_view directory_key, bool deletes_only);
// A delete of exactly this key is still to be done.
base::Result<bool> IsDeletePending(Database& db, std::string_view key);

}  // namespace meta
