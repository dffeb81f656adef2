#include "objclient/s3/s3_error.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace objclient {

namespace {

using base::ErrorClass;

// Codes whose class the status does not tell, or with advice for a person.
constexpr std::array kRules = {
    RefusalRule{
        "NoSuchBucket", ErrorClass::kNotFound, kNoBucketErrno,
        "there is no such bucket at this endpoint: check its name, --endpoint and --region"},
    RefusalRule{"NoSuchUpload", ErrorClass::kNotFound, 0, ""},
    RefusalRule{"InvalidPart", ErrorClass::kNotFound, 0, "the store has lost a part of the upload"},
    RefusalRule{
        "InvalidAccessKeyId", ErrorClass::kAuth, 0,
        "this endpoint does not know the access key: check AWS_ACCESS_KEY_ID or the profile"},
    RefusalRule{"SignatureDoesNotMatch", ErrorClass::kAuth, 0,
                "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY"},
    RefusalRule{"ExpiredToken", ErrorClass::kAuth, 0,
                "the session has expired: get new credentials"},
    RefusalRule{"RequestTimeTooSkewed", ErrorClass::kAuth, 0, "this machine's clock is wrong"},
    RefusalRule{"AuthorizationHeaderMalformed", ErrorClass::kAuth, 0, "check --region"},
    RefusalRule{"PermanentRedirect", ErrorClass::kInvalid, 0,
                "the bucket lives in another region: check --region and --endpoint"},
    RefusalRule{"IllegalLocationConstraintException", ErrorClass::kInvalid, 0, "check --region"},
    RefusalRule{"QuotaExceeded", ErrorClass::kNoSpace, EDQUOT, "the quota in the store is used up"},
    RefusalRule{"InsufficientCapacity", ErrorClass::kNoSpace, ENOSPC, "the store is full"},
    RefusalRule{"EntityTooLarge", ErrorClass::kInvalid, EFBIG, ""},
    RefusalRule{"KeyTooLongError", ErrorClass::kInvalid, ENAMETOOLONG, ""},
    RefusalRule{"InvalidObjectName", ErrorClass::kInvalid, ENAMETOOLONG, ""},
    RefusalRule{"BadDigest", ErrorClass::kCorrupt, 0, "bytes changed on their way to the store"},
    RefusalRule{"XAmzContentSHA256Mismatch", ErrorClass::kCorrupt, 0, ""},
    RefusalRule{"XAmzContentChecksumMismatch", ErrorClass::kCorrupt, 0,
                "bytes changed on their way to the store"},
    RefusalRule{"InvalidRange", ErrorClass::kInvalid, 0, ""},
    RefusalRule{"NotImplemented", ErrorClass::kUnsupported, 0, ""},
    RefusalRule{"MethodNotAllowed", ErrorClass::kUnsupported, 0, ""},
    RefusalRule{"RequestTimeout", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"IncompleteBody", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"OperationAborted", ErrorClass::kUnavailable, 0, ""},
    // Another request came between; it does not say that the object is another one.
    RefusalRule{"ConditionalRequestConflict", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"InternalError", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"ServiceUnavailable", ErrorClass::kThrottled, 0, ""},
    RefusalRule{"SlowDown", ErrorClass::kThrottled, 0, ""},
    RefusalRule{"InvalidObjectState", ErrorClass::kAuth, 0,
                "the object is archived: restore it in the store first"},
};

}  // namespace

S3Failure ReadFailure(const HttpResponse& response, std::string_view body) {
  S3Failure failure;
  static_cast<Refusal&>(failure) = ReadRefusal(response);
  if (auto document = ParseErrorDocument(body)) {
    failure.code = std::move(document->code);
    failure.message = std::move(document->message);
    failure.request_id = std::move(document->request_id);
    failure.region = std::move(document->region);
  }
  const HttpHeaders& headers = response.headers;
  if (failure.request_id.empty()) failure.request_id = headers.Value("x-amz-request-id");
  if (failure.region.empty()) failure.region = headers.Value("x-amz-bucket-region");
  return failure;
}

base::Error ToError(const S3Failure& failure, std::string_view what) {
  return ToError(failure, what, kRules);
}

bool MeansStaleCredentials(const S3Failure& failure) {
  constexpr std::array<std::string_view, 8> kCodes = {
      "ExpiredToken",          "TokenRefreshRequired",  "InvalidToken",
      "InvalidAccessKeyId",    "SignatureDoesNotMatch", "InvalidSecurity",
      "ExpiredTokenException", "InvalidTokenId"};
  return failure.status == 401 ||
         std::find(kCodes.begin(), kCodes.end(), failure.code) != kCodes.end();
}

}  // namespace objclient
