#include "objclient/http_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using testing::HasSubstr;

Environment Of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(HttpOptions, AuthoritiesAreTheOptionsElseTheEnvironmentsElseTheSystems) {
  const testing_support::TempDir directory;
  const std::string bundle = directory.Write("authorities.pem", "authorities");
  StoreOptions options;
  EXPECT_EQ(HttpOptions(options, Of({}))->ca_bundle, "");
  EXPECT_EQ(HttpOptions(options, Of({{"AWS_CA_BUNDLE", bundle}}))->ca_bundle, bundle);
  EXPECT_EQ(HttpOptions(options, Of({{"AWS_CA_BUNDLE", bundle + "-none"}}))->ca_bundle, "");
  options.ca_bundle = "chosen.pem";
  EXPECT_EQ(HttpOptions(options, Of({{"AWS_CA_BUNDLE", bundle}}))->ca_bundle, "chosen.pem");
}

TEST(HttpOptions, AProxyHasThePortThatItsSchemeHas) {
  const std::map<std::string, std::string> expected = {
      {"", ""},
      {"http://Proxy", "http://proxy:80"},
      {"http://proxy:3128/", "http://proxy:3128"},
      {"https://[::1]", "https://[::1]:443"},
  };
  for (const auto& [given, proxy] : expected) {
    StoreOptions options;
    options.proxy = given;
    const auto http = HttpOptions(options, Of({}));
    ASSERT_TRUE(http.ok()) << given;
    EXPECT_EQ(http->proxy, proxy);
  }
}

TEST(HttpOptions, AProxyWithAPasswordIsRefusedWithoutShowingIt) {
  StoreOptions options;
  options.proxy = "http://somebody:secret@proxy:3128";
  const auto http = HttpOptions(options, Of({}));
  ASSERT_FALSE(http.ok());
  EXPECT_THAT(http.error().message(), HasSubstr("https_proxy"));
  EXPECT_THAT(http.error().ToString(), testing::Not(HasSubstr("secret")));
}

TEST(HttpOptions, WhatIsNoProxyIsRefused) {
  for (const char* text : {"proxy:3128", "ftp://proxy", "http://proxy/path", "http://"}) {
    StoreOptions options;
    options.proxy = text;
    const auto http = HttpOptions(options, Of({}));
    ASSERT_FALSE(http.ok()) << text;
    EXPECT_EQ(http.error().error_class(), base::ErrorClass::kInvalid);
    EXPECT_THAT(http.error().message(), HasSubstr("--proxy"));
  }
}

TEST(HttpOptions, TheRestIsTheStores) {
  StoreOptions options;
  options.connections = 7;
  options.connect_timeout = std::chrono::milliseconds(11);
  options.stall_timeout = std::chrono::milliseconds(13);
  std::stop_source stop;
  options.stop = stop.get_token();
  const auto http = HttpOptions(options, Of({}));
  ASSERT_TRUE(http.ok());
  EXPECT_EQ(http->connections, 7u);
  EXPECT_EQ(http->connect_timeout, options.connect_timeout);
  EXPECT_EQ(http->stall_timeout, options.stall_timeout);
  EXPECT_EQ(http->stop, options.stop);
}

}  // namespace
}  // namespace objclient
