// S3StoreFixture: an S3Store over a fake server, for what a real one cannot be made to do. The rest
// is in s3_server_test.cc and in the conformance suite.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/objclient/s3/fake_s3.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {

class S3StoreFixture : public S3Fixture {
 protected:
  std::unique_ptr<S3Store> OnServer(FakeS3& server, std::optional<S3Traits> traits = {}) {
    return MakeStore([&](const SentRequest& request) { return server(request); }, traits, "p/");
  }
  static base::Result<ObjectHead> Put(ObjectStore& store, const std::string& key,
                                      const std::string& content, const Precondition& condition) {
    return PutAndWait(store, {key, {{BytesOf(content)}, {}}, {}, condition});
  }
  // Any answer of the same class counts.
  static base::ErrorClass ClassOf(const auto& result) {
    EXPECT_FALSE(result.ok());
    return result.ok() ? base::ErrorClass::kBug : result.error().error_class();
  }
};

}  // namespace objclient
