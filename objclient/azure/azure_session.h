// AzureSession: signed requests to one container. It adds version, time and credentials, and turns
// refusals into Errors. It does not retry, that is RetryingStore's; where the store tells what was
// wrong with a request (our clock, an expired token) it learns that and answers kUnavailable.
//
// Owned by AzureStore; any thread but the transport's, on which receivers are called.
#pragma once

#include <memory>
#include <string>

#include "objclient/auth/azure_credentials.h"
#include "objclient/azure/azure_location.h"
#include "objclient/azure/azure_request.h"
#include "objclient/http/http_transport.h"
#include "objclient/rest/exchange.h"
#include "objclient/rest/server_clock.h"

namespace objclient {

class AzureSession {
 public:
  // `clock` must outlive the session, and the session every request of its own.
  AzureSession(std::unique_ptr<HttpTransport> transport, AzureLocation location,
               std::unique_ptr<AzureCredentials> credentials, base::Clock& clock);
  ~AzureSession();

  const AzureLocation& location() const { return location_; }
  const std::string& credentials_origin() const { return credentials_->origin(); }
  // Only a success (2xx) is an answer. An error means that nothing was sent and that on_done will
  // not be called.
  base::Status Send(AzureRequest request, AnswerReceiver receiver);
  // Blocks until the answer is there.
  base::Result<HttpAnswer> Call(AzureRequest request);

  // For a request that travels inside another one, whose version holds for it, too. `request` must
  // outlive it.
  base::Result<HttpRequest> SignInner(const AzureRequest& request);

 private:
  struct Signed {
    HttpRequest http;
    std::uint64_t secret = 0;
  };
  base::Result<Signed> Sign(const AzureRequest& request, bool inner);
  base::Error RefusalOf(const AzureRequest& request, const HttpAnswer& answer,
                        std::uint64_t secret);

  const AzureLocation location_;
  const std::unique_ptr<AzureCredentials> credentials_;
  ServerClock clock_;
  const std::unique_ptr<HttpTransport> transport_;  // last: its end cancels what uses the rest
};

}  // namespace objclient
