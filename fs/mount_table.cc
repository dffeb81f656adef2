#include "fs/mount_table.h"

#include <sstream>

#include "base/fd.h"

namespace fs {
namespace {

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

std::optional<MountEntry> FindMountEntry(std::string_view mountinfo, std::string_view mount_point) {
  std::optional<MountEntry> found;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point, word;
    if (!(fields >> id >> parent >> device >> root >> point)) continue;
    if (Unescape(point) != mount_point) continue;
    // Optional fields end with a single "-"; then come type and source.
    while (fields >> word && word != "-") {
    }
    MountEntry entry{.device = device, .type = {}, .source = {}};
    if (fields >> entry.type >> entry.source) {
      entry.source = Unescape(entry.source);
      found = std::move(entry);
    }
  }
  return found;
}

base::Result<std::string> ReadMountInfo() {
  constexpr std::size_t kLimit = 16u << 20;
  return base::ReadSmallFile("/proc/self/mountinfo", kLimit);
}

}  // namespace fs
