// CurlTransport: proxies, of the environment and of the options.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "objclient/http/curl_transport.h"
#include "tests/objclient/http/curl_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class CurlProxyTest : public CurlFixture {};

// Sets a variable while it lives; libcurl reads the process's own.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* const name_;
};

TEST_F(CurlProxyTest, TheProxyOfTheEnvironmentIsUsedButNotForThisMachine) {
  Serve([](const SeenRequest& request) {
    return ScriptedAnswer{Answer("200 OK", request.head.substr(0, request.head.find(" HTTP")))};
  });
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "http://store.invalid/bucket/key";
  const ScopedVariable proxy("http_proxy", server_->Url(""));
  Open();
  EXPECT_EQ(Send(elsewhere).get().body, "GET http://store.invalid/bucket/key");
  EXPECT_EQ(Send(Request("GET", "/here")).get().body, "GET /here");
  const ScopedVariable exception("no_proxy", "store.invalid");
  EXPECT_FALSE(Send(elsewhere).get().result.ok()) << "there is no such host";
}

TEST_F(CurlProxyTest, AProxyIsUsedButNotForThisMachine) {
  Serve([](const SeenRequest& request) {
    return ScriptedAnswer{Answer("200 OK", request.head.substr(0, request.head.find("\r\n")))};
  });
  const ScopedVariable environment("http_proxy", "http://127.0.0.1:1");
  CurlTransport::Options options;
  options.proxy = server_->Url("");
  Open(options);
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "http://store.invalid/bucket/key";
  EXPECT_EQ(Send(elsewhere).get().body, "GET http://store.invalid/bucket/key HTTP/1.1");
  EXPECT_EQ(Send(Request("GET", "/here")).get().body, "GET /here HTTP/1.1");
  const ScopedVariable exception("no_proxy", "store.invalid");
  EXPECT_FALSE(Send(elsewhere).get().result.ok()) << "there is no such host";
}

TEST_F(CurlProxyTest, AProxyThatIsNoneIsToldWithoutItsPassword) {
  Open();
  HttpRequest elsewhere;
  elsewhere.method = "GET";
  elsewhere.url = "http://store.invalid/bucket/key";
  for (const char* none : {"http://somebody:secret@proxy:port", "ftp://somebody:secret@proxy",
                           "http://somebody:se/cret@proxy:3128"}) {
    const ScopedVariable proxy("http_proxy", none);
    const base::Error error = Send(elsewhere).get().result.error();
    EXPECT_EQ(error.error_class(), ErrorClass::kInvalid);
    EXPECT_NE(error.message().find("http_proxy"), std::string::npos) << none;
    EXPECT_EQ(error.message().find("cret"), std::string::npos) << error.message();
  }
}

TEST_F(CurlProxyTest, ARefusedTunnelIsTold) {
  std::string status;
  std::string asked;
  Serve([&](const SeenRequest& request) {
    asked = request.head;
    return ScriptedAnswer{Answer(status, "no"), true};
  });
  CurlTransport::Options options;
  options.proxy = server_->Url("");
  Open(options);
  HttpRequest elsewhere = Request("GET");
  elsewhere.url = "https://store.invalid/bucket/key";
  elsewhere.headers.Add("authorization", "signature");
  for (const char* refusal : {"407 Proxy Authentication Required", "403 Forbidden"}) {
    status = refusal;
    const Outcome outcome = Send(elsewhere).get();
    ASSERT_FALSE(outcome.result.ok());
    EXPECT_EQ(outcome.result.error().error_class(), ErrorClass::kAuth) << refusal;
    EXPECT_NE(outcome.result.error().message().find("the proxy"), std::string::npos);
    EXPECT_EQ(asked.substr(0, asked.find(" HTTP")), "CONNECT store.invalid:443");
    EXPECT_EQ(asked.find("signature"), std::string::npos) << "that is the store's";
  }
  status = "502 Bad Gateway";
  EXPECT_EQ(Send(elsewhere).get().result.error().error_class(), ErrorClass::kUnavailable);
}

}  // namespace
}  // namespace objclient
