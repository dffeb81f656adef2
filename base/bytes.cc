#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace base {
namespace {

// The power of 1024 of a unit: "", "B", "K", "KiB", "MiB", ... Decimal "KB" is refused because
// people disagree about what it means.
std::optional<unsigned> UnitPower(std::string_view unit) {
  if (unit.empty() || unit == "B") return 0;
  const std::size_t power = std::string_view("KMGTPE").find(unit.front());
  const std::size_t lower = std::string_view("kmgtpe").find(unit.front());
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "iB") return std::nullopt;
  if (power != std::string_view::npos) return static_cast<unsigned>(power) + 1;
  if (lower != std::string_view::npos) return static_cast<unsigned>(lower) + 1;
  return std::nullopt;
}

Error BadSize(std::string_view text, std::string_view why) {
  return Error(ErrorClass::kInvalid,
               fmt::format("\"{}\" is not a size: {} (examples: 500000, 64M, 1GiB)", text, why));
}

}  // namespace

ByteRange Intersect(const ByteRange& a, const ByteRange& b) {
  const std::uint64_t begin = std::max(a.offset, b.offset);
  const std::uint64_t end = std::min(a.end(), b.end());
  return end > begin ? ByteRange{begin, end - begin} : ByteRange{begin, 0};
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range) return BadSize(text, "too large");
  if (code != std::errc{}) return BadSize(text, "it does not start with a number");
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const std::optional<unsigned> power = UnitPower(unit);
  if (!power) return BadSize(text, fmt::format("unknown unit \"{}\"", unit));
  const unsigned shift = 10 * *power;
  if (number > std::numeric_limits<std::uint64_t>::max() >> shift) {
    return BadSize(text, "too large");
  }
  return number << shift;
}

std::string FormatSize(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < kKiB) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / kKiB;
  std::size_t unit = 0;
  // 1023.95 is where one decimal would round up to "1024.0".
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= kKiB;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace base
