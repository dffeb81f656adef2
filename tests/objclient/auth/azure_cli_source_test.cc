#include "objclient/auth/azure_cli_source.h"

#include "tests/objclient/auth/azure_source_fixture.h"

namespace objclient {
namespace {

class AzureCliSourceTest : public AzureSourceFixture {
 protected:
  void Install(const std::string& script) {
    const auto path = home_.Write("it's/az", "#!/bin/sh\n" + script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    variables_["PATH"] = "/nonexistent:" + (home_ / "it's").string();
  }
  base::Result<Finding<AzureToken>> Load() { return AzureCliSource(Context()).Load(); }
};

TEST_F(AzureCliSourceTest, AsksTheProgram) {
  Install(R"([ "$*" = "account get-access-token --output json --resource )"
          R"(https://storage.azure.com/" ] && echo '{"accessToken": "t0k3n", "expires_on": )"
          R"(1700000900, "tokenType": "Bearer"}')");
  const AzureToken token = FoundToken(Load());
  EXPECT_EQ(token.token.reveal(), "t0k3n");
  EXPECT_EQ(*token.expires_ns - clock_.MonotonicNs(), 900'000'000'000);
}

TEST_F(AzureCliSourceTest, NotThereOrNotSignedIn) {
  EXPECT_EQ(WhyNoToken(Load()), "there is no az in PATH");
  Install("echo s3cr3t; exit 1");
  const std::string why = WhyNoToken(Load());
  EXPECT_NE(why.find("az login"), std::string::npos);
  EXPECT_EQ(why.find("s3cr3t"), std::string::npos);
}

}  // namespace
}  // namespace objclient
