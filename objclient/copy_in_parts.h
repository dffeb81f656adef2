// CopyInParts: a copy that the store cannot do in one call, made of other verbs: by the store
// itself, part by part, where the object is too large for one; through us, where it copies nothing,
// as of objects under a customer's key. It is called on the store that retries: a copy of a
// thousand parts must not end with the first that fails. Blocks; the upload is given up after an
// error.
#pragma once

#include "objclient/object_store.h"

namespace objclient {

// What Copy answers where parts are the only way.
base::Error OnlyInParts(const ObjectKey& source);
bool MeansOnlyInParts(const base::Error& error);

// Parts that the store copies have `part_size` bytes, more where the object would take more parts
// than the store allows.
base::Result<ObjectHead> CopyInParts(ObjectStore& store, const CopyRequest& request,
                                     std::uint64_t part_size);

}  // namespace objclient
