#include "base/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace base {
namespace {

// Longer than any option of ours; keeps the cost of a suggestion bounded whatever is typed.
constexpr std::size_t kLongestUnknown = 64;

// The number of single-letter insertions, deletions and replacements between two words.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

Error BadDuration(std::string_view text, std::string_view why) {
  return Error(ErrorClass::kInvalid,
               fmt::format("\"{}\" is not a duration: {} (examples: 60s, 5m, never)", text, why));
}

}  // namespace

const std::vector<OptionRow>& MountOptionTable() {
  static const std::vector<OptionRow> table = {
      {"endpoint", 0, "URL", "the cloud's own", "", "address of the service"},
      {"region", 0, "NAME", "AWS_REGION, the profile's, or us-east-1", "", "region of the bucket"},
      {"profile", 0, "NAME", "AWS_PROFILE or default", "", "profile of ~/.aws to take keys from"},
      {"cache-dir", 0, "DIR", "/var/cache/cairnfs, or ~/.cache/cairnfs", "",
       "where bytes are cached; may be deleted while nothing is mounted"},
      {"state-dir", 0, "DIR", "/var/lib/cairnfs, or ~/.local/state/cairnfs", "",
       "where the name space and bytes not yet uploaded are kept"},
      {"memory-limit", 0, "SIZE", "a tenth of memory, between 256MiB and 1GiB", "bytes",
       "most memory the process uses"},
      {"cache-size", 0, "SIZE", "10GiB", "bytes", "most bytes cached on disk; 0 caches none"},
      {"refresh", 0, "TIME", "60s", "seconds",
       "how old a listing of the bucket may be; never = nobody else writes to it"},
      {"read-only", 0, "", "", "", "refuse every change"},
      {"log-file", 0, "FILE", "cairnfs.log in the state directory", "", "where to log"},
      {"log-level", 0, "LEVEL", "info", "", "least level logged: debug, info, warn or error"},
      {"connections", 0, "N", "32", "", "most connections to the store"},
      {"foreground", 'f', "", "", "", "stay in the foreground and log to the terminal"},
      {"allow-other", 0, "", "", "", "let other users use the mount"},
      {"uid", 0, "N", "the caller's", "", "owner of files found in the bucket"},
      {"gid", 0, "N", "the caller's", "", "group of files found in the bucket"},
      {"ca-bundle", 0, "FILE", "AWS_CA_BUNDLE, or the system's", "",
       "PEM file of the authorities to trust"},
      {"proxy", 0, "URL", "https_proxy, or none", "", "proxy to reach the store through"},
      {"addressing", 0, "STYLE", "auto", "",
       "of the bucket: auto, virtual (in the host name) or path", "S3"},
      {"dual-stack", 0, "", "", "", "use the cloud's endpoints with IPv6", "S3"},
      {"requester-pays", 0, "", "", "", "pay for the requests in place of the bucket's owner",
       "S3"},
      {"storage-class", 0, "NAME", "the bucket's", "", "class of objects written", "S3"},
      {"sse", 0, "KIND", "as the bucket is set up", "", "encryption by the store: s3 or kms", "S3"},
      {"sse-kms-key", 0, "ID", "the bucket's", "", "key of --sse kms", "S3"},
      {"sse-customer-key-file", 0, "FILE", "", "",
       "file with the key that everything is encrypted with and the store does not keep", "S3"},
  };
  return table;
}

std::string OptionFlags(const OptionRow& row) {
  return row.short_name == 0 ? "--" + row.name : fmt::format("-{},--{}", row.short_name, row.name);
}

std::string OptionHelp(const OptionRow& row) {
  std::string notes = row.unit.empty() ? "" : fmt::format("a bare number is {}", row.unit);
  if (!row.default_text.empty()) {
    notes += fmt::format("{}default: {}", notes.empty() ? "" : "; ", row.default_text);
  }
  return notes.empty() ? row.help : fmt::format("{} ({})", row.help, notes);
}

std::string Suggest(std::string_view unknown, const std::vector<std::string>& candidates) {
  if (unknown.empty() || unknown.size() > kLongestUnknown) return {};
  const std::string* closest = nullptr;
  std::size_t closest_distance = std::max<std::size_t>(1, unknown.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(unknown, candidate);
    if (distance < closest_distance) {
      closest = &candidate;
      closest_distance = distance;
    }
  }
  return closest == nullptr ? std::string() : *closest;
}

Result<std::optional<std::chrono::milliseconds>> ParseDuration(std::string_view text) {
  using Milliseconds = std::chrono::milliseconds;
  if (text == "never") return std::optional<Milliseconds>();
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, number);
  if (code == std::errc::result_out_of_range) return BadDuration(text, "too long");
  if (code != std::errc{} || number < 0) {
    return BadDuration(text, "it does not start with a number");
  }
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> kUnits = {
      {{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const auto* const found = std::find_if(kUnits.begin(), kUnits.end(),
                                         [&](const auto& known) { return known.first == unit; });
  if (found == kUnits.end()) return BadDuration(text, fmt::format("unknown unit \"{}\"", unit));
  // A century: far from the limits of the clocks it will be added to.
  constexpr std::int64_t kLongestMs = std::int64_t{100} * 365 * 86'400'000;
  if (number > kLongestMs / found->second) return BadDuration(text, "too long");
  return std::optional(Milliseconds(number * found->second));
}

}  // namespace base
