#include "objclient/auth/azure_credentials.h"

#include <gtest/gtest.h>

#include <map>

namespace objclient {
namespace {

constexpr std::int64_t kNow = 784111777;

HttpRequest Get(std::string url) {
  HttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  return request;
}

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

const AzureCopySource kSource{"https://acct.blob.core.windows.net/box/k", "box", "k"};

TEST(AccountKeyCredentials, SignsAHeaderAndASourceOfItsOwn) {
  const auto credentials = AccountKeyCredentials("acct", base::Secret("c2VjcmV0"), "a test");
  ASSERT_TRUE(credentials.ok());
  HttpRequest request = Get("https://acct.blob.core.windows.net/box/k");
  ASSERT_TRUE((*credentials)->AddCopySource(request, kSource, kNow).ok());
  ASSERT_TRUE((*credentials)->Sign(request, kNow).ok());
  EXPECT_TRUE(request.headers.Value("authorization").starts_with("SharedKey acct:"));
  EXPECT_EQ(request.url, "https://acct.blob.core.windows.net/box/k");
  // Good for an hour.
  EXPECT_TRUE(
      request.headers.Value("x-ms-copy-source")
          .starts_with(kSource.url + "?sv=2020-12-06&sr=b&sp=r&se=1994-11-06T09%3A49%3A37Z"));
  EXPECT_FALSE((*credentials)->Rejected(0)) << "a key stays what it is";
  EXPECT_EQ((*credentials)->origin(), "a test");
}

TEST(AccountKeyCredentials, RefusesWhatIsNoKey) {
  for (const char* key : {"", "secret!", "abc"}) {
    const auto credentials = AccountKeyCredentials("acct", base::Secret(key), "AZURE_STORAGE_KEY");
    ASSERT_FALSE(credentials.ok()) << key;
    EXPECT_EQ(credentials.error().message().find("secret!"), std::string::npos);
  }
}

TEST(SasCredentials, JoinTheQuery) {
  const auto credentials = SasCredentials(base::Secret("?sv=1&sig=x%3D"), "a test");
  ASSERT_TRUE(credentials.ok());
  HttpRequest plain = Get("https://h/box/k");
  HttpRequest query = Get("https://h/box/k?comp=list");
  ASSERT_TRUE((*credentials)->Sign(plain, kNow).ok());
  ASSERT_TRUE((*credentials)->Sign(query, kNow).ok());
  EXPECT_EQ(plain.url, "https://h/box/k?sv=1&sig=x%3D");
  EXPECT_EQ(query.url, "https://h/box/k?comp=list&sv=1&sig=x%3D");
  ASSERT_TRUE((*credentials)->AddCopySource(plain, kSource, kNow).ok());
  EXPECT_EQ(plain.headers.Value("x-ms-copy-source"), kSource.url + "?sv=1&sig=x%3D");
  EXPECT_TRUE(plain.headers.Value("authorization").empty());
}

TEST(SasCredentials, RefusesWhatIsNone) {
  for (const char* token : {"", "?", "sv=1", "https://h/box?sv=1 &sig=hunter2", "xsig=hunter2"}) {
    const auto credentials = SasCredentials(base::Secret(token), "AZURE_STORAGE_SAS_TOKEN");
    ASSERT_FALSE(credentials.ok()) << token;
    EXPECT_EQ(credentials.error().message().find("hunter2"), std::string::npos);
  }
}

TEST(AnonymousAzureCredentials, SignNothing) {
  const auto credentials = AnonymousAzureCredentials();
  HttpRequest request = Get("https://h/box/k");
  ASSERT_TRUE(credentials->AddCopySource(request, kSource, kNow).ok());
  ASSERT_TRUE(credentials->Sign(request, kNow).ok());
  EXPECT_EQ(request.url, "https://h/box/k");
  EXPECT_EQ(request.headers.Value("x-ms-copy-source"), kSource.url);
  EXPECT_TRUE(request.headers.Value("authorization").empty());
  EXPECT_TRUE(credentials->anonymous());
}

TEST(AzureSecretsOf, TakesTheFirstThatIsThere) {
  const std::string string = "AccountName=acct;AccountKey=c2VjcmV0";
  const auto origin = [](std::map<std::string, std::string> variables) {
    const auto found = AzureSecretsOf(Variables(std::move(variables)), "acct");
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    return found.ok() && *found ? (*found)->origin() : std::string();
  };
  EXPECT_EQ(origin({}), "");
  EXPECT_EQ(origin({{"AZURE_STORAGE_ACCOUNT", "other"}}), "");
  EXPECT_EQ(origin({{"AZURE_STORAGE_SAS_TOKEN", "sig=1"}}), "AZURE_STORAGE_SAS_TOKEN");
  EXPECT_EQ(origin({{"AZURE_STORAGE_SAS_TOKEN", "sig=1"}, {"AZURE_STORAGE_ACCESS_KEY", "c2Vj"}}),
            "AZURE_STORAGE_ACCESS_KEY");
  EXPECT_EQ(origin({{"AZURE_STORAGE_KEY", "c2Vj"}, {"AZURE_STORAGE_CONNECTION_STRING", string}}),
            "AZURE_STORAGE_CONNECTION_STRING");
  EXPECT_EQ(origin({{"AZURE_STORAGE_CONNECTION_STRING",
                     "BlobEndpoint=https://h;SharedAccessSignature=sig=1"}}),
            "AZURE_STORAGE_CONNECTION_STRING");
}

TEST(AzureSecretsOf, RefusesThoseOfAnotherAccount) {
  const std::string string = "AccountName=other;AccountKey=c2VjcmV0";
  for (const auto& variables : std::vector<std::map<std::string, std::string>>{
           {{"AZURE_STORAGE_CONNECTION_STRING", string}},
           {{"AZURE_STORAGE_ACCOUNT", "other"}, {"AZURE_STORAGE_KEY", "c2Vj"}},
           {{"AZURE_STORAGE_ACCOUNT", "other"}, {"AZURE_STORAGE_SAS_TOKEN", "sig=1"}}}) {
    const auto found = AzureSecretsOf(Variables(variables), "acct");
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_NE(found.error().message().find("'other'"), std::string::npos);
  }
}

}  // namespace
}  // namespace objclient
