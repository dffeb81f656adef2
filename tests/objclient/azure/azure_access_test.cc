// Exchanges written from the documentation of Path - Get Properties and Path - Update.
#include "objclient/azure/azure_access.h"

#include "tests/objclient/azure/azure_fixture.h"
#include "tests/objclient/azure/hierarchical_account.h"

namespace objclient {
namespace {

using base::ErrorClass;

class AzureAccessTest : public AzureFixture {
 protected:
  void SetUp() override {
    session_ = MakeSession([this](const SentRequest& sent) { return account_.Answer(sent); });
  }
  HierarchicalAccount account_;
  std::unique_ptr<AzureSession> session_;
};

TEST_F(AzureAccessTest, TellsWhatTheAccountHas) {
  account_.PutBlob("d/file", "x");
  const auto access = GetAccess(*session_, "d/file");
  ASSERT_TRUE(access.ok()) << access.error().ToString();
  EXPECT_EQ(access->owner, "$superuser");
  EXPECT_EQ(access->group, "$superuser");
  EXPECT_EQ(access->permissions, "rw-r-----");
  EXPECT_EQ(access->acl, "user::rw-,group::r--,other::---");
  EXPECT_EQ(GetAccess(*session_, "")->permissions, "rwxr-x---") << "the root directory";
  EXPECT_EQ(GetAccess(*session_, "none").error().error_class(), ErrorClass::kNotFound);
}

TEST_F(AzureAccessTest, SetsWhatIsGivenAndLeavesTheRest) {
  account_.PutBlob("d/file", "x");
  ASSERT_TRUE(SetAccess(*session_, "d/file", {"", "", "rwxr-x--x", ""}).ok());
  const SentRequest sent = transport_->sent().back();
  EXPECT_EQ(sent.method, "PATCH");
  EXPECT_EQ(sent.url, "https://acct.dfs.core.windows.net/box/d/file?action=setAccessControl");
  EXPECT_EQ(sent.headers.Find("x-ms-owner"), nullptr);
  EXPECT_EQ(sent.headers.Find("x-ms-acl"), nullptr);
  EXPECT_EQ(GetAccess(*session_, "d/file")->permissions, "rwxr-x--x");
}

TEST_F(AzureAccessTest, OneSaysTheOther) {
  EXPECT_EQ(SetAccess(*session_, "f", {"", "", "rwx------", "user::rwx"}).error().error_class(),
            ErrorClass::kInvalid);
  EXPECT_TRUE(transport_->sent().empty());
}

TEST_F(AzureAccessTest, AFlatAccountIsNamedAsTheReason) {
  const auto flat =
      MakeSession([](const SentRequest&) { return AzureRefusal(400, "InvalidInput"); });
  const auto access = GetAccess(*flat, "f");
  ASSERT_FALSE(access.ok());
  EXPECT_NE(access.error().message().find("hierarchical name space"), std::string::npos);
}

}  // namespace
}  // namespace objclient
