#include "objclient/rest/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace objclient {

base::Status CheckListed(const std::string& key, const std::string& prefix) {
  if (key.starts_with(prefix)) return base::Ok();
  return base::Error(base::ErrorClass::kCorrupt,
                     fmt::format("{}: the listing holds '{}'", prefix, key));
}

base::Status CheckPage(const ListPage& page, const std::string& prefix,
                       const std::string& continuation) {
  if (!page.continuation.empty() && page.continuation == continuation) {
    return base::Error(base::ErrorClass::kCorrupt, prefix + ": the listing does not go on");
  }
  std::vector<std::string_view> names;
  for (const ObjectKey& name : page.prefixes) {
    TRY(CheckListed(name, prefix));
    names.push_back(name);
  }
  for (const ObjectHead& object : page.objects) {
    TRY(CheckListed(object.key, prefix));
    names.push_back(object.key);
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return base::Ok();
  return base::Error(base::ErrorClass::kCorrupt,
                     fmt::format("{}: the listing holds '{}' twice", prefix, *twice));
}

}  // namespace objclient
