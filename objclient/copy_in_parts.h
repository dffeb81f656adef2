// CopyInParts: a server-side copy of an object that is too large for the store's copy of whole
// objects, made of the verbs that every store has. Blocks; the upload is given up after an error.
#pragma once

#include "objclient/object_store.h"

namespace objclient {

// `source` is what the request's source is now. Parts have `part_size` bytes, more where the object
// would take more parts than the store allows.
base::Result<ObjectHead> CopyInParts(ObjectStore& store, const CopyRequest& request,
                                     const ObjectHead& source, std::uint64_t part_size);

}  // namespace objclient
