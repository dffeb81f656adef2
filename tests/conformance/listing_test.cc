// Listings: order, prefixes, delimiter, pages; deleting many.
#include <fmt/format.h>

#include <atomic>
#include <latch>
#include <set>

#include "tests/conformance/store_conformance.h"

namespace conformance {
namespace {

using Keys = std::vector<std::string>;

TEST_P(StoreConformance, ListOfAnEmptyBucket) {
  EXPECT_TRUE(ListAll("").empty());
  EXPECT_TRUE(ListAll("", "/").empty());
  EXPECT_TRUE(ListAll("no/such/prefix").empty());
}

TEST_P(StoreConformance, ListIsSortedByBytes) {
  // '-' and '.' sort before '/', '0' after it.
  const Keys keys = {"a-b/1", "a.txt", "a/1", "a/b/2", "a/c", "a0", "b", "ä"};
  for (const std::string& key : keys) ASSERT_TRUE(Put(key, Pattern(3)).ok()) << key;
  EXPECT_EQ(ListAll(""), keys);
  for (std::uint32_t limit = 1; limit <= keys.size(); ++limit) {
    EXPECT_EQ(ListAll("", "", limit), keys) << "pages of " << limit;
    EXPECT_EQ(pages(), (keys.size() + limit - 1) / limit);
  }
}

TEST_P(StoreConformance, ListWithPrefix) {
  for (const char* key : {"abc", "abd", "abd/x", "ab/c", "ab/d/e", "b"}) {
    if (std::string(key) == "abd" && !GetParam().holds_key_below_key) continue;
    ASSERT_TRUE(Put(key, Pattern(1)).ok()) << key;
  }
  EXPECT_EQ(ListAll("ab/"), (Keys{"ab/c", "ab/d/e"}));
  EXPECT_EQ(ListAll("ab/d"), (Keys{"ab/d/e"}));
  EXPECT_EQ(ListAll("abd/"), (Keys{"abd/x"}));
  EXPECT_EQ(ListAll("b"), (Keys{"b"}));
  EXPECT_TRUE(ListAll("b/").empty());
  EXPECT_TRUE(ListAll("c").empty());
}

TEST_P(StoreConformance, ListWithDelimiter) {
  for (const char* key : {"top", "d/1", "d/2", "d/e/3", "d/e/4", "d/f/5", "d-x/6", "z/7"}) {
    ASSERT_TRUE(Put(key, Pattern(1)).ok()) << key;
  }
  const auto page = store().List({"", "/", "", 1000});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "top");
  EXPECT_EQ(page->prefixes, (Keys{"d-x/", "d/", "z/"}));

  const auto inner = store().List({"d/", "/", "", 1000});
  ASSERT_TRUE(inner.ok());
  ASSERT_EQ(inner->objects.size(), 2u);
  EXPECT_EQ(inner->objects[0].key, "d/1");
  EXPECT_EQ(inner->prefixes, (Keys{"d/e/", "d/f/"}));

  for (std::uint32_t limit = 1; limit <= 4; ++limit) {
    const Keys paged = ListAll("d/", "/", limit);
    EXPECT_EQ(std::set<std::string>(paged.begin(), paged.end()),
              (std::set<std::string>{"d/1", "d/2", "d/e/", "d/f/"}));
    EXPECT_EQ(paged.size(), 4u) << "pages of " << limit;
  }
  EXPECT_EQ(ListAll("d", "/"), (Keys{"d-x/", "d/"}));
}

TEST_P(StoreConformance, ListSaysWhatHeadSays) {
  ASSERT_TRUE(Put("d/k", Pattern(1234)).ok());
  const auto page = store().List({"d/", "/", "", 10});
  const auto head = store().Head("d/k");
  ASSERT_TRUE(page.ok() && head.ok());
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].etag, head->etag);
  EXPECT_EQ(page->objects[0].size, 1234u);
  // Some stores list milliseconds and tell whole seconds in headers.
  EXPECT_EQ(page->objects[0].mtime_ns / 1'000'000'000, head->mtime_ns / 1'000'000'000);
}

TEST_P(StoreConformance, DeleteManyAndPagesOfManyKeys) {
  Keys keys;
  for (int i = 0; i < 1500; ++i) keys.push_back(fmt::format("many/{:03}/{:04}", i / 200, i));
  // In flight together: one by one this would take a server's round trip and a disk's sync each.
  std::atomic<std::size_t> failed{0};
  std::latch answered(static_cast<std::ptrdiff_t>(keys.size()));
  for (const std::string& key : keys) {
    objclient::PutRequest request;
    request.key = key;
    store().Put(request, [&](base::Result<objclient::ObjectHead> put) {
      if (!put.ok()) ++failed;
      answered.count_down();
    });
  }
  answered.wait();
  ASSERT_EQ(failed, 0u);
  EXPECT_EQ(ListAll("many/"), keys);
  EXPECT_EQ(pages(), 2u);
  Keys doomed = keys;
  doomed.emplace_back("many/never-was");
  const auto left = DeleteKeys(doomed);
  ASSERT_TRUE(left.ok()) << left.error().ToString();
  EXPECT_TRUE(left->empty());
  EXPECT_TRUE(ListAll("").empty());
}

}  // namespace
}  // namespace conformance
