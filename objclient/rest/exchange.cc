#include "objclient/rest/exchange.h"

#include <future>
#include <memory>

namespace objclient {

namespace {

constexpr std::size_t kAnswerBytesMax = 32u << 20;  // a page of 5000 long keys is below 16 MiB
constexpr std::size_t kErrorBytesMax = 256u << 10;

// Shared by the callbacks of the transfer.
class Collector {
 public:
  explicit Collector(AnswerReceiver receiver) : receiver_(std::move(receiver)) {}

  bool OnHeaders(const HttpResponse& response) {
    success_ = response.status >= 200 && response.status < 300;
    if (!success_) refusal_ = response;
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
    if (result.ok()) return receiver_.on_done(HttpAnswer{std::move(*result), std::move(body_)});
    if (!too_long_) return receiver_.on_done(result.error());
    // A gateway's page tells by its status; what it goes on about is not read.
    if (!success_) return receiver_.on_done(HttpAnswer{std::move(refusal_), std::move(body_)});
    receiver_.on_done(base::Error(base::ErrorClass::kCorrupt, "the answer is too long"));
  }

 private:
  const AnswerReceiver receiver_;
  HttpResponse refusal_;
  std::string body_;
  bool success_ = false;
  bool too_long_ = false;
};

}  // namespace

void Exchange(HttpTransport& transport, HttpRequest request, AnswerReceiver receiver) {
  auto collector = std::make_shared<Collector>(std::move(receiver));
  transport.Send(
      std::move(request),
      {[collector](const HttpResponse& response) { return collector->OnHeaders(response); },
       [collector](std::span<const std::byte> bytes) { return collector->OnBody(bytes); },
       [collector](base::Result<HttpResponse> result) { collector->OnDone(std::move(result)); }});
}

base::Result<HttpAnswer> AwaitAnswer(const std::function<base::Status(AnswerReceiver)>& send) {
  // Shared: the callback may still be returning from set_value when the waiter has gone on.
  auto promise = std::make_shared<std::promise<base::Result<HttpAnswer>>>();
  auto answer = promise->get_future();
  TRY(send({nullptr, nullptr, [promise](base::Result<HttpAnswer> result) {
              promise->set_value(std::move(result));
            }}));
  return answer.get();
}

}  // namespace objclient
