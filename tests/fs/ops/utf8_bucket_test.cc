// Buckets that cannot hold every name: it is refused when it is made, not at close.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "objclient/memory/memory_store.h"
#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {
namespace {

using ::testing::ElementsAre;

const std::string kLatin1 = "caf\xE9";
const std::string kUtf8 = "caf\xC3\xA9";

class Utf8Store final : public objclient::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  objclient::Capabilities capabilities() const override {
    objclient::Capabilities can = MemoryStore::capabilities();
    can.keys_are_utf8 = true;
    return can;
  }
};

TEST(Utf8Bucket, RefusesOtherNamesWhereTheyAreMade) {
  Volume volume([](Volume& self) { return std::make_unique<Utf8Store>(self.clock); });
  volume.Mount();
  EXPECT_ERRNO(volume.Open(kLatin1, O_CREAT | O_WRONLY), EILSEQ);
  EXPECT_ERRNO(volume.MakeDir(kLatin1), EILSEQ);
  ASSERT_OK(volume.Save(kUtf8, "milk"));
  EXPECT_ERRNO(volume.Rename(kUtf8, kLatin1), EILSEQ);
  EXPECT_ERRNO(volume.Stat(kLatin1), ENOENT);
  ASSERT_OK(volume.Unmount());
  EXPECT_THAT(volume.BucketKeys(), ElementsAre(kUtf8));
}

class PathStore final : public objclient::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  objclient::Capabilities capabilities() const override {
    objclient::Capabilities can = MemoryStore::capabilities();
    can.keys_are_url_paths = true;
    return can;
  }
};

TEST(PathBucket, RefusesNamesThatItTakesForOthers) {
  Volume volume([](Volume& self) { return std::make_unique<PathStore>(self.clock); });
  volume.Mount();
  EXPECT_ERRNO(volume.Open("back\\slash", O_CREAT | O_WRONLY), EINVAL);
  EXPECT_ERRNO(volume.MakeDir("etc."), EINVAL);
  ASSERT_OK(volume.Save(".a.b", "dots"));
  EXPECT_ERRNO(volume.Rename(".a.b", "a.b."), EINVAL);
  ASSERT_OK(volume.Unmount());
  EXPECT_THAT(volume.BucketKeys(), ElementsAre(".a.b"));
}

TEST(Utf8Bucket, OtherBucketsTakeAnyBytes) {
  Volume volume;
  volume.Mount();
  ASSERT_OK(volume.MakeDir(kLatin1));
  ASSERT_OK(volume.Save(kLatin1 + "/\xFF", "bytes"));
  ASSERT_OK(volume.Unmount());
  EXPECT_THAT(volume.BucketKeys(), ElementsAre(kLatin1 + "/\xFF"));
}

}  // namespace
}  // namespace fs
