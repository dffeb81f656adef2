// Uploads whose answer was lost, and what becomes of what they left.
#include "fs/ops/stray.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <string>

#include "tests/fs/ops/failing_volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_support::Verb;

// The store takes what it is sent, but no answer arrives, and it cannot be asked either.
class LostAnswerTest : public FailingVolumeTest {
 protected:
  void AnswersAreLost() {
    volume_.PlanFaults([](Verb verb, const auto&) -> std::optional<testing_support::Fault> {
      const base::Error error(base::ErrorClass::kUnavailable, "the network is down");
      if (verb == Verb::kPut) return testing_support::Fault{error, true};
      if (verb == Verb::kList) return std::nullopt;
      return testing_support::Fault{error};
    });
  }
  void Restart() {
    volume_.Crash();
    StoreIsBack();
    volume_.Mount();
  }
};

TEST_F(LostAnswerTest, TheNextProcessKnowsItsOwnObject) {
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f", "bytes"), EIO);
  EXPECT_EQ(volume_.BucketGet("f"), "bytes");
  for (int again = 0; again < 2; ++again) {
    volume_.Crash();
    volume_.Mount();
    EXPECT_TRUE(volume_.Await([&] { return Durable("f") == "local"; }));
  }
  Restart();
  EXPECT_TRUE(volume_.Await([&] { return Durable("f") == "object"; }));
  EXPECT_EQ(Loaded("f"), "bytes");
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(LostAnswerTest, SoDoesTheSameProcessAfterMoreWrites) {
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f", "bytes"), EIO);
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 5, " and more"));
  StoreIsBack();
  ASSERT_OK(volume_.Close(*writer));
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
  EXPECT_EQ(volume_.BucketGet("f"), "bytes and more");
}

TEST_F(LostAnswerTest, AnUnlinkedFileDoesNotComeBack) {
  ASSERT_OK(volume_.Save("f", "old"));
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f", "one"), EIO);
  EXPECT_ERRNO(volume_.Save("g", "two"), EIO);
  ASSERT_OK(volume_.Unlink("f"));
  ASSERT_OK(volume_.Unlink("g"));
  StoreIsBack();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(LostAnswerTest, AnUnlinkedFileDoesNotComeBackAfterACrash) {
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f", "one"), EIO);
  EXPECT_ERRNO(volume_.Save("g", "two"), EIO);
  ASSERT_OK(volume_.Unlink("f"));
  // As if the process had died before it dropped the bytes.
  ASSERT_OK(volume_.catalog().Unlink(meta::kRootInode, "g", 1));
  Restart();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
}

TEST_F(LostAnswerTest, AFileThatWasRenamedSinceDoesNotComeBackUnderItsOldName) {
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f.tmp", "bytes"), EIO);
  ASSERT_OK(volume_.Rename("f.tmp", "f"));
  Restart();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("f"));
}

TEST_F(LostAnswerTest, WhatOthersPutThereSinceStays) {
  AnswersAreLost();
  EXPECT_ERRNO(volume_.Save("f", "ours"), EIO);
  ASSERT_OK(volume_.Unlink("f"));
  volume_.BucketPut("f", "theirs");
  StoreIsBack();
  ASSERT_OK(volume_.Unmount());
  EXPECT_EQ(volume_.BucketGet("f"), "theirs");
}

TEST_F(LostAnswerTest, NoUploadIsLeftBehind) {
  volume_.PlanFaults([](Verb verb, const auto&) {
    return verb == Verb::kUploadPart || verb == Verb::kAbortMultipart
               ? std::optional(testing_support::Fault{
                     base::Error(base::ErrorClass::kUnavailable, "the network is down")})
               : std::nullopt;
  });
  for (const char* name : {"f", "g"}) {
    EXPECT_ERRNO(volume_.Save(name, std::string(10 << 20, 'f')), EIO);
  }
  ASSERT_EQ(volume_.bucket().ListUploads("")->size(), 2u);
  ASSERT_OK(volume_.Unlink("f"));
  Restart();
  ASSERT_OK(volume_.Unmount());
  EXPECT_THAT(*volume_.bucket().ListUploads(""), IsEmpty());
  EXPECT_THAT(volume_.BucketKeys(), ElementsAre("g"));
}

}  // namespace
}  // namespace fs
