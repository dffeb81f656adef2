// Text that comes from a server's headers or from a person: header lines, ranges, dates, endpoints
// and percent-encoding.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objclient/http/http_date.h"
#include "objclient/http/http_message.h"
#include "objclient/http/url.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/xml.h"
#include "objclient/s3/s3_checksum.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto header = objclient::ParseHeaderLine(text)) CHECK(!header->first.empty());
  if (const auto range = objclient::ParseContentRange(text)) {
    CHECK(range->first <= range->last && range->last < range->total);
  }
  if (const auto number = objclient::ParseDecimal(text)) {
    CHECK(text.find_first_not_of("0123456789") == std::string_view::npos);
  }
  static_cast<void>(objclient::ParseHttpDate(text));
  static_cast<void>(objclient::ParseIsoDate(text));
  static_cast<void>(objclient::ParseCrc32c(text));
  static_cast<void>(objclient::Unquoted(text));
  static_cast<void>(objclient::FitsIntoXml(text));

  if (const auto url = objclient::ParseEndpoint(text); url.ok()) {
    const auto again = objclient::ParseEndpoint(url->ToString());
    CHECK(again.ok() && again->Authority() == url->Authority());
  } else {
    CHECK(url.error().error_class() == base::ErrorClass::kInvalid);
  }

  for (const bool keep_slash : {false, true}) {
    const std::string encoded = objclient::PercentEncode(text, keep_slash);
    CHECK(objclient::PercentDecode(encoded, true) == text);
  }
  CHECK(objclient::PercentDecode(text, true).size() <= text.size());
  return 0;
}
