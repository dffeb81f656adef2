// AzureFixture: a session or store over a FakeTransport, for the tests of the Azure room.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "objclient/azure/azure_session.h"
#include "objclient/azure/azure_store.h"
#include "tests/objclient/rest/fake_transport.h"
#include "tests/support/fake_clock.h"

namespace objclient {

inline FakeAnswer AzureRefusal(int status, const std::string& code) {
  return {status,
          "<?xml version=\"1.0\"?><Error><Code>" + code +
              "</Code><Message>why\nTime:1</Message></Error>",
          {{"x-ms-error-code", code}, {"x-ms-request-id", "req-1"}},
          false};
}

class AzureFixture : public testing::Test {
 protected:
  using Script = std::function<FakeAnswer(const SentRequest&)>;

  std::unique_ptr<AzureSession> MakeSession(
      Script script,
      std::unique_ptr<AzureCredentials> credentials =
          AccountKeyCredentials("acct", base::Secret("c2VjcmV0"), "a test").value()) {
    auto transport = std::make_unique<FakeTransport>(std::move(script));
    transport_ = transport.get();
    return std::make_unique<AzureSession>(std::move(transport),
                                          LocateContainer("", "acct", "box").value(),
                                          std::move(credentials), clock_);
  }

  std::unique_ptr<AzureStore> MakeStore(Script script, const std::string& prefix = "") {
    return std::make_unique<AzureStore>(MakeSession(std::move(script)), prefix, clock_);
  }

  testing_support::FakeClock clock_;
  FakeTransport* transport_ = nullptr;  // owned by the session made last
};

}  // namespace objclient
