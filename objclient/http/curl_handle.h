// RAII for libcurl's C handles. The only header of this room that other rooms must not include:
// curl.h stays in objclient/http.
#pragma once

#include <curl/curl.h>

#include <memory>

#include "base/result.h"

namespace objclient {

// curl_global_init, once in a process. Every owner of handles calls it first.
base::Status InitCurl();

struct CurlEasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlMultiDelete {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct CurlListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDelete>;
using CurlMulti = std::unique_ptr<CURLM, CurlMultiDelete>;
using CurlList = std::unique_ptr<curl_slist, CurlListDelete>;

// Puts `line` at the end of `list`. False when there is no memory.
[[nodiscard]] bool Append(CurlList& list, const char* line);

}  // namespace objclient
