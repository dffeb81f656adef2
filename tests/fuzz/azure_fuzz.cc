// What Azure, or something in between that claims to be it, answers, and what people put into
// variables and URLs for it: every parser must answer with a value or with an error of its class,
// and an error about a secret must not hold it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objclient/auth/azure_connection_string.h"
#include "objclient/auth/azure_credentials.h"
#include "objclient/azure/azure_error.h"
#include "objclient/azure/azure_reply.h"
#include "objclient/azure/azure_request.h"
#include "objclient/open_store.h"

namespace {

using base::ErrorClass;

void CheckAnswers(std::string_view body) {
  const auto page = objclient::ParseBlobList(body);
  CHECK(page.ok() || page.error().error_class() == ErrorClass::kCorrupt);
  if (page.ok()) {
    for (std::size_t i = 1; i < page->objects.size(); ++i) {
      CHECK(page->objects[i - 1].key <= page->objects[i].key);
    }
  }
  const auto batch = objclient::ParseBatch("multipart/mixed; boundary=b", body);
  CHECK(batch.ok());
  for (const auto& part : *batch) CHECK(part.response.status >= 100);
  objclient::HttpResponse response;
  response.status = 400;
  const auto refusal = objclient::ReadAzureRefusal(response, body);
  CHECK(!objclient::ToAzureError(refusal, "PUT az://a/b/k").message().empty());
}

// Errors about secrets are made of our own words: the same length for every input.
void CheckSecrets(const std::string& text) {
  const auto parsed = objclient::AzureConnectionString::Parse(text);
  CHECK(parsed.ok() || parsed.error().error_class() == ErrorClass::kInvalid);
  CHECK(parsed.ok() || parsed.error().message().size() < 100);
  CHECK(!parsed.ok() || !parsed->blob_endpoint.empty());
  for (const bool is_key : {false, true}) {
    const base::Secret secret(text);
    const auto credentials = is_key ? objclient::AccountKeyCredentials("account", secret, "x")
                                    : objclient::SasCredentials(secret, "x");
    CHECK(credentials.ok() || credentials.error().message().size() < 100);
  }
}

void CheckNames(const std::string& text) {
  const std::string wire = objclient::MetadataNameOnTheWire(text);
  CHECK(objclient::MetadataNameFromTheWire(wire) == text);
  for (const char* scheme : {"az://", "https://"}) {
    const auto url = objclient::ParseBucketUrl(scheme + text);
    if (!url.ok()) continue;
    const auto again = objclient::ParseBucketUrl(url->ToString());
    CHECK(again.ok() && again->ToString() == url->ToString());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckAnswers(text);
  CheckSecrets(text);
  CheckNames(text);
  return 0;
}
