// The manifest of a persisted staged file: what a later process needs to know, besides the local
// file, to go on with it. JSON with its own checksum; docs/formats.md has the fields. Pure
// functions.
#pragma once

#include <string>

#include "base/result.h"
#include "cache/stage_content.h"

namespace cache {

std::string EncodeManifest(const StagePersisted& persisted);
// kCorrupt when it is not what EncodeManifest wrote, kUnsupported when it is of a later version.
base::Result<StagePersisted> DecodeManifest(const std::string& text);

}  // namespace cache
