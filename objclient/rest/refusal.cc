#include "objclient/rest/refusal.h"

#include <fmt/format.h>

#include <algorithm>

#include "objclient/http/http_date.h"

namespace objclient {

namespace {

using base::ErrorClass;

ErrorClass ClassOfStatus(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
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

// For codes without advice of their own, and answers without a code.
std::string_view GeneralHint(const Refusal& refusal) {
  if (refusal.status == 301) return "the bucket lives elsewhere: check --region and --endpoint";
  if (refusal.status == 407) return kProxyAuthHint;
  if (refusal.status != 403 || !refusal.code.empty()) return "";
  return "not allowed with these credentials, or they are wrong";
}

// Retry-After is a number of seconds, or a date by the store's clock.
std::uint64_t RetryAfterSeconds(const std::string& value, std::optional<std::int64_t> now) {
  if (const auto seconds = ParseDecimal(value)) return *seconds;
  const auto date = ParseHttpDate(value);
  return date && now && *date > *now ? static_cast<std::uint64_t>(*date - *now) : 0;
}

}  // namespace

bool MeansNoKey(const base::Error& error) {
  return error.error_class() == ErrorClass::kNotFound && error.errno_value() != kNoBucketErrno;
}

Refusal ReadRefusal(const HttpResponse& response) {
  constexpr std::uint64_t kRetryAfterMaxSeconds = 3600;
  Refusal refusal;
  refusal.status = response.status;
  refusal.server_seconds = ParseHttpDate(response.headers.Value("date"));
  const std::uint64_t retry_after =
      RetryAfterSeconds(response.headers.Value("retry-after"), refusal.server_seconds);
  refusal.retry_after_ms =
      static_cast<std::uint32_t>(std::min(retry_after, kRetryAfterMaxSeconds) * 1000);
  return refusal;
}

base::Error ToError(const Refusal& refusal, std::string_view what,
                    std::span<const RefusalRule> rules) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const RefusalRule& candidate) {
    return candidate.code == refusal.code;
  });
  const bool known = rule != rules.end();
  std::string message = fmt::format("{}: HTTP {}", what, refusal.status);
  if (!refusal.code.empty()) message += " " + refusal.code;
  if (!refusal.message.empty()) message += ": " + refusal.message.substr(0, 500);
  const std::string_view hint = known && !rule->hint.empty() ? rule->hint : GeneralHint(refusal);
  if (!hint.empty()) message += fmt::format(" ({})", hint);
  base::Error error(known ? rule->error_class : ClassOfStatus(refusal.status), std::move(message),
                    known ? rule->errno_value : 0);
  if (!refusal.request_id.empty()) error = error.WithRequestId(refusal.request_id);
  if (refusal.retry_after_ms > 0) error = error.WithRetryAfterMs(refusal.retry_after_ms);
  return error;
}

}  // namespace objclient
