#include "objclient/azure/azure_session.h"

#include <fmt/format.h>

#include "objclient/azure/azure_error.h"
#include "objclient/http/http_date.h"

namespace objclient {

namespace {
// The newest that every feature used here needs is 2019-12-12 (large blocks); this one is old
// enough for every server and every sovereign cloud.
constexpr const char* kServiceVersion = "2021-12-02";
}  // namespace

AzureSession::AzureSession(std::unique_ptr<HttpTransport> transport, AzureLocation location,
                           std::unique_ptr<AzureCredentials> credentials, base::Clock& clock)
    : location_(std::move(location)),
      credentials_(std::move(credentials)),
      clock_(clock),
      transport_(std::move(transport)) {}

AzureSession::~AzureSession() = default;

base::Result<AzureSession::Signed> AzureSession::Sign(const AzureRequest& request, bool inner) {
  const std::int64_t now = clock_.EpochSeconds();
  Signed out{ToHttp(request, request.for_paths ? location_.PathAddress(request.key)
                                               : location_.Address(request.key)),
             0};
  if (!inner) out.http.headers.Add("x-ms-version", kServiceVersion);
  out.http.headers.Add("x-ms-date", FormatHttpDate(now));
  if (!request.copy_source.empty()) {
    const AzureCopySource source{location_.Address(request.copy_source), location_.container,
                                 request.copy_source};
    TRY(credentials_->AddCopySource(out.http, source, now));
  }
  if (!request.rename_source.empty()) {
    credentials_->AddRenameSource(
        out.http,
        fmt::format("/{}/{}", location_.container, PercentEncode(request.rename_source, true)));
  }
  TRY_ASSIGN(out.secret, credentials_->Sign(out.http, now));
  return out;
}

base::Result<HttpRequest> AzureSession::SignInner(const AzureRequest& request) {
  TRY_ASSIGN(Signed out, Sign(request, true));
  return std::move(out.http);
}

base::Error AzureSession::RefusalOf(const AzureRequest& request, const HttpAnswer& answer,
                                    std::uint64_t secret) {
  const Refusal refusal = ReadAzureRefusal(answer.response, answer.body);
  const base::Error error =
      ToAzureError(refusal, fmt::format("{} {}", request.method, location_.Name(request.key)));
  if (error.error_class() != base::ErrorClass::kAuth) return error;
  const auto once_more = [&](std::string_view why) {
    return base::Error(base::ErrorClass::kUnavailable, error.message())
        .WithRequestId(refusal.request_id)
        .Annotate(why);
  };
  if (clock_.Correct(refusal)) return once_more("this machine's clock is wrong, using the store's");
  if (MeansStaleAzureCredentials(refusal) && credentials_->Rejected(secret)) {
    return once_more("credentials refused, looking for new ones");
  }
  if (credentials_->anonymous()) {
    return error.Annotate(
        "no credentials found, the request was anonymous (AZURE_STORAGE_KEY, "
        "AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, an identity of the machine, "
        "or `az login`; `cairnfs info` tells where was looked)");
  }
  return error.Annotate("credentials: " + credentials_->origin());
}

base::Status AzureSession::Send(AzureRequest request, AnswerReceiver receiver) {
  // shared_ptr: the body lives in it until the last callback.
  const auto kept = std::make_shared<const AzureRequest>(std::move(request));
  TRY_ASSIGN(Signed out, Sign(*kept, false));
  AnswerReceiver receiving = receiver;
  receiving.on_done = [this, kept, secret = out.secret,
                       done = std::move(receiver.on_done)](base::Result<HttpAnswer> answer) {
    if (!answer.ok()) {
      return done(
          answer.error().Annotate(fmt::format("{} {}", kept->method, location_.Name(kept->key))));
    }
    if (answer->success()) return done(std::move(answer));
    done(RefusalOf(*kept, *answer, secret));
  };
  Exchange(*transport_, std::move(out.http), std::move(receiving));
  return base::Ok();
}

base::Result<HttpAnswer> AzureSession::Call(AzureRequest request) {
  return AwaitAnswer(
      [&](AnswerReceiver receiver) { return Send(std::move(request), std::move(receiver)); });
}

}  // namespace objclient
