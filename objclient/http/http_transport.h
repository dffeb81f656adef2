// HttpTransport: sends one HTTP request and streams the answer. CurlTransport in the program, a
// scripted one in tests. Any thread may call Send; the handler is called on a thread of the
// transport's, in the order on_headers, on_body..., on_done, never inline and never with a lock
// held.
#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "objclient/http/http_message.h"

namespace objclient {

struct HttpHandler {
  // Status and headers are complete. False stops the transfer (on_done gets kCancelled). Optional.
  std::function<bool(const HttpResponse&)> on_headers;
  // A piece of the body, at most a few dozen KiB; copy it, it is gone afterwards. False stops.
  std::function<bool(std::span<const std::byte>)> on_body;
  // Exactly once, last. Any status is an answer; an Error means that no complete answer came.
  std::function<void(base::Result<HttpResponse>)> on_done;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Returns at once. What waits for a connection is queued, up to a bound of the transport's:
  // beyond it a request gets kThrottled, which is worth another try. Other than GET and HEAD a
  // request reaches the server once at most: whether it may be made again, only who asks knows.
  virtual void Send(HttpRequest request, HttpHandler handler) = 0;
};

}  // namespace objclient
