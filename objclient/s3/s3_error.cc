#include "objclient/s3/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "objclient/http/http_date.h"

namespace objclient {

namespace {

using base::ErrorClass;

struct Rule {
  std::string_view code;
  ErrorClass error_class;
  int errno_value;  // 0 = the class's own
  std::string_view hint;
};

// Codes whose class the status does not tell, or with advice for a person.
constexpr std::array kRules = {
    Rule{"NoSuchBucket", ErrorClass::kNotFound, 0,
         "there is no such bucket at this endpoint: check its name, --endpoint and --region"},
    Rule{"NoSuchUpload", ErrorClass::kNotFound, 0, ""},
    Rule{"InvalidPart", ErrorClass::kNotFound, 0, "the store has lost a part of the upload"},
    Rule{"InvalidAccessKeyId", ErrorClass::kAuth, 0,
         "this endpoint does not know the access key: check AWS_ACCESS_KEY_ID or the profile"},
    Rule{"SignatureDoesNotMatch", ErrorClass::kAuth, 0,
         "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY"},
    Rule{"ExpiredToken", ErrorClass::kAuth, 0, "the session has expired: get new credentials"},
    Rule{"RequestTimeTooSkewed", ErrorClass::kAuth, 0, "this machine's clock is wrong"},
    Rule{"AuthorizationHeaderMalformed", ErrorClass::kAuth, 0, "check --region"},
    Rule{"PermanentRedirect", ErrorClass::kInvalid, 0,
         "the bucket lives in another region: check --region and --endpoint"},
    Rule{"IllegalLocationConstraintException", ErrorClass::kInvalid, 0, "check --region"},
    Rule{"QuotaExceeded", ErrorClass::kNoSpace, EDQUOT, "the quota in the store is used up"},
    Rule{"InsufficientCapacity", ErrorClass::kNoSpace, ENOSPC, "the store is full"},
    Rule{"EntityTooLarge", ErrorClass::kInvalid, EFBIG, ""},
    Rule{"KeyTooLongError", ErrorClass::kInvalid, ENAMETOOLONG, ""},
    Rule{"InvalidObjectName", ErrorClass::kInvalid, ENAMETOOLONG, ""},
    Rule{"BadDigest", ErrorClass::kCorrupt, 0, "bytes changed on their way to the store"},
    Rule{"XAmzContentSHA256Mismatch", ErrorClass::kCorrupt, 0, ""},
    Rule{"XAmzContentChecksumMismatch", ErrorClass::kCorrupt, 0,
         "bytes changed on their way to the store"},
    Rule{"InvalidRange", ErrorClass::kInvalid, 0, ""},
    Rule{"NotImplemented", ErrorClass::kUnsupported, 0, ""},
    Rule{"MethodNotAllowed", ErrorClass::kUnsupported, 0, ""},
    Rule{"RequestTimeout", ErrorClass::kUnavailable, 0, ""},
    Rule{"IncompleteBody", ErrorClass::kUnavailable, 0, ""},
    Rule{"OperationAborted", ErrorClass::kUnavailable, 0, ""},
    Rule{"InternalError", ErrorClass::kUnavailable, 0, ""},
    Rule{"ServiceUnavailable", ErrorClass::kThrottled, 0, ""},
    Rule{"SlowDown", ErrorClass::kThrottled, 0, ""},
    Rule{"InvalidObjectState", ErrorClass::kAuth, 0,
         "the object is archived: restore it in the store first"},
};

ErrorClass ClassOfStatus(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorClass::kAuth;
    case 404:
      return ErrorClass::kNotFound;
    case 405:
    case 501:
      return ErrorClass::kUnsupported;
    case 408:
      return ErrorClass::kTimeout;
    case 409:
    case 412:
      return ErrorClass::kConflict;
    case 429:
    case 503:
      return ErrorClass::kThrottled;
    case 507:
      return ErrorClass::kNoSpace;
    default:
      break;
  }
  // A 200 that holds an error document of an unknown kind is the store's trouble, like a 5xx.
  return status >= 500 || status < 300 ? ErrorClass::kUnavailable : ErrorClass::kInvalid;
}

const Rule* FindRule(std::string_view code) {
  const auto* rule = std::find_if(kRules.begin(), kRules.end(),
                                  [&](const Rule& candidate) { return candidate.code == code; });
  return rule == kRules.end() ? nullptr : rule;
}

std::string_view DefaultHint(const S3Failure& failure) {
  if (failure.code.empty() && failure.status == 403) {
    return "not allowed with these credentials, or they are wrong";
  }
  if (failure.status == 301) return "the bucket lives in another region: check --region";
  return "";
}

}  // namespace

S3Failure ReadFailure(const HttpResponse& response, std::string_view body) {
  constexpr std::uint64_t kRetryAfterMaxSeconds = 3600;
  S3Failure failure;
  failure.status = response.status;
  if (auto document = ParseErrorDocument(body)) {
    failure.code = std::move(document->code);
    failure.message = std::move(document->message);
    failure.request_id = std::move(document->request_id);
    failure.region = std::move(document->region);
  }
  const HttpHeaders& headers = response.headers;
  if (failure.request_id.empty()) failure.request_id = headers.Value("x-amz-request-id");
  if (failure.region.empty()) failure.region = headers.Value("x-amz-bucket-region");
  failure.server_seconds = ParseHttpDate(headers.Value("date"));
  const auto retry_after = ParseDecimal(headers.Value("retry-after")).value_or(0);
  failure.retry_after_ms =
      static_cast<std::uint32_t>(std::min(retry_after, kRetryAfterMaxSeconds) * 1000);
  return failure;
}

base::Error ToError(const S3Failure& failure, std::string_view what) {
  const Rule* rule = FindRule(failure.code);
  std::string message = fmt::format("{}: HTTP {}", what, failure.status);
  if (!failure.code.empty()) message += " " + failure.code;
  if (!failure.message.empty()) message += ": " + failure.message.substr(0, 500);
  const std::string_view hint =
      rule != nullptr && !rule->hint.empty() ? rule->hint : DefaultHint(failure);
  if (!hint.empty()) message += fmt::format(" ({})", hint);
  const ErrorClass error_class =
      rule != nullptr ? rule->error_class : ClassOfStatus(failure.status);
  base::Error error(error_class, std::move(message), rule != nullptr ? rule->errno_value : 0);
  if (!failure.request_id.empty()) error = error.WithRequestId(failure.request_id);
  if (failure.retry_after_ms > 0) error = error.WithRetryAfterMs(failure.retry_after_ms);
  return error;
}

bool MeansStaleCredentials(const S3Failure& failure) {
  constexpr std::array<std::string_view, 6> kCodes = {
      "ExpiredToken",       "TokenRefreshRequired",  "InvalidToken",
      "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity"};
  return failure.status == 401 ||
         std::find(kCodes.begin(), kCodes.end(), failure.code) != kCodes.end();
}

}  // namespace objclient
