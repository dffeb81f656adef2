#include "fs/volume_paths.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "base/bytes.h"
#include "tests/support/temp_dir.h"

namespace fs {
namespace {

Environment Fixed(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

TEST(VolumePaths, OneVolumeHasOneIdentityHoweverItIsSpelled) {
  const auto a = objclient::ParseBucketUrl("s3://bucket/prefix");
  const auto b = objclient::ParseBucketUrl("s3://bucket/prefix/");
  ASSERT_TRUE(a.ok() && b.ok());
  objclient::StoreOptions slash;
  slash.endpoint = "http://127.0.0.1:9000/";
  EXPECT_EQ(VolumeIdentity(*a, slash, Fixed({})),
            VolumeIdentity(*b, {}, Fixed({{"AWS_ENDPOINT_URL", "http://127.0.0.1:9000"}})));
}

TEST(VolumePaths, AnotherEndpointIsAnotherVolume) {
  const auto url = objclient::ParseBucketUrl("s3://bucket");
  ASSERT_TRUE(url.ok());
  objclient::StoreOptions options;
  options.endpoint = "http://127.0.0.1:1";
  EXPECT_NE(VolumeIdentity(*url, {}, Fixed({})), VolumeIdentity(*url, options, Fixed({})));
  EXPECT_EQ(VolumeIdentity(*url, options, Fixed({{"AWS_ENDPOINT_URL", "http://other"}})),
            VolumeIdentity(*url, options, Fixed({})));
}

TEST(VolumePaths, AnIdentityTellsUrlAndEndpoint) {
  using Parts = std::pair<std::string, std::string>;
  EXPECT_EQ(SplitVolumeIdentity("az://a/box/p/ at http://127.0.0.1:1"),
            Parts("az://a/box/p/", "http://127.0.0.1:1"));
  EXPECT_EQ(SplitVolumeIdentity("s3://bucket"), Parts("s3://bucket", ""));
  EXPECT_EQ(SplitVolumeIdentity("az://a/box/look at me/"), Parts("az://a/box/look at me/", ""));
  EXPECT_EQ(SplitVolumeIdentity("az://a/box/look at me/ at https://h"),
            Parts("az://a/box/look at me/", "https://h"));
}

TEST(VolumePaths, PlacesFollowUserAndXdg) {
  EXPECT_EQ(*DefaultCacheDirectory(true, Fixed({})), "/var/cache/cairnfs");
  EXPECT_EQ(*DefaultCacheDirectory(false, Fixed({{"HOME", "/home/u"}})), "/home/u/.cache/cairnfs");
  EXPECT_EQ(*DefaultCacheDirectory(true, Fixed({{"XDG_CACHE_HOME", "/x"}})), "/x/cairnfs");
  const auto state = *DefaultStateDirectory("a", true, Fixed({}));
  EXPECT_EQ(state.parent_path(), "/var/lib/cairnfs");
  EXPECT_NE(state, *DefaultStateDirectory("b", true, Fixed({})));
}

TEST(VolumePaths, WithoutHomeItIsTheSystemsOrTheOptionIsNamed) {
  const passwd* const user = getpwuid(geteuid());
  const auto state = DefaultStateDirectory("a", false, Fixed({}));
  const auto cache = DefaultCacheDirectory(false, Fixed({}));
  if (user != nullptr && *user->pw_dir != '\0') {
    EXPECT_EQ(state->parent_path(),
              std::filesystem::path(user->pw_dir) / ".local/state" / "cairnfs");
    return;
  }
  ASSERT_FALSE(state.ok() || cache.ok());
  EXPECT_NE(state.error().message().find("--state-dir"), std::string::npos);
  EXPECT_NE(cache.error().message().find("--cache-dir"), std::string::npos);
}

TEST(VolumePaths, AStateDirectoryThatCannotBeMadeNamesTheOption) {
  const base::Status made = MakeStateDirectory("/proc/cairnfs/state");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message().find("--state-dir"), std::string::npos);
}

TEST(VolumePaths, MemoryLimitIsWithinItsBounds) {
  const std::uint64_t limit = DefaultMemoryLimit();
  EXPECT_GE(limit, 256 * base::kMiB);
  EXPECT_LE(limit, base::kGiB);
}

TEST(VolumePaths, OneDaemonAStateDirectory) {
  const testing_support::TempDir directory;
  auto first = LockStateDirectory(directory.path());
  ASSERT_TRUE(first.ok());
  const auto second = LockStateDirectory(directory.path());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().errno_value(), EBUSY);
  EXPECT_NE(second.error().message().find("--state-dir"), std::string::npos);
  EXPECT_NE(second.error().message().find("mounted already"), std::string::npos);
  ASSERT_TRUE(NoteUnmounted(*first).ok());
  const auto third = LockStateDirectory(directory.path());
  ASSERT_FALSE(third.ok());
  EXPECT_NE(third.error().message().find("process " + std::to_string(getpid()) +
                                         ": this volume was unmounted"),
            std::string::npos);
  first->Reset();
  EXPECT_TRUE(LockStateDirectory(directory.path()).ok());
}

}  // namespace
}  // namespace fs
