#include "objclient/local/local_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "objclient/local/temp_file.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

using base::ErrorClass;
namespace stdfs = std::filesystem;

class LocalTreeTest : public testing::Test {
 protected:
  LocalTreeTest() : tree_(*LocalTree::Open(bucket_.path())) {}

  base::Status Publish(const std::string& key, const Precondition& precondition = {}) {
    TRY_ASSIGN(const TempFile file, TempFile::Create(*tree_));
    TRY(base::WriteFull(file.fd(), 0, std::as_bytes(std::span("new", 3))));
    return tree_->Publish(file.directory(), file.name(), key, precondition);
  }
  ErrorClass OpenError(const std::string& key) {
    const auto object = tree_->OpenObject(key);
    return object.ok() ? ErrorClass::kBug : object.error().error_class();
  }
  bool Exists(const std::string& name) const { return stdfs::exists(bucket_ / name); }

  const testing_support::TempDir bucket_, outside_;
  const std::unique_ptr<LocalTree> tree_;
};

TEST_F(LocalTreeTest, KeysThatAFolderCanHold) {
  for (const char* key :
       {"a", "a/b/c", "d/", "..a", "a..", ".hidden", "-", ".cairnfs/objects/1", ".cairnfs/tmpx"}) {
    EXPECT_TRUE(LocalTree::CheckKey(key).ok()) << key;
  }
  EXPECT_TRUE(LocalTree::CheckKey(std::string(255, 'x')).ok());
}

TEST_F(LocalTreeTest, KeysThatAFolderCannotHold) {
  for (const std::string& key :
       {std::string(), std::string("/"), std::string("/a"), std::string("a//b"), std::string("a//"),
        std::string("."), std::string("a/../b"), std::string("./a"), std::string("a\0b", 3),
        std::string(".cairnfs/tmp"), std::string(".cairnfs/tmp/x"),
        std::string(".cairnfs/uploads/"), std::string(256, 'x')}) {
    const auto status = LocalTree::CheckKey(key);
    ASSERT_FALSE(status.ok()) << key;
    EXPECT_EQ(status.error().error_class(), ErrorClass::kInvalid);
    EXPECT_EQ(OpenError(key), ErrorClass::kNotFound) << key;
    EXPECT_FALSE(Publish(key).ok()) << key;
  }
  EXPECT_EQ(LocalTree::CheckKey(std::string(256, 'x')).error().errno_value(), ENAMETOOLONG);
}

TEST_F(LocalTreeTest, LinksAreNeverFollowed) {
  outside_.Write("secret", "secret");
  stdfs::create_symlink(outside_ / "secret", bucket_ / "file-link");
  stdfs::create_directory_symlink(outside_.path(), bucket_ / "dir-link");
  EXPECT_EQ(OpenError("file-link"), ErrorClass::kNotFound);
  EXPECT_EQ(OpenError("dir-link/secret"), ErrorClass::kNotFound);
  const auto below = Publish("dir-link/new");
  ASSERT_FALSE(below.ok());
  EXPECT_EQ(below.error().error_class(), ErrorClass::kExists);
  EXPECT_TRUE(tree_->Remove("dir-link/secret", "").ok());
  EXPECT_TRUE(tree_->Remove("file-link", "").ok());
  EXPECT_TRUE(stdfs::exists(outside_ / "secret"));
  EXPECT_FALSE(stdfs::exists(outside_ / "new"));
}

TEST_F(LocalTreeTest, PublishOverALinkReplacesTheLink) {
  const auto target = outside_.Write("target", "old");
  stdfs::create_symlink(target, bucket_ / "k");
  EXPECT_EQ(Publish("k", {.if_absent = true, .if_match = ""}).error().error_class(),
            ErrorClass::kConflict);
  ASSERT_TRUE(Publish("k").ok());
  EXPECT_EQ(*base::ReadSmallFile(target), "old");
  EXPECT_EQ(*base::ReadSmallFile(bucket_ / "k"), "new");
}

TEST_F(LocalTreeTest, SpecialFilesAreNoObjects) {
  ASSERT_EQ(::mkfifo((bucket_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(OpenError("pipe"), ErrorClass::kNotFound) << "and opening it must not hang";
}

TEST_F(LocalTreeTest, DirectoryInTheWay) {
  bucket_.Write("a/b", "x");
  const auto status = Publish("a");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().error_class(), ErrorClass::kExists);
  EXPECT_EQ(Publish("a", {.if_absent = true, .if_match = ""}).error().error_class(),
            ErrorClass::kExists);
  EXPECT_EQ(Publish("a/b/c").error().error_class(), ErrorClass::kExists);
  EXPECT_EQ(OpenError("a"), ErrorClass::kNotFound);
  EXPECT_EQ(OpenError("a/b/c"), ErrorClass::kNotFound);
}

TEST_F(LocalTreeTest, RefusedWriteLeavesNoParents) {
  const Precondition match{.if_absent = false, .if_match = "x"};
  EXPECT_EQ(Publish("a/b/k", match).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(tree_->PublishDirectory("a/d/", {}, match).error().error_class(),
            ErrorClass::kConflict);
  EXPECT_FALSE(Exists("a"));
}

TEST_F(LocalTreeTest, RemoveTakesEmptyParentsAlong) {
  ASSERT_TRUE(Publish("a/b/c/one").ok());
  ASSERT_TRUE(Publish("a/two").ok());
  ASSERT_TRUE(tree_->Remove("a/b/c/one", "").ok());
  EXPECT_FALSE(Exists("a/b"));
  EXPECT_TRUE(Exists("a/two"));
  ASSERT_TRUE(tree_->Remove("a/two", "").ok());
  EXPECT_FALSE(Exists("a"));
  EXPECT_TRUE(stdfs::exists(bucket_.path()));
}

TEST_F(LocalTreeTest, MarkedDirectoryStays) {
  ASSERT_TRUE(tree_->PublishDirectory("a/b/", {{"mode", "1"}}, {}).ok());
  ASSERT_TRUE(Publish("a/b/c/file").ok());
  ASSERT_TRUE(tree_->Remove("a/b/c/file", "").ok());
  EXPECT_FALSE(Exists("a/b/c"));
  EXPECT_TRUE(Exists("a/b"));
  EXPECT_EQ(tree_->OpenObject("a/b/")->head.metadata, (Metadata{{"mode", "1"}}));
  EXPECT_EQ(OpenError("a/"), ErrorClass::kNotFound) << "a parent alone is no object";
  ASSERT_TRUE(tree_->Remove("a/b/", "").ok());
  EXPECT_FALSE(Exists("a"));
}

TEST_F(LocalTreeTest, RemovedMarkerOfAFullDirectoryLeavesItsEntries) {
  ASSERT_TRUE(tree_->PublishDirectory("a/", {}, {}).ok());
  ASSERT_TRUE(Publish("a/file").ok());
  ASSERT_TRUE(tree_->Remove("a/", "").ok());
  EXPECT_TRUE(Exists("a/file"));
  EXPECT_EQ(OpenError("a/"), ErrorClass::kNotFound);
}

TEST_F(LocalTreeTest, DirectoryMarkerConditions) {
  const Precondition absent{.if_absent = true, .if_match = ""};
  const auto made = tree_->PublishDirectory("d/", {}, absent);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_EQ(tree_->PublishDirectory("d/", {}, absent).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(tree_->PublishDirectory("e/", {}, {.if_absent = false, .if_match = "x"})
                .error()
                .error_class(),
            ErrorClass::kConflict);
  EXPECT_FALSE(Exists("e"));
  EXPECT_TRUE(tree_->PublishDirectory("d/", {}, {.if_absent = false, .if_match = made->etag}).ok());
}

TEST_F(LocalTreeTest, EmptyDirectoryOfAnotherToolIsAMarker) {
  stdfs::create_directory(bucket_ / "empty");
  const auto object = tree_->OpenObject("empty/");
  ASSERT_TRUE(object.ok()) << object.error().ToString();
  EXPECT_EQ(object->head.size, 0u);
}

TEST_F(LocalTreeTest, ReadDirectorySortsAsKeysSortAndHidesItsOwn) {
  ASSERT_TRUE(Publish("a/1").ok());
  ASSERT_TRUE(Publish("a.txt").ok());
  ASSERT_TRUE(Publish("a0").ok());
  stdfs::create_symlink("a0", bucket_ / "link");
  const auto root = tree_->OpenBeneath("", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(root.ok());
  const auto names = [&] {
    std::vector<std::string> list;
    const auto entries = LocalTree::ReadDirectory(root->get(), "");
    for (const TreeEntry& entry : *entries) list.push_back(entry.name);
    return list;
  };
  EXPECT_EQ(names(), (std::vector<std::string>{"a.txt", "a/", "a0"}));
  ASSERT_TRUE(Publish(".cairnfs/objects/1").ok());
  EXPECT_EQ(names(), (std::vector<std::string>{".cairnfs/", "a.txt", "a/", "a0"}));
}

}  // namespace
}  // namespace objclient
