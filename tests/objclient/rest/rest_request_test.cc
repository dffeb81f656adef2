#include "objclient/rest/rest_request.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ToHttp, PutsAddressAndQueryTogether) {
  RestRequest request = MakeRequest("GET", "k");
  EXPECT_EQ(ToHttp(request, "http://h/b/k").url, "http://h/b/k");
  request.query = {{"prefix", "a b/"}, {"uploads", ""}};
  const HttpRequest http = ToHttp(request, "http://h/b");
  EXPECT_EQ(http.url, "http://h/b?prefix=a%20b%2F&uploads=");
  EXPECT_EQ(http.method, "GET");
  EXPECT_TRUE(http.urgent);
  EXPECT_FALSE(http.has_body);
}

TEST(ToHttp, ADocumentIsTheBody) {
  RestRequest request = MakeRequest("POST", "k");
  SetDocument(request, "<a/>");
  request.slow = true;
  const HttpRequest http = ToHttp(request, "http://h/b");
  EXPECT_EQ(http.body_size(), 4u);
  EXPECT_TRUE(http.has_body);
  EXPECT_EQ(http.headers.Value("content-type"), "application/xml");
  EXPECT_GT(http.stall_timeout.count(), 0);
}

TEST(AddPrecondition, AtMostOneHeader) {
  RestRequest none, absent, match;
  AddPrecondition(none, {});
  AddPrecondition(absent, {.if_absent = true, .if_match = ""});
  AddPrecondition(match, {.if_absent = false, .if_match = "e"});
  EXPECT_TRUE(none.headers.all().empty());
  EXPECT_EQ(absent.headers.Value("if-none-match"), "*");
  EXPECT_EQ(match.headers.Value("if-match"), "\"e\"");
}

}  // namespace
}  // namespace objclient
