// FakeTransport: an HttpTransport whose answers a function gives, on a thread of its own. The test
// owns what the function captures; requests are kept for inspection.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "objclient/http/http_transport.h"

namespace objclient {

inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span<const char>(text));
}

struct FakeAnswer {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool broken = false;  // the connection ends after the body
};

struct SentRequest {
  std::string method;
  std::string url;
  HttpHeaders headers;
  std::string body;
};

class FakeTransport : public HttpTransport {
 public:
  explicit FakeTransport(std::function<FakeAnswer(const SentRequest&)> script)
      : script_(std::move(script)), executor_({.name = "fake-http", .threads = 2}) {}

  void Send(HttpRequest request, HttpHandler handler) override {
    executor_.Submit([this, request = std::move(request), handler = std::move(handler)] {
      SentRequest sent{request.method, request.url, request.headers, {}};
      for (const auto& piece : request.body) {
        sent.body.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      }
      {
        base::MutexLock lock(mutex_);
        sent_.push_back(sent);
      }
      Answer(script_(sent), handler);
    });
  }

  std::vector<SentRequest> sent() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return sent_;
  }

 private:
  static void Answer(const FakeAnswer& answer, const HttpHandler& handler) {
    HttpResponse response;
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) response.headers.Add(name, value);
    const base::Error stopped(base::ErrorClass::kCancelled, "stopped");
    if (handler.on_headers && !handler.on_headers(response)) return handler.on_done(stopped);
    const auto bytes = std::as_bytes(std::span<const char>(answer.body));
    // In small pieces, as they come from a network.
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
      const auto piece = bytes.subspan(at, std::min<std::size_t>(1000, bytes.size() - at));
      if (handler.on_body && !handler.on_body(piece)) return handler.on_done(stopped);
    }
    if (answer.broken) {
      return handler.on_done(base::Error(base::ErrorClass::kUnavailable, "broken"));
    }
    handler.on_done(std::move(response));
  }

  const std::function<FakeAnswer(const SentRequest&)> script_;
  mutable base::Mutex mutex_;
  std::vector<SentRequest> sent_ GUARDED_BY(mutex_);
  base::Executor executor_;  // last: its tasks use the rest
};

}  // namespace objclient
