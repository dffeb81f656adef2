#include "objclient/http/curl_handle.h"

#include <fmt/format.h>

namespace objclient {

base::Status InitCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code == CURLE_OK) return base::Ok();
  return base::Error(base::ErrorClass::kBug,
                     fmt::format("libcurl cannot start: {}", curl_easy_strerror(code)));
}

bool Append(CurlList& list, const char* line) {
  curl_slist* longer = curl_slist_append(list.get(), line);
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

}  // namespace objclient
