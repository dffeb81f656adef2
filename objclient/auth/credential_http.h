// CredentialHttp: the few small requests that get credentials, answered in place: metadata
// services, token services. Owned by a chain of sources; one thread at a time. It opens its
// transport when it is first needed: most mounts find their credentials without one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "objclient/http/http_transport.h"

namespace objclient {

struct CredentialAnswer {
  int status = 0;
  HttpHeaders headers;
  base::Secret body;
  bool ok() const { return status >= 200 && status < 300; }
};

class CredentialHttp {
 public:
  using OpenTransport = std::function<base::Result<std::unique_ptr<HttpTransport>>()>;
  struct Limits {
    std::chrono::milliseconds time{5000};  // for one attempt
    int attempts = 3;                      // for answers and failures that may pass
  };

  // `clock` must outlive it.
  CredentialHttp(OpenTransport open, base::Clock& clock);

  // Any status is an answer; an error means that none came in time.
  base::Result<CredentialAnswer> Fetch(const HttpRequest& request, const base::Secret& body,
                                       const Limits& limits);

 private:
  base::Result<CredentialAnswer> FetchOnce(HttpRequest request, const base::Secret& body,
                                           std::chrono::milliseconds limit);

  const OpenTransport open_;
  base::Clock& clock_;
  std::unique_ptr<HttpTransport> transport_;
};

// What a refusal of `service` means: its class, its status, and `detail`, which holds no secret.
base::Error CredentialRefusal(const std::string& service, int status, const std::string& detail);

}  // namespace objclient
