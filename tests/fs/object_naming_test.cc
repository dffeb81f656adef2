#include "fs/object_naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace fs {
namespace {

using ::testing::StartsWith;

objclient::ObjectHead Object(const std::string& key) {
  objclient::ObjectHead head;
  head.key = key;
  head.etag = "e";
  return head;
}

meta::ListedDirectory List(const std::string& prefix, const std::vector<std::string>& keys,
                           const std::vector<std::string>& prefixes) {
  ListingNames names(prefix);
  objclient::ListPage page;
  for (const std::string& key : keys) page.objects.push_back(Object(key));
  page.prefixes = prefixes;
  names.Add(std::move(page));
  return std::move(names).Finish();
}

TEST(ObjectNaming, PlainNamesAreKeptAndMarkersAndOurOwnAreHidden) {
  const auto root = List("", {"a", "b.txt"}, {"dir/", ".cairnfs/"});
  ASSERT_EQ(root.files.size(), 2u);
  EXPECT_EQ(root.files[0].name, "a");
  EXPECT_EQ(root.files[0].key_name, "");
  ASSERT_EQ(root.directories.size(), 1u);
  EXPECT_EQ(root.directories[0].name, "dir");

  const auto below = List("dir/", {"dir/", "dir/x"}, {"dir/.cairnfs/"});
  ASSERT_EQ(below.files.size(), 1u);
  EXPECT_EQ(below.files[0].name, "x");
  ASSERT_EQ(below.directories.size(), 1u);  // reserved in the root only
}

TEST(ObjectNaming, WhatPosixCannotHoldGetsAnEscape) {
  const std::string longest(255, 'n');
  const std::string too_long(256, 'n');
  const auto listing = List("d/", {"d/.", "d/..", "d/" + longest, "d/" + too_long, "d/@cairnfs=x"},
                            {"d//", "d/./", "d/" + too_long + "/"});
  std::map<std::string, std::string> files;
  for (const auto& file : listing.files) files[file.key] = file.name;
  EXPECT_EQ(files["d/."], "@cairnfs=f=.");
  EXPECT_EQ(files["d/.."], "@cairnfs=f=..");
  EXPECT_EQ(files["d/" + longest], longest);
  EXPECT_THAT(files["d/" + too_long], StartsWith("@cairnfs=fx="));
  EXPECT_EQ(files["d/@cairnfs=x"], "@cairnfs=f=@cairnfs=x");
  EXPECT_EQ(listing.directories[0].name, "@cairnfs=d=");
  EXPECT_EQ(listing.directories[0].key_name, kEmptyComponent);
  EXPECT_EQ(listing.directories[1].name, "@cairnfs=d=.");
  EXPECT_THAT(listing.directories[2].name, StartsWith("@cairnfs=dx="));
  EXPECT_EQ(listing.directories[2].key_name, too_long);
}

TEST(ObjectNaming, AFileBesideADirectoryOfItsNameIsEscaped) {
  const auto listing = List("", {"a", "b"}, {"a/"});
  EXPECT_EQ(listing.files[0].name, "@cairnfs=f=a");
  EXPECT_EQ(listing.files[0].key_name, "a");
  EXPECT_EQ(listing.files[0].key, "a");
  EXPECT_EQ(listing.files[1].name, "b");
  EXPECT_EQ(listing.directories[0].name, "a");
}

TEST(ObjectNaming, AFileBesideADirectoryOfAnEscapedNameStaysApart) {
  const auto listing = List("", {"."}, {"./"});
  EXPECT_EQ(listing.files[0].name, "@cairnfs=f=.");
  EXPECT_EQ(listing.directories[0].name, "@cairnfs=d=.");
}

TEST(ObjectNaming, NamesAreUniqueAndFitTheKernel) {
  std::vector<std::string> keys;
  std::vector<std::string> prefixes;
  for (const std::string& component :
       {std::string("."), std::string(".."), std::string("x"), std::string(245, 'x'),
        std::string(255, 'x'), std::string(300, 'x'), std::string("@cairnfs=f=x"),
        std::string("@cairnfs=f=") + std::string(300, 'x'), std::string("a\0b", 3)}) {
    keys.push_back(component);
    prefixes.push_back(component + "/");
  }
  const auto listing = List("", keys, prefixes);
  std::set<std::string> names;
  for (const auto& file : listing.files) names.insert(file.name);
  for (const auto& directory : listing.directories) names.insert(directory.name);
  EXPECT_EQ(names.size(), keys.size() + prefixes.size());
  for (const std::string& name : names) {
    EXPECT_LE(name.size(), kNameMax);
    EXPECT_EQ(name.find('\0'), std::string::npos);
    EXPECT_FALSE(name.empty() || name == "." || name == "..");
  }
}

TEST(ObjectNaming, CatalogKeysBecomeBucketKeys) {
  EXPECT_EQ(PrefixOf(""), "");
  EXPECT_EQ(PrefixOf("a"), "a/");
  EXPECT_EQ(PrefixOf("a/b"), "a/b/");
  EXPECT_EQ(NativeKey("a/b"), "a/b");
  // "/" stands for an empty component.
  EXPECT_EQ(PrefixOf("/"), "/");
  EXPECT_EQ(PrefixOf("a//"), "a//");
  EXPECT_EQ(NativeKey("a///b"), "a//b");
  EXPECT_EQ(NativeKey("//b"), "/b");
  EXPECT_EQ(NativeKey("a/////b"), "a///b");
}

TEST(ObjectNaming, ReservedNamesAndKeys) {
  EXPECT_TRUE(IsReserved(meta::kRootInode, ".cairnfs"));
  EXPECT_FALSE(IsReserved(meta::InodeId{2}, ".cairnfs"));
  EXPECT_TRUE(IsReserved(meta::InodeId{2}, "@cairnfs=f=x"));
  EXPECT_FALSE(IsReserved(meta::InodeId{2}, "@cairnfs"));
  EXPECT_TRUE(IsNativeKey(std::string(1024, 'k'), 1024));
  EXPECT_FALSE(IsNativeKey(std::string(1025, 'k'), 1024));
  EXPECT_FALSE(IsNativeKey("", 1024));
  EXPECT_EQ(HiddenKey("t"), ".cairnfs/objects/t");
  EXPECT_NE(ConflictKey("d/f", "0123456789ac"), ConflictKey("d/f", "0123456789ab"));
  EXPECT_EQ(ConflictKey("d/f", "0123456789ab"), "d/f.conflict-d407ad901895723f");
}

}  // namespace
}  // namespace fs
