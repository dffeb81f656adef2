#include "fs/store_note.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "base/log.h"

namespace fs {
namespace {

constexpr char kNote[] = "store";
constexpr std::int64_t kWeekNs = 7ll * 24 * 3600 * 1'000'000'000;

// What a note begins with that counts now.
std::string Mark(const base::Clock& clock, const std::string& version) {
  return fmt::format("{} week {}: ", version, clock.WallNs() / kWeekNs);
}

}  // namespace

objclient::StoreMemory NoteOf(const std::unique_ptr<meta::Catalog>& catalog,
                              const base::Clock& clock, std::string version) {
  const auto recall = [&catalog, &clock, version]() -> std::optional<std::string> {
    if (catalog == nullptr) return std::nullopt;
    const std::string mark = Mark(clock, version);
    const auto note = catalog->Recall(kNote);
    if (!note.ok() || !note->has_value() || !(*note)->starts_with(mark)) return std::nullopt;
    return (*note)->substr(mark.size());
  };
  const auto keep = [&catalog, &clock, version = std::move(version)](const std::string& text) {
    if (catalog == nullptr) return;
    const base::Status kept = catalog->Remember(kNote, Mark(clock, version) + text);
    if (!kept.ok()) LOG_WARN("what the store can do: {}", kept.error().ToString());
  };
  return {.recall = recall, .keep = keep};
}

}  // namespace fs
