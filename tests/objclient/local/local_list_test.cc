#include "objclient/local/local_list.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using Keys = std::vector<std::string>;
namespace stdfs = std::filesystem;

class LocalListTest : public testing::Test {
 protected:
  LocalListTest() : tree_(*LocalTree::Open(dir_.path())), lister_(*tree_) {}

  Keys List(const std::string& prefix, const std::string& delimiter, std::uint32_t limit = 1000) {
    Keys keys;
    ListRequest request{prefix, delimiter, "", limit};
    do {
      const auto page = lister_.List(request);
      EXPECT_TRUE(page.ok()) << page.error().ToString();
      if (!page.ok()) break;
      for (const auto& object : page->objects) keys.push_back(object.key);
      for (const auto& common : page->prefixes) keys.push_back(common);
      request.continuation = page->continuation;
    } while (!request.continuation.empty());
    return keys;
  }

  const testing_support::TempDir dir_;
  const std::unique_ptr<LocalTree> tree_;
  LocalLister lister_;
};

TEST_F(LocalListTest, OwnFilesAreHidden) {
  dir_.Write(".cairnfs/tmp/x", "1");
  dir_.Write(".cairnfs/uploads/id/data", "1");
  EXPECT_TRUE(List("", "").empty());
  EXPECT_TRUE(List("", "/").empty());
  EXPECT_TRUE(List(".cairnfs/", "").empty());
  EXPECT_TRUE(List(".cairnfs/tmp/", "").empty());
  dir_.Write(".cairnfs/objects/1", "1");
  EXPECT_EQ(List("", ""), (Keys{".cairnfs/objects/1"}));
  EXPECT_EQ(List("", "/"), (Keys{".cairnfs/"}));
}

TEST_F(LocalListTest, EmptyDirectoriesAreMarkers) {
  stdfs::create_directories(dir_ / "a/empty");
  dir_.Write("a/file", "1");
  EXPECT_EQ(List("", ""), (Keys{"a/empty/", "a/file"}));
  EXPECT_EQ(List("a/empty/", "/"), (Keys{"a/empty/"}));
  EXPECT_EQ(List("a/", "/"), (Keys{"a/file", "a/empty/"}));
  for (std::uint32_t limit = 1; limit <= 2; ++limit) {
    EXPECT_EQ(List("", "", limit), (Keys{"a/empty/", "a/file"}));
  }
}

TEST_F(LocalListTest, LinksAreSkipped) {
  dir_.Write("file", "1");
  stdfs::create_symlink("file", dir_ / "link");
  stdfs::create_directory_symlink("/", dir_ / "root");
  EXPECT_EQ(List("", ""), (Keys{"file"}));
  EXPECT_EQ(List("", "/"), (Keys{"file"}));
  EXPECT_TRUE(List("root/", "").empty());
}

TEST_F(LocalListTest, PrefixesThatNoPathHas) {
  dir_.Write("a/b", "1");
  for (const char* prefix : {"/", "//", "../", "a//", "./", "a/b/", "a/../"}) {
    EXPECT_TRUE(List(prefix, "").empty()) << prefix;
  }
  EXPECT_FALSE(lister_.List({"", "-", "", 1}).ok());
}

TEST_F(LocalListTest, LargeDirectoryPageByPage) {
  Keys keys;
  for (int i = 0; i < 1200; ++i) {
    keys.push_back(fmt::format("big/{:04}", i));
    dir_.Write(keys.back(), "");
  }
  EXPECT_EQ(List("", "", 100), keys);
  EXPECT_EQ(List("big/", "/", 100), keys);
}

TEST_F(LocalListTest, NextPageSeesWhatChanged) {
  for (int i = 0; i < 1200; ++i) dir_.Write(fmt::format("{:04}", i), "");
  auto page = lister_.List({"", "", "", 600});
  ASSERT_TRUE(page.ok());
  stdfs::remove(dir_ / "0700");
  dir_.Write("0700b", "");
  page = lister_.List({"", "", page->continuation, 1000});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 600u);
  EXPECT_EQ(page->objects[100].key, "0700b");
}

}  // namespace
}  // namespace objclient
