#include "objclient/local/object_attrs.h"

#include <fmt/format.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/digest/digest.h"

namespace objclient {
namespace {

constexpr char kETagAttr[] = "user.cairnfs.etag";
constexpr char kMetadataAttr[] = "user.cairnfs.meta";

std::optional<std::string> GetAttr(int fd, const char* name) {
  std::array<char, 2 * kMetadataLimit> buffer;
  const ssize_t size = ::fgetxattr(fd, name, buffer.data(), buffer.size());
  if (size < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::string Mark(const std::string& token, const struct stat& status) {
  return fmt::format("{}.{:x}.{:x}", token, status.st_size, MtimeNs(status));
}

std::string FallbackETag(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return fmt::format("d-{:x}", status.st_ino);
  return fmt::format("{:x}-{:x}-{:x}", MtimeNs(status), status.st_size, status.st_ino);
}

bool AttrsUnsupported(int errno_value) { return errno_value == ENOTSUP || errno_value == ENOSYS; }

}  // namespace

std::int64_t MtimeNs(const struct stat& status) {
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

base::Result<std::string> EncodeMetadata(const Metadata& metadata) {
  constexpr std::string_view kForbidden("\n\0", 2);
  std::string text;
  std::size_t size = 0;
  for (const auto& [name, value] : metadata) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find_first_of(kForbidden) != std::string::npos ||
        value.find_first_of(kForbidden) != std::string::npos) {
      return base::Error(base::ErrorClass::kInvalid,
                         fmt::format("metadata '{}' cannot be stored", name));
    }
    size += name.size() + value.size();
    text += fmt::format("{}={}\n", name, value);
  }
  if (size > kMetadataLimit) {
    return base::Error(
        base::ErrorClass::kInvalid,
        fmt::format("{} bytes of metadata, at most {} are allowed", size, kMetadataLimit));
  }
  return text;
}

Metadata DecodeMetadata(const std::string& text) {
  Metadata metadata;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    const std::string line = text.substr(at, end - at);
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos && equals > 0) {
      metadata[line.substr(0, equals)] = line.substr(equals + 1);
    }
    at = end + 1;
  }
  return metadata;
}

base::Result<std::string> SetObjectAttrs(int fd, const Metadata& metadata) {
  TRY_ASSIGN(const std::string text, EncodeMetadata(metadata));
  struct stat status;
  if (::fstat(fd, &status) != 0) return base::Error::FromErrno(errno, "fstat");
  const std::string token = base::RandomHex(8);
  const std::string mark = Mark(token, status);
  if (::fsetxattr(fd, kETagAttr, mark.data(), mark.size(), 0) != 0) {
    if (AttrsUnsupported(errno)) return FallbackETag(status);
    return base::Error::FromErrno(errno, "set attribute user.cairnfs.etag");
  }
  const bool failed = text.empty()
                          ? ::fremovexattr(fd, kMetadataAttr) != 0 && errno != ENODATA
                          : ::fsetxattr(fd, kMetadataAttr, text.data(), text.size(), 0) != 0;
  if (failed) return base::Error::FromErrno(errno, "set attribute user.cairnfs.meta");
  return token;
}

bool HasObjectAttrs(int fd) { return ::fgetxattr(fd, kETagAttr, nullptr, 0) >= 0; }

void ClearObjectAttrs(int fd) {
  ::fremovexattr(fd, kETagAttr);
  ::fremovexattr(fd, kMetadataAttr);
}

std::string ReadETag(int fd, const struct stat& status) {
  const std::optional<std::string> mark = GetAttr(fd, kETagAttr);
  if (!mark) return FallbackETag(status);
  const std::string token = mark->substr(0, mark->find('.'));
  // A directory's mtime changes with its entries, which are no content of the marker.
  if (S_ISDIR(status.st_mode) || *mark == Mark(token, status)) return token;
  return FallbackETag(status);
}

ObjectHead ReadHead(int fd, const struct stat& status, bool with_metadata) {
  ObjectHead head;
  head.etag = ReadETag(fd, status);
  head.size = S_ISDIR(status.st_mode) ? 0 : static_cast<std::uint64_t>(status.st_size);
  head.mtime_ns = MtimeNs(status);
  if (with_metadata) {
    if (const auto text = GetAttr(fd, kMetadataAttr)) head.metadata = DecodeMetadata(*text);
  }
  return head;
}

}  // namespace objclient
