// Exchange: one HTTP request and its answer, streamed where it is a success, collected where it is
// small or a refusal. It decides nothing: what a status means is the store's to know. Any thread;
// the receiver is called on the transport's threads.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "objclient/http/http_transport.h"

namespace objclient {

// `body` is empty when it was streamed.
struct HttpAnswer {
  HttpResponse response;
  std::string body;
  bool success() const { return response.status >= 200 && response.status < 300; }
};

struct AnswerReceiver {
  // A 2xx answer begins. False stops it; on_done then gets kCancelled. Optional.
  std::function<bool(const HttpResponse&)> on_start;
  // Its body; without it the body is collected. False stops.
  std::function<bool(std::span<const std::byte>)> on_body;
  // Exactly once, last.
  std::function<void(base::Result<HttpAnswer>)> on_done;
};

// Any status is an answer here. A refusal's body is cut off where it is too long to be read;
// kCorrupt when that of a success is.
void Exchange(HttpTransport& transport, HttpRequest request, AnswerReceiver receiver);

// Collects an answer and blocks until it is there. `send` starts the exchange; an error of its own
// means that on_done will not be called. Not for the transport's own threads.
base::Result<HttpAnswer> AwaitAnswer(const std::function<base::Status(AnswerReceiver)>& send);

}  // namespace objclient
