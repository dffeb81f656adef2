#include "objclient/local/upload_record.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <sstream>

#include "base/fd.h"
#include "objclient/local/object_attrs.h"

namespace objclient {
namespace {

constexpr char kMagic[] = "cairnfs-upload-1";

}  // namespace

base::Result<std::string> EncodeUpload(const UploadInfo& about, const Metadata& metadata,
                                       const std::string& boot_id) {
  TRY_ASSIGN(const std::string lines, EncodeMetadata(metadata));
  // The key goes with its length: it may contain any byte.
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", kMagic, boot_id, about.initiated_ns,
                     about.key.size(), about.key, lines);
}

base::Result<UploadRecord> DecodeUpload(const std::string& text) {
  const base::Error damaged(base::ErrorClass::kCorrupt, "the upload's record is damaged");
  std::istringstream in(text);
  std::string magic;
  UploadRecord record;
  std::size_t key_size = 0;
  if (!std::getline(in, magic) || magic != kMagic || !std::getline(in, record.boot_id) ||
      !(in >> record.about.initiated_ns >> key_size) || in.get() != '\n') {
    return damaged;
  }
  const auto at = static_cast<std::size_t>(in.tellg());
  if (at > text.size() || key_size >= text.size() - at || text[at + key_size] != '\n') {
    return damaged;
  }
  record.about.key = text.substr(at, key_size);
  record.metadata = DecodeMetadata(text.substr(at + key_size + 1));
  return record;
}

std::string EncodePart(const PartRecord& part) {
  const std::string crc = part.info.crc32c ? fmt::format("{:08x}", *part.info.crc32c) : "-";
  return fmt::format("part {} {} {} {} {} {} .\n", part.info.number, part.info.size, part.offset,
                     part.info.etag, crc, part.file.empty() ? "-" : part.file);
}

std::optional<PartRecord> DecodePart(const std::string& line) {
  std::istringstream in(line);
  PartRecord part;
  std::string word, crc, end;
  if (!(in >> word >> part.info.number >> part.info.size >> part.offset >> part.info.etag >> crc >>
        part.file >> end) ||
      word != "part" || end != ".") {
    return std::nullopt;
  }
  if (crc != "-") {
    std::istringstream hex(crc);
    std::uint32_t value = 0;
    if (!(hex >> std::hex >> value)) return std::nullopt;
    part.info.crc32c = value;
  }
  if (part.file == "-") part.file.clear();
  if (part.file.find('/') != std::string::npos) return std::nullopt;
  return part;
}

std::string BootId() {
  const auto text = base::ReadSmallFile("/proc/sys/kernel/random/boot_id");
  return text.ok() ? text->substr(0, text->find('\n')) : std::string();
}

base::Result<std::string> ReadRecord(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return base::Error::FromErrno(errno, "fstat");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  TRY(base::ReadFull(fd, 0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace objclient
