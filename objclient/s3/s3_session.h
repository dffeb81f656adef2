// S3Session: signed requests to one bucket. It adds credentials and time, collects answers, turns
// refusals into Errors and corrects, once a request, what the store tells us is wrong with it: the
// clock, the region, credentials that have ended. It does not retry: that is RetryingStore's.
//
// A directory bucket (S3 Express) is used in sessions: keys that end after minutes, which the
// bucket itself hands out to who we are. They are renewed like all credentials that end.
//
// Owned by S3Store; any thread. Handlers are called on the transport's threads, or on the one that
// renews credentials when there are none to send with.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "objclient/auth/credentials.h"
#include "objclient/auth/refreshing.h"
#include "objclient/http/http_transport.h"
#include "objclient/rest/exchange.h"
#include "objclient/rest/server_clock.h"
#include "objclient/s3/s3_error.h"
#include "objclient/s3/s3_location.h"
#include "objclient/s3/s3_options.h"
#include "objclient/s3/s3_request.h"

namespace objclient {

class S3Session {
 public:
  // `clock` must outlive the session, and the session every request of its own. `headers` go with
  // every request.
  S3Session(std::unique_ptr<HttpTransport> transport, S3Location location,
            std::unique_ptr<Refreshing<Credentials>> credentials, base::Clock& clock,
            S3Headers headers = {});
  ~S3Session();

  S3Location location() const EXCLUDES(mutex_);
  // Only a success (2xx) is an answer. Returns at once, also when credentials are being renewed.
  void Send(RestRequest request, AnswerReceiver receiver);
  // Blocks until the answer is there. Not for the transport's own threads.
  base::Result<HttpAnswer> Call(RestRequest request);

 private:
  class SignedExchange;

  // Whose keys sign the request.
  Refreshing<Credentials>& SignerOf(const RestRequest& request) const;
  // On the thread that renews the sessions.
  base::Result<Credentials> OpenSession() EXCLUDES(mutex_);
  HttpRequest Signed(const RestRequest& request, const Credentials& credentials) EXCLUDES(mutex_);
  bool CorrectRegion(const S3Failure& failure) EXCLUDES(mutex_);

  const S3Headers headers_;
  ServerClock clock_;
  base::Clock& local_clock_;
  const std::unique_ptr<Refreshing<Credentials>> credentials_;
  const bool generations_;  // the provider speaks Google's dialect
  mutable base::Mutex mutex_;
  S3Location location_ GUARDED_BY(mutex_);
  std::unique_ptr<Refreshing<Credentials>> bucket_session_;  // constant; a directory bucket's
  const std::unique_ptr<HttpTransport> transport_;  // last: its end cancels what uses the rest
};

}  // namespace objclient
