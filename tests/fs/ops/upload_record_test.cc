#include "fs/ops/upload_record.h"

#include <gtest/gtest.h>

#include <string>

namespace fs {
namespace {

objclient::ObjectHead MadeBy(const std::string& token) {
  objclient::ObjectHead head;
  head.metadata[kIntentTokenName] = token;
  return head;
}

TEST(UploadTokens, KnowTheirObjectsAfterAWhileAsText) {
  UploadTokens tokens;
  EXPECT_TRUE(UploadTokens::FromText(tokens.ToText()).empty());
  tokens.Add("one");
  EXPECT_EQ(tokens.ToText(), "one");
  tokens.Add("two");
  const UploadTokens back = UploadTokens::FromText(tokens.ToText());
  EXPECT_TRUE(back.Made(MadeBy("one")));
  EXPECT_TRUE(back.Made(MadeBy("two")));
  EXPECT_FALSE(back.Made(MadeBy("thr")));
  EXPECT_FALSE(back.Made(MadeBy("")));
  EXPECT_FALSE(back.Made({}));
}

TEST(UploadTokens, ForgetTheOldest) {
  UploadTokens tokens;
  for (int i = 0; i < 17; ++i) tokens.Add(std::to_string(i));
  EXPECT_FALSE(tokens.Made(MadeBy("0")));
  EXPECT_TRUE(tokens.Made(MadeBy("1")));
  EXPECT_TRUE(tokens.Made(MadeBy("16")));
}

TEST(PendingUpload, SurvivesItsPayload) {
  for (const char* tokens : {"", "one", "one two"}) {
    const PendingUpload pending{-5, UploadTokens::FromText(tokens), "manifest\nwith lines"};
    const auto back = PendingUpload::FromPayload(pending.ToPayload());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->mtime_ns, -5);
    EXPECT_EQ(back->tokens.ToText(), tokens);
    EXPECT_EQ(back->manifest, "manifest\nwith lines");
  }
  for (const char* bad : {"", "12", "x\nmanifest", "12x\nmanifest", "12 token", "\nm"}) {
    EXPECT_FALSE(PendingUpload::FromPayload(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace fs
