#include "objclient/azure/azure_location.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

std::string AddressAt(const std::string& endpoint) {
  const auto location = LocateContainer(endpoint, "acct", "box");
  return location.ok() ? location->Address("a b/c") : location.error().message();
}

TEST(LocateContainer, TheCloudsOwnHasTheAccountInTheHost) {
  EXPECT_EQ(AddressAt(""), "https://acct.blob.core.windows.net/box/a%20b/c");
  EXPECT_EQ(AddressAt("https://acct.blob.core.chinacloudapi.cn/"),
            "https://acct.blob.core.chinacloudapi.cn/box/a%20b/c");
  EXPECT_EQ(AddressAt("http://acct.blob.localhost:10000"),
            "http://acct.blob.localhost:10000/box/a%20b/c");
  EXPECT_EQ(AddressAt("https://files.example.org"), "https://files.example.org/box/a%20b/c");
}

TEST(LocateContainer, EmulatorsHaveItInThePath) {
  const std::string expected = "http://127.0.0.1:10000/acct/box/a%20b/c";
  EXPECT_EQ(AddressAt("http://127.0.0.1:10000"), expected);
  EXPECT_EQ(AddressAt("http://127.0.0.1:10000/acct"), expected);
  EXPECT_EQ(AddressAt("http://127.0.0.1:10000/acct/"), expected);
  EXPECT_EQ(AddressAt("http://azurite:10000"), "http://azurite:10000/acct/box/a%20b/c");
  EXPECT_EQ(AddressAt("https://proxy.example.org/acct"),
            "https://proxy.example.org/acct/box/a%20b/c");
}

TEST(AzureLocation, PathsHaveAnEndpointOfTheirOwn) {
  const auto cloud = LocateContainer("", "acct", "box");
  ASSERT_TRUE(cloud.ok());
  EXPECT_EQ(cloud->PathAddress("a b/c"), "https://acct.dfs.core.windows.net/box/a%20b/c");
  EXPECT_EQ(cloud->PathAddress(""), "https://acct.dfs.core.windows.net/box/");
  const auto emulator = LocateContainer("http://127.0.0.1:10000", "acct", "box");
  ASSERT_TRUE(emulator.ok());
  EXPECT_EQ(emulator->PathAddress("a"), "http://127.0.0.1:10000/acct/box/a");
}

TEST(LocateContainer, RefusesWhatIsNoEndpoint) {
  for (const char* endpoint : {"acct", "ftp://h", "http://h/other", "http://h?x"}) {
    EXPECT_FALSE(LocateContainer(endpoint, "acct", "box").ok()) << endpoint;
  }
}

TEST(AzureLocation, NamesForPeople) {
  const auto location = LocateContainer("", "acct", "box");
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location->Name("a b"), "az://acct/box/a b");
  EXPECT_EQ(location->Address(""), "https://acct.blob.core.windows.net/box");
}

}  // namespace
}  // namespace objclient
