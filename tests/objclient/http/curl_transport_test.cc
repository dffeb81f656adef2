// CurlTransport with its loops, transfers and handles: what goes over the wire, and how it ends.
#include "objclient/http/curl_transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/objclient/http/curl_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class CurlTransportTest : public CurlFixture {};

TEST_F(CurlTransportTest, GetsStatusHeadersAndBody) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{Answer("404 Not Found", "gone", "X-A: b\r\n")};
  });
  Open();
  const Outcome outcome = Send(Request("GET")).get();
  ASSERT_TRUE(outcome.result.ok());
  EXPECT_EQ(outcome.result->status, 404);
  EXPECT_EQ(outcome.result->headers.Value("x-a"), "b");
  EXPECT_EQ(outcome.body, "gone");
}

TEST_F(CurlTransportTest, SendsThePathAndHeadersAsTheyAre) {
  std::string head;
  Serve([&](const SeenRequest& request) {
    head = request.head;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  HttpRequest request = Request("GET", "/b/../%2e%2E//k?a=&b=1");
  request.headers.Add("x-amz-date", "now");
  request.headers.Add("x-empty", "");
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_TRUE(head.starts_with("GET /b/../%2e%2E//k?a=&b=1 HTTP/1.1\r\n")) << head;
  EXPECT_NE(head.find("x-amz-date: now\r\n"), std::string::npos);
  EXPECT_NE(head.find("x-empty:\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Accept:"), std::string::npos);
}

TEST_F(CurlTransportTest, UploadsAllPiecesWithoutWaitingFor100) {
  SeenRequest seen;
  Serve([&](const SeenRequest& request) {
    seen = request;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  std::string content(5 << 20, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 255);
  const auto bytes = std::as_bytes(std::span(content));
  HttpRequest request = Request("PUT", "/k");
  request.has_body = true;
  request.body = {bytes.first(1), {}, bytes.subspan(1, 3 << 20), bytes.subspan((3 << 20) + 1)};
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_EQ(seen.body, content);
  EXPECT_EQ(seen.head.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_EQ(metrics_.Get("http_sent_bytes").value(), content.size());
}

TEST_F(CurlTransportTest, AnEmptyBodyHasALength) {
  std::string head;
  Serve([&](const SeenRequest& request) {
    head = request.head;
    return ScriptedAnswer{Answer("200 OK", "")};
  });
  Open();
  HttpRequest request = Request("POST");
  request.has_body = true;
  ASSERT_TRUE(Send(std::move(request)).get().result.ok());
  EXPECT_TRUE(head.starts_with("POST "));
  EXPECT_NE(head.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST_F(CurlTransportTest, HeadHasNoBodyAndConnectionsAreUsedAgain) {
  Serve([](const SeenRequest& request) {
    if (!request.head.starts_with("HEAD")) return ScriptedAnswer{Answer("200 OK", "x")};
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"};
  });
  Open();
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = Send(Request("HEAD")).get();
    ASSERT_TRUE(outcome.result.ok());
    EXPECT_EQ(outcome.result->headers.Value("content-length"), "1234");
    ASSERT_TRUE(Send(Request("GET")).get().result.ok());
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(CurlTransportTest, AConnectionThatBreaksIsUnavailable) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", true};
  });
  Open();
  const Outcome outcome = Send(Request("GET", "/key?X-Secret=1")).get();
  ASSERT_FALSE(outcome.result.ok());
  EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kUnavailable);
  EXPECT_NE(outcome.result.error().message().find("/key"), std::string::npos);
  EXPECT_EQ(outcome.result.error().message().find("X-Secret"), std::string::npos);
  EXPECT_EQ(outcome.body, "only this");
}

// libcurl would send it again, to a store that may have done it already.
TEST_F(CurlTransportTest, WhatChangesSomethingIsSentOnce) {
  std::atomic<int> changes = 0;
  Serve([&](const SeenRequest& request) {
    if (request.head.starts_with("GET")) return ScriptedAnswer{Answer("200 OK", "x")};
    ++changes;
    return ScriptedAnswer{.bytes = {}, .reset = true};
  });
  Open();
  const std::string content(1000, 'x');
  int sent = 0;
  for (const char* method : {"PUT", "POST", "DELETE"}) {
    for (const bool with_bytes : {false, true}) {
      ASSERT_TRUE(Send(Request("GET")).get().result.ok());  // leaves a connection to be used again
      HttpRequest request = Request(method);
      request.has_body = with_bytes || request.method != "DELETE";
      if (with_bytes) request.body = {std::as_bytes(std::span(content))};
      const Outcome outcome = Send(std::move(request)).get();
      ASSERT_FALSE(outcome.result.ok()) << method;
      EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kUnavailable);
      EXPECT_EQ(changes.load(), ++sent) << method;
    }
  }
}

TEST_F(CurlTransportTest, NobodyListens) {
  Open();
  HttpRequest request;
  request.method = "GET";
  request.url = "http://127.0.0.1:9/";
  EXPECT_EQ(Send(std::move(request)).get().result.error().error_class(), ErrorClass::kUnavailable);
  request.method = "GET";
  request.url = "gopher://127.0.0.1/";
  EXPECT_EQ(Send(std::move(request)).get().result.error().error_class(), ErrorClass::kInvalid);
}

TEST_F(CurlTransportTest, AServerThatHangsIsATimeout) {
  Serve([](const SeenRequest&) {
    return ScriptedAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart", false, true};
  });
  CurlTransport::Options options;
  options.stall_timeout = std::chrono::milliseconds(1000);
  Open(options);
  EXPECT_EQ(Send(Request("GET")).get().result.error().error_class(), ErrorClass::kTimeout);
}

TEST_F(CurlTransportTest, TheReceiverMayStop) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{Answer("200 OK", "body")}; });
  Open();
  for (const bool at_headers : {true, false}) {
    std::promise<base::Result<HttpResponse>> done;
    transport_->Send(Request("GET"), {[&](const HttpResponse&) { return !at_headers; },
                                      [](std::span<const std::byte>) { return false; },
                                      [&](base::Result<HttpResponse> result) {
                                        done.set_value(std::move(result));
                                      }});
    const auto result = done.get_future().get();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().error_class(), ErrorClass::kCancelled);
  }
}

TEST_F(CurlTransportTest, TheEndCancelsWhatRunsAndWhatWaits) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{"", false, true}; });
  CurlTransport::Options options;
  options.connections = 2;
  Open(options);
  std::vector<std::future<Outcome>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(Send(Request("GET")));
  transport_.reset();
  for (auto& one : waiting) {
    EXPECT_EQ(one.get().result.error().error_class(), ErrorClass::kCancelled);
  }
}

TEST_F(CurlTransportTest, ARequestToStopEndsWhatRunsAndWhatComes) {
  Serve([](const SeenRequest&) { return ScriptedAnswer{"", false, true}; });
  std::stop_source stop;
  CurlTransport::Options options;
  options.connections = 1;
  options.stop = stop.get_token();
  Open(options);
  auto runs = Send(Request("GET"));
  auto waits = Send(Request("GET"));
  stop.request_stop();
  auto comes = Send(Request("GET"));
  for (auto* outcome : {&runs, &waits, &comes}) {
    EXPECT_EQ(outcome->get().result.error().error_class(), ErrorClass::kUnavailable);
  }
}

TEST_F(CurlTransportTest, HeadersWithoutEndAreRefused) {
  Serve([](const SeenRequest&) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 4000; ++i) bytes += "X-Filler: " + std::string(60, 'x') + "\r\n";
    return ScriptedAnswer{bytes + "\r\n", true};
  });
  Open();
  EXPECT_FALSE(Send(Request("GET")).get().result.ok());
}

}  // namespace
}  // namespace objclient
