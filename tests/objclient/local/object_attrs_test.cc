#include "objclient/local/object_attrs.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

class ObjectAttrsTest : public testing::Test {
 protected:
  ObjectAttrsTest() : path_(dir_.Write("f", "content")), fd_(*base::OpenFile(path_, O_RDWR)) {}
  std::string ETag() {
    struct stat status;
    EXPECT_EQ(::fstat(fd_.get(), &status), 0);
    return ReadETag(fd_.get(), status);
  }

  const testing_support::TempDir dir_;
  const std::filesystem::path path_;
  const base::UniqueFd fd_;
};

TEST(Metadata, ComesBack) {
  const Metadata metadata = {{"a", "1"}, {"b", ""}, {"c", "x=y z"}, {"d", "ü"}};
  EXPECT_EQ(DecodeMetadata(*EncodeMetadata(metadata)), metadata);
  EXPECT_EQ(*EncodeMetadata({}), "");
  EXPECT_TRUE(DecodeMetadata("").empty());
  EXPECT_EQ(DecodeMetadata("nonsense\n=x\na=1"), (Metadata{{"a", "1"}}));
}

TEST(Metadata, WhatAHeaderCannotHoldIsRefused) {
  EXPECT_FALSE(EncodeMetadata({{"a", "1\n2"}}).ok());
  EXPECT_FALSE(EncodeMetadata({{"a=b", "1"}}).ok());
  EXPECT_FALSE(EncodeMetadata({{"", "1"}}).ok());
  EXPECT_TRUE(EncodeMetadata({{"a", std::string(kMetadataLimit - 1, 'x')}}).ok());
  EXPECT_FALSE(EncodeMetadata({{"a", std::string(kMetadataLimit, 'x')}}).ok());
}

TEST_F(ObjectAttrsTest, TokenIsNewEachTime) {
  const auto first = SetObjectAttrs(fd_.get(), {});
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ(ETag(), *first);
  const auto second = SetObjectAttrs(fd_.get(), {});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(*first, *second);
  EXPECT_EQ(ETag(), *second);
}

TEST_F(ObjectAttrsTest, FileOfAnotherToolHasAnETag) {
  const std::string before = ETag();
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(ETag(), before);
  EXPECT_FALSE(HasObjectAttrs(fd_.get()));
  EXPECT_EQ(::ftruncate(fd_.get(), 3), 0);
  EXPECT_NE(ETag(), before);
}

TEST_F(ObjectAttrsTest, EditInPlaceChangesTheETag) {
  const auto etag = SetObjectAttrs(fd_.get(), {{"a", "1"}});
  ASSERT_TRUE(etag.ok());
  // Same size, other time: what an editor that writes in place leaves.
  const timespec times[2] = {{1000, 0}, {1000, 1}};
  ASSERT_EQ(::futimens(fd_.get(), times), 0);
  EXPECT_NE(ETag(), *etag);
}

TEST_F(ObjectAttrsTest, HeadHasMetadataWhenAsked) {
  ASSERT_TRUE(SetObjectAttrs(fd_.get(), {{"a", "1"}}).ok());
  struct stat status;
  ASSERT_EQ(::fstat(fd_.get(), &status), 0);
  EXPECT_EQ(ReadHead(fd_.get(), status, true).metadata, (Metadata{{"a", "1"}}));
  EXPECT_TRUE(ReadHead(fd_.get(), status, false).metadata.empty());
  EXPECT_EQ(ReadHead(fd_.get(), status, false).size, 7u);
  ASSERT_TRUE(SetObjectAttrs(fd_.get(), {}).ok());
  EXPECT_TRUE(ReadHead(fd_.get(), status, true).metadata.empty());
  ClearObjectAttrs(fd_.get());
  EXPECT_FALSE(HasObjectAttrs(fd_.get()));
}

}  // namespace
}  // namespace objclient
