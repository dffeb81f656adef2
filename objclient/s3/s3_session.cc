#include "objclient/s3/s3_session.h"

#include <fmt/format.h>

#include <cstdlib>

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSkewSecondsMin = 240;  // stores refuse from 300 or 900 on

}  // namespace

// One request from its signature to its last callback, with at most one correction of each kind.
// Shared by the callbacks of the transfer that is under way.
class S3Session::SignedExchange : public std::enable_shared_from_this<SignedExchange> {
 public:
  SignedExchange(S3Session& session, RestRequest request, AnswerReceiver receiver)
      : session_(session), request_(std::move(request)), receiver_(std::move(receiver)) {}

  // An error means that nothing was sent and on_done was not called.
  base::Status Start() {
    TRY_ASSIGN(HttpRequest http, session_.Signed(request_, credentials_));
    auto self = shared_from_this();
    Exchange(*session_.transport_, std::move(http),
             {receiver_.on_start, receiver_.on_body,
              [self](base::Result<HttpAnswer> answer) { self->OnDone(std::move(answer)); }});
    return base::Ok();
  }

 private:
  void Answer(base::Result<HttpAnswer> answer) { receiver_.on_done(std::move(answer)); }

  void OnDone(base::Result<HttpAnswer> answer) {
    if (!answer.ok()) return Answer(answer.error().Annotate(What()));
    const bool failed_late =
        answer->success() && request_.may_fail_with_200 && ParseErrorDocument(answer->body);
    if (answer->success() && !failed_late) return Answer(std::move(answer));
    const S3Failure failure = ReadFailure(answer->response, answer->body);
    if (Correct(failure)) {
      const base::Status again = Start();
      if (!again.ok()) Answer(again.error());
      return;
    }
    Answer(Refusal(failure));
  }

  bool Correct(const S3Failure& failure) {
    if (!clock_corrected_ && session_.CorrectClock(failure)) return clock_corrected_ = true;
    if (!region_corrected_ && session_.CorrectRegion(failure)) return region_corrected_ = true;
    return false;
  }

  base::Error Refusal(const S3Failure& failure) {
    base::Error error = ToError(failure, What());
    if (error.error_class() != base::ErrorClass::kAuth) return error;
    if (credentials_.anonymous()) {
      return error.Annotate(
          "no credentials found (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile)");
    }
    if (MeansStaleCredentials(failure) && session_.credentials_->Rejected(credentials_)) {
      // Files are not read on this thread: the next attempt does it.
      return base::Error(base::ErrorClass::kUnavailable, error.message())
          .WithRequestId(failure.request_id)
          .Annotate("credentials refused, looking for new ones");
    }
    return error.Annotate("credentials from " + credentials_.origin);
  }

  std::string What() const {
    return fmt::format("{} {}", request_.method, session_.location().Name(request_.key));
  }

  S3Session& session_;
  const RestRequest request_;
  const AnswerReceiver receiver_;
  Credentials credentials_;
  bool clock_corrected_ = false;
  bool region_corrected_ = false;
};

S3Session::S3Session(std::unique_ptr<HttpTransport> transport, S3Location location,
                     std::unique_ptr<CredentialProvider> credentials, base::Clock& clock)
    : clock_(clock),
      credentials_(std::move(credentials)),
      location_(std::move(location)),
      transport_(std::move(transport)) {}

S3Session::~S3Session() = default;

S3Location S3Session::location() const {
  base::MutexLock lock(mutex_);
  return location_;
}

base::Result<HttpRequest> S3Session::Signed(const RestRequest& request, Credentials& used) {
  TRY_ASSIGN(used, credentials_->Get());
  std::int64_t now = clock_.WallNs() / kNsPerSecond;
  S3Location location;
  {
    base::MutexLock lock(mutex_);
    now += skew_seconds_;
    location = location_;
  }
  return objclient::Sign(request, location, used, now);
}

bool S3Session::CorrectClock(const S3Failure& failure) {
  // A HEAD carries no code, so a 403 from a store with another time is taken for one as well.
  if (failure.status != 403 || !failure.server_seconds) return false;
  const std::int64_t skew = *failure.server_seconds - clock_.WallNs() / kNsPerSecond;
  base::MutexLock lock(mutex_);
  if (std::llabs(skew - skew_seconds_) < kSkewSecondsMin) return false;
  skew_seconds_ = skew;
  return true;
}

bool S3Session::CorrectRegion(const S3Failure& failure) {
  if (failure.status != 301 && failure.status != 307 && failure.status != 400) return false;
  base::MutexLock lock(mutex_);
  if (failure.region.empty() || failure.region == location_.region) return false;
  auto moved = LocateBucket(location_.is_aws ? "" : location_.endpoint.ToString(), failure.region,
                            location_.bucket);
  if (!moved.ok()) return false;
  location_ = std::move(*moved);
  return true;
}

base::Status S3Session::Send(RestRequest request, AnswerReceiver receiver) {
  return std::make_shared<SignedExchange>(*this, std::move(request), std::move(receiver))->Start();
}

base::Result<HttpAnswer> S3Session::Call(RestRequest request) {
  return AwaitAnswer(
      [&](AnswerReceiver receiver) { return Send(std::move(request), std::move(receiver)); });
}

}  // namespace objclient
