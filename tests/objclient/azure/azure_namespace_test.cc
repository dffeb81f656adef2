#include "objclient/azure/azure_namespace.h"

#include "tests/objclient/azure/azure_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;
using AzureNamespaceTest = AzureFixture;

bool AsksAccount(const SentRequest& sent) {
  return sent.url == "https://acct.blob.core.windows.net/box?restype=account&comp=properties";
}

bool AsksRoot(const SentRequest& sent) {
  return sent.method == "HEAD" &&
         sent.url == "https://acct.dfs.core.windows.net/box/?action=getAccessControl";
}

FakeAnswer Flag(const std::string& value) {
  return {200, "", {{"x-ms-is-hns-enabled", value}}, false};
}

TEST_F(AzureNamespaceTest, TheAccountTells) {
  const auto flat = MakeSession([](const SentRequest& sent) {
    EXPECT_TRUE(AsksAccount(sent)) << sent.url;
    return Flag("false");
  });
  EXPECT_EQ(AskNameSpace(*flat).value(), NameSpace::kFlat);
  EXPECT_EQ(transport_->sent().size(), 1u);
  const auto hierarchical = MakeSession([](const SentRequest& sent) {
    return AsksAccount(sent) ? Flag("true") : AzureRefusal(403, "AuthorizationPermissionMismatch");
  });
  EXPECT_EQ(AskNameSpace(*hierarchical).value(), NameSpace::kHierarchical);
}

TEST_F(AzureNamespaceTest, AnAccountWhoseOtherEndpointIsOutOfReachIsNoUse) {
  const auto session = MakeSession([](const SentRequest& sent) {
    return AsksAccount(sent) ? Flag("true") : FakeAnswer{200, "", {}, true};
  });
  EXPECT_EQ(AskNameSpace(*session).error().error_class(), ErrorClass::kUnavailable);
}

TEST_F(AzureNamespaceTest, WhoMayNotAskTheAccountAsksForItsRoot) {
  const auto session = MakeSession([](const SentRequest& sent) {
    if (AsksAccount(sent)) return AzureRefusal(403, "AuthorizationPermissionMismatch");
    EXPECT_TRUE(AsksRoot(sent)) << sent.url;
    return FakeAnswer{200, "", {{"x-ms-permissions", "rwxr-x---"}}, false};
  });
  const auto kind = AskNameSpace(*session);
  ASSERT_TRUE(kind.ok());
  EXPECT_EQ(*kind, NameSpace::kHierarchical);
}

TEST_F(AzureNamespaceTest, ABadRequestForPermissionsMeansFlat) {
  const auto session = MakeSession([](const SentRequest& sent) {
    return AsksAccount(sent) ? FakeAnswer{} : AzureRefusal(400, "InvalidQueryParameterValue");
  });
  EXPECT_EQ(AskNameSpace(*session).value(), NameSpace::kFlat);
}

TEST_F(AzureNamespaceTest, WhoMayAskNothingLearnsNothing) {
  const auto session =
      MakeSession([](const SentRequest&) { return AzureRefusal(403, "AuthorizationFailure"); });
  EXPECT_EQ(AskNameSpace(*session).error().error_class(), ErrorClass::kAuth);
  const auto busy = MakeSession([](const SentRequest&) { return AzureRefusal(503, "ServerBusy"); });
  EXPECT_EQ(AskNameSpace(*busy).error().error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(transport_->sent().size(), 1u) << "asked again by whoever retries";
}

TEST_F(AzureNamespaceTest, ARenameGoesToTheOtherEndpointAndNamesItsSource) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{201, "", {}, false};
  });
  AzureRequest rename = BuildRename("from/a b", "0x8D", "to/c");
  AddPrecondition(rename, {true, ""});
  ASSERT_TRUE(session->Call(std::move(rename)).ok());
  const SentRequest sent = transport_->sent().at(0);
  EXPECT_EQ(sent.method, "PUT");
  EXPECT_EQ(sent.url, "https://acct.dfs.core.windows.net/box/to/c");
  EXPECT_EQ(sent.headers.Value("x-ms-rename-source"), "/box/from/a%20b");
  EXPECT_EQ(sent.headers.Value("x-ms-source-if-match"), "\"0x8D\"");
  EXPECT_EQ(sent.headers.Value("if-none-match"), "*");
}

TEST_F(AzureNamespaceTest, ASharedAccessSignatureGoesWithTheSource) {
  const auto session = MakeSession(
      [](const SentRequest&) {
        return FakeAnswer{201, "", {}, false};
      },
      SasCredentials(base::Secret("sv=1&sig=2"), "a test").value());
  ASSERT_TRUE(session->Call(BuildRename("a", "", "b")).ok());
  EXPECT_EQ(transport_->sent().at(0).headers.Value("x-ms-rename-source"), "/box/a?sv=1&sig=2");
}

TEST(NameSpace, IsKeptAsWords) {
  for (const NameSpace kind : {NameSpace::kFlat, NameSpace::kHierarchical}) {
    EXPECT_EQ(ParseNameSpace(FormatNameSpace(kind)), kind);
  }
  EXPECT_EQ(ParseNameSpace("s3 put_if_absent"), std::nullopt);
}

}  // namespace
}  // namespace objclient
