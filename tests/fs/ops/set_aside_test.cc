// Changes to an object that another writer takes away.
#include "fs/ops/set_aside.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fs/ops/failing_volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing_support::Verb;

// Another writer takes the object away that unsent changes of this mount are to.
class LostBaseTest : public FailingVolumeTest, public ::testing::WithParamInterface<bool> {
 protected:
  static bool Replaces() { return GetParam(); }
  void TakeTheBase() {
    if (Replaces()) {
      volume_.BucketPut("d/f", "theirs");
    } else {
      EXPECT_OK(volume_.bucket().Delete("d/f", ""));
    }
  }
  Volume::Handle Patch(std::uint64_t size) {
    volume_.BucketPut("d/f", std::string(size, 'b'));
    const auto writer = volume_.Open("d/f", O_WRONLY);
    EXPECT_OK(writer);
    EXPECT_OK(volume_.Write(*writer, 100, "ours"));
    return *writer;
  }
  void ExpectCloseSaysSo(std::uint64_t size) {
    const auto writer = Patch(size);
    TakeTheBase();
    EXPECT_ERRNO(volume_.Flush(writer), ESTALE);
    EXPECT_EQ(volume_.filesystem().GetProgress().uploads, 0u);
    EXPECT_ERRNO(volume_.Write(writer, 0, "more"), ESTALE);
    volume_.Release(writer);
  }
  void ExpectWhatTheBucketHas() {
    if (Replaces()) {
      EXPECT_TRUE(volume_.Await([&] { return Loaded("d/f") == "theirs"; }));
      EXPECT_THAT(volume_.BucketKeys(), ElementsAre("d/f"));
    } else {
      EXPECT_TRUE(volume_.Await([&] { return ErrnoOf(volume_.Stat("d/f")) == ENOENT; }));
      EXPECT_THAT(volume_.BucketKeys(), IsEmpty());
    }
    EXPECT_THAT(*volume_.bucket().ListUploads(""), IsEmpty());
  }
  void ExpectSetAside(std::uint64_t size) {
    const auto conflicts = volume_.directory() / "state/conflicts";
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(conflicts)) {
      files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[1], files[0].string() + ".json");
    std::string expected(size, '\0');
    expected.replace(100, 4, "ours");
    std::ostringstream bytes;
    bytes << std::ifstream(files[0]).rdbuf();
    EXPECT_TRUE(bytes.str() == expected);
    std::ifstream text(files[1]);
    const auto json = nlohmann::json::parse(text);
    EXPECT_EQ(json["path"], "d/f");
    EXPECT_EQ(json["size"], size);
    EXPECT_EQ(json["written"].dump(), "[[100,4]]");
    EXPECT_EQ(json["base"][0]["key"], "d/f");
    EXPECT_NE(json["base"][0]["etag"], "");
  }
};
INSTANTIATE_TEST_SUITE_P(By, LostBaseTest, ::testing::Values(false, true),
                         [](const auto& by) { return by.param ? "Replacing" : "Removing"; });

TEST_P(LostBaseTest, CloseSaysSoAndTheChangesAreSetAside) {
  ExpectCloseSaysSo(1000);
  ExpectSetAside(1000);
  ExpectWhatTheBucketHas();
  ASSERT_OK(volume_.Unmount());
}

TEST_P(LostBaseTest, SoItIsWithPartsThatTheStoreWouldCopy) {
  ExpectCloseSaysSo(17 << 20);
  ExpectSetAside(17 << 20);
  ExpectWhatTheBucketHas();
}

TEST_P(LostBaseTest, AListingThatWasUnderWayDoesNotHideIt) {
  const auto writer = Patch(1000);
  TakeTheBase();
  volume_.clock.Shift(std::chrono::hours(1));
  std::promise<void> listing;
  std::promise<void> go;
  std::atomic<bool> held{false};
  volume_.PlanFaults([&](Verb verb, const std::string& key) {
    if (verb == Verb::kList && key == "d/" && !held.exchange(true)) {
      listing.set_value();
      go.get_future().wait();
    }
    return std::nullopt;
  });
  auto looker = std::async(std::launch::async, [&] { return volume_.Stat("d/f").ok(); });
  listing.get_future().wait();
  EXPECT_ERRNO(volume_.Close(writer), ESTALE);
  go.set_value();
  looker.get();
  ExpectWhatTheBucketHas();
  StoreIsBack();
}

TEST_P(LostBaseTest, TheNextMountSetsAsideWhatAFailedCloseKept) {
  const auto writer = Patch(1000);
  volume_.PlanFaults([](Verb verb, const auto&) {
    return verb == Verb::kGet || Sends(verb)
               ? std::optional(testing_support::Fault{
                     base::Error(base::ErrorClass::kUnavailable, "the network is down")})
               : std::nullopt;
  });
  EXPECT_ERRNO(volume_.Flush(writer), EIO);
  EXPECT_EQ(volume_.filesystem().GetProgress().uploads, 1u);
  volume_.Crash();
  StoreIsBack();
  TakeTheBase();
  volume_.Mount();
  ASSERT_TRUE(volume_.Await([&] { return volume_.filesystem().GetProgress().uploads == 0; }));
  ExpectSetAside(1000);
  ExpectWhatTheBucketHas();
}

TEST_F(FailingVolumeTest, AStoreThatCannotBeAskedForTheBaseIsTriedAgain) {
  volume_.BucketPut("f", std::string(1000, 'b'));
  const auto writer = volume_.Open("f", O_WRONLY);
  ASSERT_OK(writer);
  ASSERT_OK(volume_.Write(*writer, 0, "ours"));
  volume_.BucketPut("f", "theirs");
  volume_.PlanFaults([](Verb verb, const auto&) {
    return verb == Verb::kHead ? std::optional(testing_support::Fault{base::Error(
                                     base::ErrorClass::kUnavailable, "the network is down")})
                               : std::nullopt;
  });
  EXPECT_ERRNO(volume_.Flush(*writer), EIO);
  EXPECT_EQ(volume_.filesystem().GetProgress().uploads, 1u);
  volume_.Release(*writer);
}

}  // namespace
}  // namespace fs
