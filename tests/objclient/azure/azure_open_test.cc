// Where OpenAzureStore takes endpoint and credentials from.
#include <map>

#include "base/metrics.h"
#include "tests/objclient/azure/azure_fixture.h"

namespace objclient {
namespace {

class AzureOpenTest : public testing::Test {
 protected:
  static Environment Variables(std::map<std::string, std::string> variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
  }
  std::string Endpoint(std::map<std::string, std::string> variables, StoreOptions options = {}) {
    return FindAzureEndpoint(url_, options, Variables(std::move(variables)));
  }
  auto Open(std::map<std::string, std::string> variables) {
    return OpenAzureStore(url_, {}, Variables(std::move(variables)), clock_, metrics_);
  }

  const BucketUrl url_ = ParseBucketUrl("az://acct/box/p").value();
  testing_support::FakeClock clock_;
  base::Metrics metrics_;
};

TEST_F(AzureOpenTest, EndpointOfOptionThenEnvironment) {
  const std::string string = "BlobEndpoint=http://string:3/acct;SharedAccessSignature=sig=1";
  StoreOptions options;
  options.endpoint = "http://option:1";
  EXPECT_EQ(Endpoint({}), "");
  EXPECT_EQ(Endpoint({{"AZURE_STORAGE_CONNECTION_STRING", string}}), "http://string:3/acct");
  EXPECT_EQ(Endpoint({{"AZURE_STORAGE_CONNECTION_STRING", "AccountName=acct;AccountKey=c2Vj"}}),
            "");
  EXPECT_EQ(Endpoint({{"AZURE_STORAGE_CONNECTION_STRING", "nonsense"}}), "");
  EXPECT_EQ(Endpoint({{"AZURE_STORAGE_BLOB_ENDPOINT", "http://variable:2"},
                      {"AZURE_STORAGE_CONNECTION_STRING", string}}),
            "http://variable:2");
  EXPECT_EQ(Endpoint({{"AZURE_STORAGE_BLOB_ENDPOINT", "http://variable:2"}}, options),
            "http://option:1");
  EXPECT_EQ(Endpoint({{"AWS_ENDPOINT_URL", "http://s3:1"}}), "") << "another cloud's";
}

TEST_F(AzureOpenTest, OpensWithEveryKindOfSecret) {
  EXPECT_TRUE(Open({{"AZURE_STORAGE_KEY", "c2VjcmV0"}}).ok());
  EXPECT_TRUE(Open({{"AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=2"}}).ok());
}

TEST_F(AzureOpenTest, RefusesWithoutShowingTheSecret) {
  for (const auto& variables : std::vector<std::map<std::string, std::string>>{
           {{"AZURE_STORAGE_KEY", "hunter2!"}},
           {{"AZURE_STORAGE_SAS_TOKEN", "hunter2"}},
           {{"AZURE_STORAGE_CONNECTION_STRING", "hunter2"}},
           {{"AZURE_STORAGE_ACCOUNT", "other"}, {"AZURE_STORAGE_KEY", "aHVudGVyMg=="}}}) {
    const auto store = Open(variables);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_EQ(store.error().ToString().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace objclient
