// S3Fixture: a session or store over a FakeTransport, for the tests of the S3 room.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "objclient/s3/s3_session.h"
#include "objclient/s3/s3_store.h"
#include "tests/objclient/rest/fake_transport.h"
#include "tests/support/fake_clock.h"

namespace objclient {

inline std::string ErrorXml(const std::string& code, const std::string& more = "") {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>why</Message>" + more +
         "<RequestId>req-1</RequestId></Error>";
}

class S3Fixture : public testing::Test {
 protected:
  using Script = std::function<FakeAnswer(const SentRequest&)>;
  static base::Result<Credentials> NoOthers() {
    return base::Error(base::ErrorClass::kUnavailable, "no other credentials");
  }

  std::unique_ptr<S3Session> MakeSession(Script script, const std::string& endpoint = "http://s3:1",
                                         Credentials first = {"AK", base::Secret("SK"), {}, "test"},
                                         Refreshing<Credentials>::Load load = NoOthers,
                                         const std::string& bucket = "bucket") {
    auto transport = std::make_unique<FakeTransport>(std::move(script));
    transport_ = transport.get();
    return std::make_unique<S3Session>(
        std::move(transport), LocateBucket(endpoint, "us-east-1", bucket).value(),
        std::make_unique<Refreshing<Credentials>>(std::move(first), std::move(load), clock_),
        clock_);
  }

  std::unique_ptr<S3Store> MakeStore(Script script, std::optional<S3Traits> traits = AwsTraits(),
                                     const std::string& prefix = "") {
    return std::make_unique<S3Store>(MakeSession(std::move(script)), prefix, traits);
  }

  testing_support::FakeClock clock_;
  FakeTransport* transport_ = nullptr;  // owned by the session made last
};

}  // namespace objclient
