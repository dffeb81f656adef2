#include "objclient/http/url.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ParseEndpoint, TakesHostAndPort) {
  const auto url = ParseEndpoint("http://LocalHost:9000/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "localhost");
  EXPECT_EQ(url->port, 9000);
  EXPECT_EQ(url->Authority(), "localhost:9000");
  EXPECT_EQ(url->ToString(), "http://localhost:9000");
  EXPECT_EQ(ParseEndpoint("https://[::1]:8443")->Authority(), "[::1]:8443");
  EXPECT_EQ(ParseEndpoint("http://127.0.0.1")->Authority(), "127.0.0.1");
}

TEST(ParseEndpoint, LeavesOutTheSchemesOwnPort) {
  EXPECT_EQ(ParseEndpoint("http://h:80")->Authority(), "h");
  EXPECT_EQ(ParseEndpoint("https://h:443")->Authority(), "h");
  EXPECT_EQ(ParseEndpoint("https://h:80")->Authority(), "h:80");
}

TEST(ParseEndpoint, RefusesTheRestWithAHint) {
  for (const char* text :
       {"", "host:9000", "ftp://host", "http://", "http://host/bucket", "http://user@host",
        "http://host:0", "http://host:65536", "http://host:", "http://host:9x", "http://ho st",
        "http://[::1", "http://[zz]", "http://h?x", "http://a:b:9"}) {
    const auto url = ParseEndpoint(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_NE(url.error().message().find("http://host:port"), std::string::npos);
  }
}

TEST(Hosts, KnowsAddressesAndLoopback) {
  EXPECT_TRUE(IsIpAddress("10.0.0.1"));
  EXPECT_TRUE(IsIpAddress("[fe80::1]"));
  EXPECT_FALSE(IsIpAddress("10.0.0"));
  EXPECT_FALSE(IsIpAddress("example.com"));
  for (const char* host : {"localhost", "bucket.localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"127.example.com", "10.0.0.1", "localhost.example.com"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
  for (const char* host : {"169.254.169.254", "169.254.170.2", "[fd00:ec2::254]"}) {
    EXPECT_TRUE(IsMetadataService(host)) << host;
  }
  for (const char* host : {"169.254.example.com", "169.25.4.1", "[fd00::1]", "127.0.0.1"}) {
    EXPECT_FALSE(IsMetadataService(host)) << host;
  }
}

TEST(PercentEncode, KeepsUnreservedOnly) {
  EXPECT_EQ(PercentEncode("aZ09-._~", false), "aZ09-._~");
  EXPECT_EQ(PercentEncode("a b+c/d", false), "a%20b%2Bc%2Fd");
  EXPECT_EQ(PercentEncode("a b+c/d", true), "a%20b%2Bc/d");
  EXPECT_EQ(PercentEncode("\xE2\x98\x83\n\xFF", true), "%E2%98%83%0A%FF");
}

TEST(PercentDecode, UndoesIt) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncode(all, false), true), all);
  EXPECT_EQ(PercentDecode("a+b%2b", true), "a b+");
  EXPECT_EQ(PercentDecode("a+b%2B", false), "a+b+");
}

TEST(PercentDecode, LeavesWhatIsNoEscape) {
  for (const char* text : {"%", "%4", "%zz", "100%", "%%"})
    EXPECT_EQ(PercentDecode(text, true), text);
}

}  // namespace
}  // namespace objclient
