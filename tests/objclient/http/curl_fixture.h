// CurlFixture: a CurlTransport and, where a test wants one, a scripted server. Of one test; its
// thread.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "objclient/http/curl_transport.h"
#include "tests/objclient/http/loopback_server.h"

namespace objclient {

struct Outcome {
  base::Result<HttpResponse> result;
  std::string body;
};

class CurlFixture : public testing::Test {
 protected:
  void Open(CurlTransport::Options options = {}) {
    auto transport = CurlTransport::Open(options, metrics_);
    ASSERT_TRUE(transport.ok());
    transport_ = std::move(*transport);
  }
  void Serve(std::function<ScriptedAnswer(const SeenRequest&)> script) {
    server_ = std::make_unique<LoopbackServer>(std::move(script));
  }

  std::future<Outcome> Send(HttpRequest request) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto body = std::make_shared<std::string>();
    auto future = promise->get_future();
    transport_->Send(std::move(request),
                     {nullptr,
                      [body](std::span<const std::byte> bytes) {
                        body->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                        return true;
                      },
                      [promise, body](base::Result<HttpResponse> result) {
                        promise->set_value({std::move(result), std::move(*body)});
                      }});
    return future;
  }
  HttpRequest Request(const std::string& method, const std::string& path = "/") {
    HttpRequest request;
    request.method = method;
    request.url = server_->Url(path);
    return request;
  }

  base::Metrics metrics_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<CurlTransport> transport_;
};

}  // namespace objclient
