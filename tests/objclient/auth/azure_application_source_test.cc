#include "objclient/auth/azure_application_source.h"

#include "tests/objclient/auth/azure_source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using Proof = AzureApplicationSource::Proof;

class AzureApplicationSourceTest : public AzureSourceFixture {
 protected:
  AzureApplicationSourceTest() {
    network_ = [](const SentRequest&) { return FakeAnswer{200, kTokenAnswer, {}}; };
  }
  base::Result<Finding<AzureToken>> Load(Proof proof) {
    return AzureApplicationSource(Context(), proof).Load();
  }
  void Name() {
    variables_["AZURE_TENANT_ID"] = "tenant";
    variables_["AZURE_CLIENT_ID"] = "app";
  }
};

TEST_F(AzureApplicationSourceTest, ShowsASecret) {
  Name();
  EXPECT_EQ(WhyNoToken(Load(Proof::kSecret)), "AZURE_CLIENT_SECRET is not set");
  variables_["AZURE_CLIENT_SECRET"] = "a+b";
  const AzureToken token = FoundToken(Load(Proof::kSecret));
  EXPECT_EQ(token.token.reveal(), "t0k3n");
  EXPECT_EQ(token.origin, "application app (application secret)");
  EXPECT_EQ(sent().at(0).url, "https://login.microsoftonline.com/tenant/oauth2/v2.0/token");
  EXPECT_EQ(sent().at(0).body,
            "client_secret=a%2Bb&grant_type=client_credentials&client_id=app&"
            "scope=https%3A%2F%2Fstorage.azure.com%2F.default");
}

TEST_F(AzureApplicationSourceTest, ShowsTheFederatedTokenOfTheMoment) {
  Name();
  variables_["AZURE_AUTHORITY_HOST"] = "https://login.example/";
  variables_["AZURE_FEDERATED_TOKEN_FILE"] = home_.Write("jwt", "one\n");
  AzureApplicationSource source(Context(), Proof::kFederatedToken);
  EXPECT_EQ(FoundToken(source.Load()).origin, "application app (workload identity)");
  home_.Write("jwt", "two\n");
  (void)FoundToken(source.Load());
  EXPECT_EQ(sent().at(0).url, "https://login.example/tenant/oauth2/v2.0/token");
  EXPECT_NE(sent().at(0).body.find("client_assertion=one&"), std::string::npos);
  EXPECT_NE(sent().at(1).body.find("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                                   "client-assertion-type%3Ajwt-bearer&client_assertion=two&"),
            std::string::npos);
}

TEST_F(AzureApplicationSourceTest, HalfASetupIsAnError) {
  variables_["AZURE_CLIENT_SECRET"] = "s";
  EXPECT_EQ(Load(Proof::kSecret).error().error_class(), ErrorClass::kInvalid);
  Name();
  variables_["AZURE_AUTHORITY_HOST"] = "http://login.example";
  EXPECT_EQ(Load(Proof::kSecret).error().error_class(), ErrorClass::kInvalid);
  variables_["AZURE_FEDERATED_TOKEN_FILE"] = (home_ / "none").string();
  EXPECT_EQ(Load(Proof::kFederatedToken).error().error_class(), ErrorClass::kNotFound);
  EXPECT_TRUE(sent().empty());
}

}  // namespace
}  // namespace objclient
