// Strays: what the upload of a file that nobody wants any more may have left in the bucket, because
// the store took a request whose answer was lost. An abandoned upload becomes a delete intent with
// the tokens of its attempts, and the deleter looks before it deletes.
#pragma once

#include <optional>
#include <string>

#include "fs/ops/context.h"

namespace fs {

// Has the deleter look for what the attempts of `record` may have left. Any thread.
base::Status AddStray(Context& context, const UploadRecord& record);
// The upload is not to be made any more: AddStray in place of its intent. Any thread.
base::Status AbandonUpload(Context& context, const UploadRecord& record);

// True for a delete intent of AddStray.
bool IsStray(const meta::Intent& intent);
// Aborts the upload. The ETag of the object to be deleted: an attempt made it, and no file has it.
// The caller has locked the key; waits for the store.
base::Result<std::optional<std::string>> FindStray(Context& context, const meta::Intent& intent);

}  // namespace fs
