// AzureSourceFixture: SourceFixture for sources of Azure tokens.
#pragma once

#include <string>

#include "objclient/auth/azure_token.h"
#include "tests/objclient/auth/source_fixture.h"

namespace objclient {

class AzureSourceFixture : public SourceFixture {
 protected:
  static AzureToken FoundToken(base::Result<Finding<AzureToken>> finding) {
    EXPECT_TRUE(finding.ok()) << finding.error().ToString();
    EXPECT_TRUE(std::holds_alternative<AzureToken>(*finding));
    return std::get<AzureToken>(*finding);
  }
  static std::string WhyNoToken(base::Result<Finding<AzureToken>> finding) {
    EXPECT_TRUE(finding.ok()) << finding.error().ToString();
    EXPECT_TRUE(std::holds_alternative<NothingHere>(*finding));
    return std::get<NothingHere>(*finding).why;
  }
};

inline constexpr const char* kTokenAnswer =
    R"({"access_token": "t0k3n", "expires_in": "3600", "token_type": "Bearer"})";

}  // namespace objclient
