// The text records of a LocalUpload: what it is (`upload`) and its finished parts (`parts`, one
// line each). Pure functions except BootId and ReadRecord; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "objclient/object.h"

namespace objclient {

struct UploadRecord {
  UploadInfo about;  // without the id, which is the directory's name
  Metadata metadata;
  std::string boot_id;
};

struct PartRecord {
  PartInfo info;
  std::uint64_t offset = 0;  // in `data`
  std::string file;          // empty: in `data`
};

base::Result<std::string> EncodeUpload(const UploadInfo& about, const Metadata& metadata,
                                       const std::string& boot_id);
// kCorrupt when it is not what EncodeUpload wrote.
base::Result<UploadRecord> DecodeUpload(const std::string& text);

// One line with its newline.
std::string EncodePart(const PartRecord& part);
std::optional<PartRecord> DecodePart(const std::string& line);

// Names this run of the machine; empty where the kernel does not say.
std::string BootId();
// The whole file from its start, whatever its size.
base::Result<std::string> ReadRecord(int fd);

}  // namespace objclient
