#include "objclient/auth/credential_http.h"

#include <fmt/format.h>

#include <future>
#include <optional>

namespace objclient {

namespace {

constexpr std::size_t kAnswerBytesMax = 256 << 10;
constexpr std::chrono::milliseconds kFirstPause{200};

// One request under way. Shared with the transport: it may end after who asked has given up.
struct Exchange {
  base::Secret request_body;
  std::string answer_body;
  std::promise<base::Result<HttpResponse>> done;
  ~Exchange() { base::Secret(std::move(answer_body)); }
};

bool MayPass(int status) { return status == 429 || status >= 500; }

}  // namespace

CredentialHttp::CredentialHttp(OpenTransport open, base::Clock& clock)
    : open_(std::move(open)), clock_(clock) {}

base::Result<CredentialAnswer> CredentialHttp::Fetch(const HttpRequest& request,
                                                     const base::Secret& body,
                                                     const Limits& limits) {
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    auto answer = FetchOnce(request, body, limits.time);
    const bool passing = answer.ok() ? MayPass(answer->status) : base::IsRetryable(answer.error());
    if (!passing || attempt >= limits.attempts) return answer;
    clock_.Sleep(pause);
    pause *= 2;
  }
}

base::Result<CredentialAnswer> CredentialHttp::FetchOnce(HttpRequest request,
                                                         const base::Secret& body,
                                                         std::chrono::milliseconds limit) {
  if (transport_ == nullptr) {
    TRY_ASSIGN(transport_, open_());
  }
  auto exchange = std::make_shared<Exchange>();
  exchange->request_body = body;
  if (!body.empty()) {
    request.body = {std::as_bytes(std::span<const char>(exchange->request_body.reveal()))};
    request.has_body = true;
  }
  request.stall_timeout = limit;
  auto done = exchange->done.get_future();
  const std::string what = fmt::format("{} {}", request.method, request.url);
  transport_->Send(std::move(request), {nullptr,
                                        [exchange](std::span<const std::byte> bytes) {
                                          std::string& text = exchange->answer_body;
                                          if (text.size() + bytes.size() > kAnswerBytesMax)
                                            return false;
                                          text.append(reinterpret_cast<const char*>(bytes.data()),
                                                      bytes.size());
                                          return true;
                                        },
                                        [exchange](base::Result<HttpResponse> response) {
                                          exchange->done.set_value(std::move(response));
                                        }});
  if (done.wait_for(limit) != std::future_status::ready) {
    return base::Error(base::ErrorClass::kTimeout,
                       fmt::format("{}: no answer within {} ms", what, limit.count()));
  }
  TRY_ASSIGN(HttpResponse response, done.get());
  return CredentialAnswer{response.status, std::move(response.headers),
                          base::Secret(std::move(exchange->answer_body))};
}

base::Error CredentialRefusal(const std::string& service, int status, const std::string& detail) {
  base::ErrorClass error_class = base::ErrorClass::kAuth;
  if (status == 429) error_class = base::ErrorClass::kThrottled;
  if (status >= 500) error_class = base::ErrorClass::kUnavailable;
  return {error_class, fmt::format("{}: HTTP {}{}{}", service, status, detail.empty() ? "" : " ",
                                   detail.substr(0, 500))};
}

}  // namespace objclient
