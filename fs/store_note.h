// StoreNote: what a store found out about its server, as a note of the catalog. It counts for the
// version of the program that wrote it and for the week: servers are replaced behind their names,
// and what the old one could do must not be believed of the new one for ever.
//
// The functions of NoteOf may be called by any thread, once `catalog` holds something; before that
// they know and keep nothing. What is passed must outlive them.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "meta/catalog.h"
#include "objclient/open_store.h"

namespace fs {

objclient::StoreMemory NoteOf(const std::unique_ptr<meta::Catalog>& catalog,
                              const base::Clock& clock, std::string version);

}  // namespace fs
