#include "objclient/auth/azure_connection_string.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(AzureConnectionString, AsThePortalGivesIt) {
  const auto parsed = AzureConnectionString::Parse(
      "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=c2VjcmV0==;"
      "EndpointSuffix=core.chinacloudapi.cn");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->account, "acct");
  EXPECT_EQ(parsed->account_key.reveal(), "c2VjcmV0==");
  EXPECT_EQ(parsed->blob_endpoint, "https://acct.blob.core.chinacloudapi.cn");
  EXPECT_TRUE(parsed->sas_token.empty());
}

TEST(AzureConnectionString, SasWithItsEndpoint) {
  const auto parsed = AzureConnectionString::Parse(
      " blobendpoint=http://127.0.0.1:10000/dev ;QueueEndpoint=http://127.0.0.1:10001/dev;"
      "SharedAccessSignature=sv=1&sig=a%3D\n");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->account, "");
  EXPECT_EQ(parsed->sas_token.reveal(), "sv=1&sig=a%3D");
  EXPECT_EQ(parsed->blob_endpoint, "http://127.0.0.1:10000/dev");
}

TEST(AzureConnectionString, TheEmulator) {
  const auto parsed = AzureConnectionString::Parse("UseDevelopmentStorage=true");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->account, "devstoreaccount1");
  EXPECT_EQ(parsed->blob_endpoint, "http://127.0.0.1:10000/devstoreaccount1");
  EXPECT_FALSE(parsed->account_key.empty());
}

TEST(AzureConnectionString, RefusesWithoutShowingIt) {
  for (const char* text : {"", ";;", "hunter2", "=hunter2", "AccountKey=hunter2",
                           "AccountKey=hunter2;BlobEndpoint=http://x", "AccountName=a;hunter2"}) {
    const auto parsed = AzureConnectionString::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_EQ(parsed.error().ToString().find("hunter2"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace objclient
