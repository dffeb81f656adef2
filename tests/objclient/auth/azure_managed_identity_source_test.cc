#include "objclient/auth/azure_managed_identity_source.h"

#include "tests/objclient/auth/azure_source_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

class AzureManagedIdentitySourceTest : public AzureSourceFixture {
 protected:
  AzureManagedIdentitySourceTest() {
    network_ = [](const SentRequest&) { return FakeAnswer{200, kTokenAnswer, {}}; };
  }
  base::Result<Finding<AzureToken>> Load() {
    return AzureManagedIdentitySource(Context(), home_.path().string()).Load();
  }
};

TEST_F(AzureManagedIdentitySourceTest, OfAVirtualMachine) {
  EXPECT_EQ(FoundToken(Load()).token.reveal(), "t0k3n");
  EXPECT_EQ(sent().at(0).url,
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&"
            "resource=https%3A%2F%2Fstorage.azure.com%2F");
  EXPECT_EQ(sent().at(0).headers.Value("Metadata"), "true");
  variables_["AZURE_CLIENT_ID"] = "c";
  (void)FoundToken(Load());
  EXPECT_TRUE(sent().at(1).url.ends_with("&client_id=c"));
  variables_["AZURE_STORAGE_IDENTITY_RESOURCE_ID"] = "/r/i";
  (void)FoundToken(Load());
  EXPECT_TRUE(sent().at(2).url.ends_with("&msi_res_id=%2Fr%2Fi"));
}

TEST_F(AzureManagedIdentitySourceTest, ElsewhereThereIsNone) {
  network_ = [](const SentRequest&) { return FakeAnswer{0, "", {}, true}; };
  EXPECT_EQ(WhyNoToken(Load()), "no answer from http://169.254.169.254");
  EXPECT_EQ(sent().size(), 1u);
  for (const int status : {400, 401, 404}) {  // no identity; another cloud's service
    network_ = [status](const SentRequest&) { return FakeAnswer{status, "", {}}; };
    EXPECT_NE(WhyNoToken(Load()).find(std::to_string(status)), std::string::npos);
  }
}

TEST_F(AzureManagedIdentitySourceTest, ABusyServiceIsAskedAgain) {
  int calls = 0;
  network_ = [&](const SentRequest&) {
    return ++calls < 3 ? FakeAnswer{500, "", {}} : FakeAnswer{200, kTokenAnswer, {}};
  };
  (void)FoundToken(Load());
  network_ = [](const SentRequest&) { return FakeAnswer{503, "", {}}; };
  EXPECT_EQ(Load().error().error_class(), ErrorClass::kUnavailable);
}

TEST_F(AzureManagedIdentitySourceTest, OfAnAppService) {
  variables_["IDENTITY_ENDPOINT"] = "http://127.0.0.1:41741/msi/token";
  variables_["IDENTITY_HEADER"] = "853b9a84";
  (void)FoundToken(Load());
  EXPECT_EQ(sent().at(0).url,
            "http://127.0.0.1:41741/msi/token?api-version=2019-08-01&"
            "resource=https%3A%2F%2Fstorage.azure.com%2F");
  EXPECT_EQ(sent().at(0).headers.Value("X-IDENTITY-HEADER"), "853b9a84");
}

class ArcTest : public AzureManagedIdentitySourceTest {
 protected:
  ArcTest() {
    variables_["IDENTITY_ENDPOINT"] = "http://localhost:40342/metadata/identity/oauth2/token";
    variables_["IMDS_ENDPOINT"] = "http://localhost:40342";
    home_.Write("a.key", "key");
    key_file_ = (home_ / "a.key").string();
    network_ = [this](const SentRequest& request) {
      if (request.headers.Value("authorization") == "Basic key") {
        return FakeAnswer{200, kTokenAnswer, {}};
      }
      return FakeAnswer{401, "", {{"WWW-Authenticate", "Basic realm=" + key_file_}}};
    };
  }
  std::string key_file_;
};

TEST_F(ArcTest, ShowsTheKeyThatTheServiceNames) {
  EXPECT_EQ(FoundToken(Load()).token.reveal(), "t0k3n");
  EXPECT_EQ(sent().at(0).headers.Find("authorization"), nullptr);
  EXPECT_NE(sent().at(1).url.find("api-version=2019-11-01"), std::string::npos);
}

TEST_F(ArcTest, SendsNoOtherFile) {
  const std::string folder = home_.path().string();
  home_.Write("sub/b.key", "key");
  home_.Write("plain", "key");
  home_.Write("long.key", std::string(5000, 'k'));
  for (const std::string& file : {folder + "/sub/b.key", folder + "/plain", folder + "/none.key",
                                  folder + "/long.key", folder + "/../x.key", std::string()}) {
    key_file_ = file;
    EXPECT_FALSE(Load().ok()) << file;
  }
  for (const SentRequest& request : sent()) {
    EXPECT_EQ(request.headers.Find("authorization"), nullptr);
  }
}

}  // namespace
}  // namespace objclient
