// What a person types after an option: sizes, durations and names that do not exist.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto bytes = base::ParseSize(text); bytes.ok()) {
    CHECK(base::ParseSize(std::to_string(*bytes)).value() == *bytes);
    CHECK(!base::FormatSize(*bytes).empty());
  } else {
    CHECK(bytes.error().error_class() == base::ErrorClass::kInvalid);
  }

  if (const auto duration = base::ParseDuration(text); duration.ok()) {
    CHECK(duration->has_value() == (text != "never"));
    CHECK(!duration->has_value() || (*duration)->count() >= 0);
  } else {
    CHECK(duration.error().error_class() == base::ErrorClass::kInvalid);
  }

  const std::vector<std::string> candidates = {"cache-dir", "cache-size", "read-only"};
  const std::string suggestion = base::Suggest(text, candidates);
  CHECK(suggestion.empty() ||
        std::find(candidates.begin(), candidates.end(), suggestion) != candidates.end());
  return 0;
}
