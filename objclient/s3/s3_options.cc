#include "objclient/s3/s3_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/digest/digest.h"
#include "base/fd.h"

namespace objclient {

namespace {

constexpr std::size_t kKeyBytes = 32;

base::Error Invalid(std::string message) {
  return base::Error(base::ErrorClass::kInvalid, std::move(message));
}

bool InQuery(const RestRequest& request, std::string_view name) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

// Where its storage class and encryption are decided: not the parts of an upload.
bool MakesObject(const RestRequest& request) {
  if (request.key.empty()) return false;
  return request.method == "PUT" ? !InQuery(request, "partNumber") : InQuery(request, "uploads");
}

base::Status CheckStorageClass(const std::string& name) {
  const bool fits = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!fits) return Invalid(fmt::format("--storage-class: '{}' is none; try STANDARD_IA", name));
  if (name == "GLACIER" || name == "DEEP_ARCHIVE") {
    return Invalid(
        fmt::format("--storage-class: objects of class {} cannot be read back at once; "
                    "GLACIER_IR can",
                    name));
  }
  return base::Ok();
}

base::Status CheckEncryption(const S3Options& options) {
  if (!options.sse.empty() && options.sse != "s3" && options.sse != "kms") {
    return Invalid(fmt::format("--sse: '{}' is neither s3 nor kms", options.sse));
  }
  if (options.sse == "s3" && !options.sse_kms_key.empty()) {
    return Invalid(
        "--sse s3 uses the store's own keys: leave out --sse-kms-key, or write --sse kms");
  }
  const bool by_store = !options.sse.empty() || !options.sse_kms_key.empty();
  if (by_store && !options.sse_customer_key_file.empty()) {
    return Invalid("--sse-customer-key-file goes with neither --sse nor --sse-kms-key");
  }
  const std::string& key = options.sse_kms_key;
  if (!std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F; })) {
    return Invalid("--sse-kms-key: neither an id nor an ARN of a key");
  }
  return base::Ok();
}

}  // namespace

base::Result<S3Addressing> AddressingOf(const S3Options& options) {
  using Style = S3Addressing::Style;
  const std::string& text = options.addressing;
  if (text == "auto") return S3Addressing{Style::kAuto, options.dual_stack};
  if (text == "virtual") return S3Addressing{Style::kHost, options.dual_stack};
  if (text == "path") return S3Addressing{Style::kPath, options.dual_stack};
  return Invalid(fmt::format("--addressing: '{}' is none of auto, virtual and path", text));
}

base::Result<S3Headers> S3Headers::Make(const S3Options& options) {
  TRY(CheckStorageClass(options.storage_class));
  TRY(CheckEncryption(options));
  S3Headers headers;
  headers.requester_pays_ = options.requester_pays;
  headers.storage_class_ = options.storage_class;
  if (options.sse == "s3") headers.encryption_ = "AES256";
  if (options.sse == "kms" || !options.sse_kms_key.empty()) headers.encryption_ = "aws:kms";
  headers.kms_key_ = options.sse_kms_key;
  if (!options.sse_customer_key_file.empty()) {
    TRY_ASSIGN(headers.customer_key_, ReadKey(options.sse_customer_key_file));
  }
  return headers;
}

base::Result<S3Headers::CustomerKey> S3Headers::ReadKey(const std::string& file) {
  auto text = base::ReadSmallFile(file);
  if (!text.ok()) return text.error().Annotate("--sse-customer-key-file");
  base::Secret key(std::move(*text));
  if (key.reveal().size() != kKeyBytes) {
    const std::string& line = key.reveal();
    auto decoded = base::Base64Decode(line.substr(0, line.find_last_not_of("\r\n") + 1));
    key = base::Secret(std::move(decoded).value_or(""));
  }
  if (key.reveal().size() != kKeyBytes) {
    return Invalid(
        fmt::format("--sse-customer-key-file: {} holds neither 32 bytes nor their Base64 "
                    "(make one: openssl rand -base64 32)",
                    file));
  }
  const auto bytes = std::as_bytes(std::span(key.reveal()));
  const std::span plain(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return CustomerKey{base::Secret(base::Base64(plain)), base::Base64(base::Md5(bytes))};
}

void S3Headers::AddCustomerKey(RestRequest& request, const std::string& prefix) const {
  request.headers.Add(prefix + "algorithm", "AES256");
  request.headers.Add(prefix + "key", customer_key_->base64.reveal());
  request.headers.Add(prefix + "key-MD5", customer_key_->md5);
}

void S3Headers::AddTo(RestRequest& request) const {
  if (requester_pays_) request.headers.Add("x-amz-request-payer", "requester");
  if (MakesObject(request)) {
    if (!storage_class_.empty()) request.headers.Add("x-amz-storage-class", storage_class_);
    if (!encryption_.empty()) request.headers.Add("x-amz-server-side-encryption", encryption_);
    if (!kms_key_.empty()) {
      request.headers.Add("x-amz-server-side-encryption-aws-kms-key-id", kms_key_);
    }
  }
  if (!customer_key_ || request.key.empty() || request.method == "DELETE") return;
  AddCustomerKey(request, "x-amz-server-side-encryption-customer-");
  if (request.headers.Find("x-amz-copy-source") != nullptr) {
    AddCustomerKey(request, "x-amz-copy-source-server-side-encryption-customer-");
  }
}

}  // namespace objclient
