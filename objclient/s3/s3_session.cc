#include "objclient/s3/s3_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "objclient/auth/key_document.h"
#include "objclient/s3/google_dialect.h"

namespace objclient {

namespace {

bool OpensSession(const RestRequest& request) {
  return std::any_of(request.query.begin(), request.query.end(),
                     [](const auto& parameter) { return parameter.first == "session"; });
}

// Who has ended already: what is asked for first opens one.
Credentials NoSession() {
  Credentials none;
  none.expires_ns = 0;
  return none;
}

}  // namespace

// One request from its signature to its last callback, with at most one correction of each kind.
// Shared by the callbacks of the transfer that is under way.
class S3Session::SignedExchange : public std::enable_shared_from_this<SignedExchange> {
 public:
  SignedExchange(S3Session& session, RestRequest request, AnswerReceiver receiver)
      : session_(session),
        request_(std::move(request)),
        receiver_(std::move(receiver)),
        signer_(session.SignerOf(request_)) {}

  void Start() {
    auto self = shared_from_this();
    const Handle valid = signer_.Get([self](base::Result<Handle> renewed) {
      if (!renewed.ok()) return self->Answer(renewed.error().Annotate(self->What()));
      self->SendAs(std::move(*renewed));
    });
    if (valid != nullptr) SendAs(valid);
  }

 private:
  using Handle = Refreshing<Credentials>::Handle;

  void SendAs(Handle credentials) {
    credentials_ = std::move(credentials);
    auto self = shared_from_this();
    Exchange(*session_.transport_, session_.Signed(request_, *credentials_),
             {OnStart(), receiver_.on_body,
              [self](base::Result<HttpAnswer> answer) { self->OnDone(std::move(answer)); }});
  }

  std::function<bool(const HttpResponse&)> OnStart() const {
    if (!session_.generations_ || !receiver_.on_start) return receiver_.on_start;
    return [self = shared_from_this()](const HttpResponse& response) {
      HttpResponse amazon = response;
      FromGoogle(self->request_, amazon.headers);
      return self->receiver_.on_start(amazon);
    };
  }

  void Answer(base::Result<HttpAnswer> answer) { receiver_.on_done(std::move(answer)); }

  void OnDone(base::Result<HttpAnswer> answer) {
    if (!answer.ok()) return Answer(answer.error().Annotate(What()));
    if (session_.generations_) FromGoogle(request_, answer->response.headers);
    const bool failed_late =
        answer->success() && request_.may_fail_with_200 && ParseErrorDocument(answer->body);
    if (answer->success() && !failed_late) return Answer(std::move(answer));
    const S3Failure failure = ReadFailure(answer->response, answer->body);
    if (Correct(failure)) return Start();
    Answer(Refusal(failure));
  }

  bool Correct(const S3Failure& failure) {
    if (!clock_corrected_ && session_.clock_.Correct(failure)) return clock_corrected_ = true;
    if (!region_corrected_ && session_.CorrectRegion(failure)) return region_corrected_ = true;
    if (!renewed_ && IsStale(failure) && signer_.Rejected(credentials_)) {
      return renewed_ = true;
    }
    return false;
  }

  // A HEAD carries no code: where the keys are temporary ones, they may have ended.
  bool IsStale(const S3Failure& failure) const {
    if (credentials_->anonymous()) return false;
    if (MeansStaleCredentials(failure)) return true;
    const bool refused = failure.status == 400 || failure.status == 403;
    return refused && failure.code.empty() && credentials_->expires_ns.has_value();
  }

  base::Error Refusal(const S3Failure& failure) {
    base::Error error = ToError(failure, What());
    if (error.error_class() != base::ErrorClass::kAuth) return error;
    if (credentials_->anonymous()) {
      return error.Annotate(
          "no credentials found (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role "
          "of the machine; `cairnfs info` tells where was looked)");
    }
    return error.Annotate("credentials: " + credentials_->origin);
  }

  std::string What() const {
    return fmt::format("{} {}", request_.method, session_.location().Name(request_.key));
  }

  S3Session& session_;
  const RestRequest request_;
  const AnswerReceiver receiver_;
  Refreshing<Credentials>& signer_;
  Handle credentials_;  // of the attempt under way
  bool clock_corrected_ = false;
  bool region_corrected_ = false;
  bool renewed_ = false;
};

S3Session::S3Session(std::unique_ptr<HttpTransport> transport, S3Location location,
                     std::unique_ptr<Refreshing<Credentials>> credentials, base::Clock& clock,
                     S3Headers headers)
    : headers_(std::move(headers)),
      clock_(clock),
      local_clock_(clock),
      credentials_(std::move(credentials)),
      generations_(location.provider->generations),
      location_(std::move(location)),
      bucket_session_(location_.provider->directory_buckets
                          ? std::make_unique<Refreshing<Credentials>>(
                                NoSession(), [this] { return OpenSession(); }, clock)
                          : nullptr),
      transport_(std::move(transport)) {}

// A renewal that ends late must not send any more; then the transport cancels what is under way.
S3Session::~S3Session() {
  credentials_->Stop();
  if (bucket_session_) bucket_session_->Stop();
}

Refreshing<Credentials>& S3Session::SignerOf(const RestRequest& request) const {
  // Who may open a session, and read the source of a copy, is asked of us and not of the session.
  const bool as_ourselves =
      OpensSession(request) || request.headers.Find("x-amz-copy-source") != nullptr;
  return bucket_session_ == nullptr || as_ourselves ? *credentials_ : *bucket_session_;
}

base::Result<Credentials> S3Session::OpenSession() {
  auto answer = Call(BuildCreateSession());
  if (!answer.ok()) return answer.error().Annotate("open a session with the bucket");
  const std::string date = answer->response.headers.Value("date");
  TRY_ASSIGN(Credentials keys,
             ParseKeyXml(base::Secret(std::move(answer->body)), date, local_clock_));
  keys.origin = "a session with the bucket";
  if (const auto ours = credentials_->Latest()) keys.origin += ", opened with " + ours->origin;
  keys.token_header = "x-amz-s3session-token";
  return keys;
}

S3Location S3Session::location() const {
  base::MutexLock lock(mutex_);
  return location_;
}

HttpRequest S3Session::Signed(const RestRequest& request, const Credentials& credentials) {
  S3Location location;
  {
    base::MutexLock lock(mutex_);
    location = location_;
  }
  return objclient::Sign(request, location, credentials, clock_.EpochSeconds());
}

bool S3Session::CorrectRegion(const S3Failure& failure) {
  if (failure.status != 301 && failure.status != 307 && failure.status != 400) return false;
  base::MutexLock lock(mutex_);
  if (failure.region.empty() || failure.region == location_.region) return false;
  auto moved = LocateBucket(location_.is_aws ? "" : location_.endpoint.ToString(), failure.region,
                            location_.bucket, location_.addressing);
  // An access point stays where its ARN says.
  if (!moved.ok() || moved->region == location_.region) return false;
  location_ = std::move(*moved);
  return true;
}

void S3Session::Send(RestRequest request, AnswerReceiver receiver) {
  headers_.AddTo(request);
  if (generations_) ToGoogle(request);
  std::make_shared<SignedExchange>(*this, std::move(request), std::move(receiver))->Start();
}

base::Result<HttpAnswer> S3Session::Call(RestRequest request) {
  return AwaitAnswer([&](AnswerReceiver receiver) {
    Send(std::move(request), std::move(receiver));
    return base::Ok();
  });
}

}  // namespace objclient
