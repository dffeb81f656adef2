#include "objclient/s3/s3_session.h"

#include <fmt/format.h>

#include <cstdlib>
#include <future>

namespace objclient {

namespace {

constexpr std::size_t kAnswerBytesMax = 32u << 20;  // a page of 1000 long keys is below 4 MiB
constexpr std::size_t kErrorBytesMax = 256u << 10;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSkewSecondsMin = 240;  // stores refuse from 300 or 900 on

}  // namespace

// One request from its signature to its last callback, with at most one correction of each kind.
// Shared by the callbacks of the transfer that is under way.
class S3Session::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(S3Session& session, S3Request request, S3Receiver receiver)
      : session_(session), request_(std::move(request)), receiver_(std::move(receiver)) {}

  // An error means that nothing was sent and on_done was not called.
  base::Status Start() {
    TRY_ASSIGN(HttpRequest http, session_.Signed(request_, credentials_));
    body_.clear();
    too_long_ = false;
    auto self = shared_from_this();
    session_.transport_->Send(
        std::move(http),
        {[self](const HttpResponse& response) { return self->OnHeaders(response); },
         [self](std::span<const std::byte> bytes) { return self->OnBody(bytes); },
         [self](base::Result<HttpResponse> result) { self->OnDone(std::move(result)); }});
    return base::Ok();
  }

 private:
  void Answer(base::Result<S3Answer> answer) { receiver_.on_done(std::move(answer)); }

  bool OnHeaders(const HttpResponse& response) {
    success_ = response.status >= 200 && response.status < 300;
    return !success_ || !receiver_.on_start || receiver_.on_start(response);
  }

  bool OnBody(std::span<const std::byte> bytes) {
    if (success_ && receiver_.on_body) return receiver_.on_body(bytes);
    const std::size_t limit = success_ ? kAnswerBytesMax : kErrorBytesMax;
    too_long_ = body_.size() + bytes.size() > limit;
    if (too_long_) return false;
    body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return true;
  }

  void OnDone(base::Result<HttpResponse> result) {
    if (!result.ok()) {
      if (!too_long_) return Answer(result.error().Annotate(What()));
      return Answer(base::Error(base::ErrorClass::kCorrupt, What() + ": the answer is too long"));
    }
    const bool failed_late = success_ && request_.may_fail_with_200 && ParseErrorDocument(body_);
    if (success_ && !failed_late) {
      return Answer(S3Answer{std::move(*result), std::move(body_)});
    }
    const S3Failure failure = ReadFailure(*result, body_);
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
  const S3Request request_;
  const S3Receiver receiver_;
  Credentials credentials_;
  std::string body_;
  bool success_ = false;
  bool too_long_ = false;
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

base::Result<HttpRequest> S3Session::Signed(const S3Request& request, Credentials& used) {
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

base::Status S3Session::Send(S3Request request, S3Receiver receiver) {
  return std::make_shared<Exchange>(*this, std::move(request), std::move(receiver))->Start();
}

base::Result<S3Answer> S3Session::Call(S3Request request) {
  auto promise = std::make_shared<std::promise<base::Result<S3Answer>>>();
  auto answer = promise->get_future();
  TRY(Send(std::move(request), {nullptr, nullptr, [promise](base::Result<S3Answer> result) {
                                  promise->set_value(std::move(result));
                                }}));
  return answer.get();
}

}  // namespace objclient
