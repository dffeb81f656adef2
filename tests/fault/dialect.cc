#include "tests/fault/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <utility>

#include "base/digest/digest.h"
#include "objclient/azure/azure_request.h"
#include "objclient/http/url.h"

namespace fault {

namespace {

// A fault's own memory of what it has seen. shared_ptr: a std::function is copied, what it has seen
// must not be.
Hits FirstTriesBy(std::function<std::string(const Asked&)> name) {
  auto seen = std::make_shared<std::set<std::string>>();
  return [seen, name = std::move(name)](const Asked& asked) {
    return seen->insert(name(asked)).second;
  };
}

// The id of a block is "<upload>-<number>-<bytes>".
std::string BlockNumber(const Asked& asked) {
  constexpr std::string_view kName = "blockid=";
  constexpr std::size_t kUploadDigits = 16;
  const std::size_t at = asked.target.find(kName);
  if (at == std::string::npos) return "";
  const std::string text = asked.target.substr(at + kName.size());
  const auto id =
      base::Base64Decode(objclient::PercentDecode(text.substr(0, text.find('&')), false));
  return id && id->size() > kUploadDigits + 6 ? id->substr(kUploadDigits + 1, 5) : "";
}

// What Azure takes for other names, and what Azurite cannot list.
bool IsKeyOnAzure(const std::string& key) {
  return objclient::CheckBlobName(key).ok() &&
         std::none_of(key.begin(), key.end(), [](unsigned char c) {
           return c < ' ' && c != '\t' && c != '\n' && c != '\r';
         });
}

}  // namespace

FaultProxy::Fault Dialect::Refuse(Hits hits, int status, const std::string& code,
                                  objclient::HttpHeaders headers) const {
  if (!code_header.empty() && !code.empty()) headers.Add(code_header, code);
  return fault::Refuse(std::move(hits), status, code, std::move(headers));
}

Dialect S3Dialect() {
  Dialect dialect;
  dialect.listings = Target("list-type=2");
  dialect.completions = Both(Method("POST"), Target("uploadId="));
  dialect.batches = Target("delete");
  dialect.part = [](std::uint32_t number) { return Target(fmt::format("partNumber={}", number)); };
  dialect.first_tries = FirstTriesBy([](const Asked& asked) {
    return asked.method + asked.target + asked.headers.Value("range");
  });
  dialect.requests_of_every_verb = 14;
  dialect.date_header = "x-amz-date";
  dialect.date_format = "%Y%m%dT%H%M%SZ";
  dialect.busy_code = "SlowDown";
  dialect.wrong_time_code = "RequestTimeTooSkewed";
  dialect.no_listings = {"<?xml version=\"1.0\"?><ListBucketResult><Contents><Key>key100",
                         "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"};
  dialect.key_tag = "Key";
  dialect.object_tag = "Contents";
  const char* const server = std::getenv("CAIRNFS_TEST_SERVER");
  dialect.script = server != nullptr ? server : "s3";
  if (dialect.script == "swift") dialect.odd_keys = 1'000;
  dialect.variables = "CAIRNFS_TEST";
  dialect.endpoint_variable = "AWS_ENDPOINT_URL";
  dialect.secret_variables = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"};
  return dialect;
}

Dialect AzureDialect() {
  Dialect dialect;
  dialect.listings = Target("comp=list&");
  dialect.completions = Both(Method("PUT"), Target("comp=blocklist"));
  dialect.batches = Target("comp=batch");
  dialect.part = [](std::uint32_t number) -> Hits {
    return [number = fmt::format("{:05}", number)](const Asked& asked) {
      return BlockNumber(asked) == number;
    };
  };
  // Every attempt to copy a block has another id.
  dialect.first_tries = FirstTriesBy([](const Asked& asked) {
    return asked.method + asked.target.substr(0, asked.target.find("blockid=")) +
           BlockNumber(asked) + asked.headers.Value("x-ms-range");
  });
  dialect.requests_of_every_verb = 10;
  dialect.date_header = "x-ms-date";
  dialect.date_format = "%a, %d %b %Y %H:%M:%S GMT";
  dialect.code_header = "x-ms-error-code";
  dialect.busy_code = "ServerBusy";
  dialect.wrong_time_code = "AuthenticationFailed";
  dialect.no_listings = {"<?xml version=\"1.0\"?><EnumerationResults><Blobs><Blob><Name>key100",
                         "<EnumerationResults><NextMarker/></EnumerationResults>",
                         "<EnumerationResults><Blobs/></EnumerationResults>"};
  dialect.key_tag = "Name";
  dialect.object_tag = "Blob";
  dialect.takes_key = IsKeyOnAzure;
  dialect.odd_keys = 1'000;  // see docs/azure.md
  dialect.creates_uploads = dialect.keeps_whole_checksums = false;
  dialect.script = "azure";
  dialect.variables = "CAIRNFS_TEST_AZURE";
  dialect.endpoint_variable = "CAIRNFS_TEST_AZURE_ENDPOINT";
  dialect.secret_variables = {"AZURE_STORAGE_KEY"};
  return dialect;
}

}  // namespace fault
