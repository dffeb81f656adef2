// What a server, or something in between that claims to be one, sends as XML: every parser of it
// must answer with a value or an error, and what it calls an error must be kCorrupt.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objclient/s3/s3_error.h"
#include "objclient/s3/s3_reply.h"

namespace {

template <typename T>
void CheckCorrupt(const base::Result<T>& result) {
  CHECK(result.ok() || result.error().error_class() == base::ErrorClass::kCorrupt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto list = objclient::ParseListPage(body);
  CheckCorrupt(list);
  const auto copy = objclient::ParseCopyResult(body);
  CheckCorrupt(copy);
  CHECK(!copy.ok() || !copy->etag.empty());
  CheckCorrupt(objclient::ParseUploadId(body));
  CheckCorrupt(objclient::ParseCompleteResult(body));
  CheckCorrupt(objclient::ParsePartsPage(body));
  CheckCorrupt(objclient::ParseUploadsPage(body));
  CheckCorrupt(objclient::ParseDeleteResult(body));

  // One body is never a success and an error at the same time.
  const auto error = objclient::ParseErrorDocument(body);
  CHECK(!error || !(list.ok() || copy.ok()));
  objclient::HttpResponse response;
  response.status = 200;
  const auto failure = objclient::ReadFailure(response, body);
  CHECK(!objclient::ToError(failure, "PUT s3://b/k").message().empty());
  return 0;
}
