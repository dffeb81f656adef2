#include "objclient/azure/azure_error.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "objclient/rest/xml.h"

namespace objclient {

namespace {

using base::ErrorClass;

constexpr std::array kRules = {
    RefusalRule{"ContainerNotFound", ErrorClass::kNotFound, kNoBucketErrno,
                "there is no such container in the account: check the URL and --endpoint"},
    RefusalRule{"FilesystemNotFound", ErrorClass::kNotFound, kNoBucketErrno,
                "there is no such container in the account: check the URL and --endpoint"},
    RefusalRule{"OperationNotSupportedOnDirectory", ErrorClass::kConflict, EISDIR,
                "a directory has the name"},
    RefusalRule{"FeatureNotYetSupportedForHierarchicalNamespaceAccounts", ErrorClass::kUnsupported,
                0, ""},
    RefusalRule{"InvalidBlockList", ErrorClass::kNotFound, 0,
                "the store has lost a block of the upload"},
    RefusalRule{"AuthenticationFailed", ErrorClass::kAuth, 0,
                "the key or token is wrong or has expired, or this machine's clock is wrong"},
    RefusalRule{"AuthorizationPermissionMismatch", ErrorClass::kAuth, 0,
                "the identity needs a role such as Storage Blob Data Contributor"},
    RefusalRule{"AuthorizationFailure", ErrorClass::kAuth, 0,
                "the key is wrong, or the account's network rules or the SAS do not allow it"},
    RefusalRule{"KeyBasedAuthenticationNotPermitted", ErrorClass::kAuth, 0,
                "the account takes no account keys: sign in with an identity"},
    RefusalRule{"PublicAccessNotPermitted", ErrorClass::kAuth, 0,
                "the account allows no anonymous access: credentials are needed"},
    RefusalRule{"NoAuthenticationInformation", ErrorClass::kAuth, 0, "credentials are needed"},
    RefusalRule{"CannotVerifyCopySource", ErrorClass::kAuth, 0,
                "the service may not read the source of the copy"},
    RefusalRule{"AccountIsDisabled", ErrorClass::kAuth, 0, "the account is disabled"},
    RefusalRule{"BlobArchived", ErrorClass::kAuth, 0,
                "the blob is archived: rehydrate it in the store first"},
    RefusalRule{"BlobBeingRehydrated", ErrorClass::kAuth, 0, "the blob is not rehydrated yet"},
    RefusalRule{"LeaseIdMissing", ErrorClass::kAuth, 0, "somebody holds a lease on the blob"},
    RefusalRule{"LeaseAlreadyPresent", ErrorClass::kAuth, 0, "somebody holds a lease on the blob"},
    RefusalRule{"SnapshotsPresent", ErrorClass::kAuth, 0, "the blob has snapshots"},
    RefusalRule{"BlobImmutableDueToPolicy", ErrorClass::kAuth, EROFS,
                "a policy of the container forbids it"},
    RefusalRule{"InvalidBlobType", ErrorClass::kUnsupported, 0, "this is no block blob"},
    RefusalRule{"InvalidBlobOrBlock", ErrorClass::kInvalid, 0,
                "another tool began to upload this blob and left blocks behind: they go with the "
                "blob, or after a week"},
    RefusalRule{"BlobOperationNotSupported", ErrorClass::kUnsupported, 0, ""},
    RefusalRule{"FeatureNotSupported", ErrorClass::kUnsupported, 0, ""},
    RefusalRule{"UnsupportedHttpVerb", ErrorClass::kUnsupported, 0, ""},
    RefusalRule{"Md5Mismatch", ErrorClass::kCorrupt, 0, "bytes changed on their way to the store"},
    RefusalRule{"Crc64Mismatch", ErrorClass::kCorrupt, 0,
                "bytes changed on their way to the store"},
    RefusalRule{"OutOfRangeInput", ErrorClass::kInvalid, ENAMETOOLONG,
                "the name is too long or has a character that Azure does not take"},
    RefusalRule{"BlockCountExceedsLimit", ErrorClass::kInvalid, EFBIG, ""},
    RefusalRule{"RequestBodyTooLarge", ErrorClass::kInvalid, EFBIG, ""},
    RefusalRule{"MetadataTooLarge", ErrorClass::kInvalid, E2BIG, ""},
    RefusalRule{"ContainerBeingDeleted", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"ContainerBeingDisabled", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"OperationTimedOut", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"InternalError", ErrorClass::kUnavailable, 0, ""},
    RefusalRule{"ServerBusy", ErrorClass::kThrottled, 0, ""},
};

}  // namespace

Refusal ReadAzureRefusal(const HttpResponse& response, std::string_view body) {
  constexpr std::uint64_t kRetryAfterMaxMs = 3'600'000;
  Refusal refusal = ReadRefusal(response);
  const HttpHeaders& headers = response.headers;
  refusal.code = headers.Value("x-ms-error-code");
  refusal.request_id = headers.Value("x-ms-request-id");
  if (const auto wait = ParseDecimal(headers.Value("x-ms-retry-after-ms"))) {
    refusal.retry_after_ms = static_cast<std::uint32_t>(std::min(*wait, kRetryAfterMaxMs));
  }
  pugi::xml_document document;
  const auto error = ParseXml(document, body, "Error");
  if (!error.ok()) return refusal;
  if (refusal.code.empty()) refusal.code = ChildText(*error, "Code");
  // Behind the first line are request id and time, which the log has anyway.
  refusal.message = ChildText(*error, "Message");
  refusal.message = refusal.message.substr(0, refusal.message.find_first_of("\r\n"));
  return refusal;
}

base::Error ToAzureError(const Refusal& refusal, std::string_view what) {
  return ToError(refusal, what, kRules);
}

bool MeansStaleAzureCredentials(const Refusal& refusal) {
  constexpr std::array<std::string_view, 4> kCodes = {"AuthenticationFailed",
                                                      "ExpiredAuthenticationToken",
                                                      "InvalidAuthenticationInfo", "InvalidToken"};
  return refusal.status == 401 ||
         std::find(kCodes.begin(), kCodes.end(), refusal.code) != kCodes.end();
}

}  // namespace objclient
