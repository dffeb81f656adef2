#include "objclient/rest/listing.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

ListPage PageOf(const std::vector<std::string>& keys, std::vector<std::string> prefixes,
                std::string continuation) {
  ListPage page;
  for (const std::string& key : keys) {
    page.objects.emplace_back();
    page.objects.back().key = key;
  }
  page.prefixes = std::move(prefixes);
  page.continuation = std::move(continuation);
  return page;
}

bool Believed(const ListPage& page) {
  const base::Status status = CheckPage(page, "p/", "here");
  if (status.ok()) return true;
  EXPECT_EQ(status.error().error_class(), base::ErrorClass::kCorrupt);
  return false;
}

TEST(CheckPage, KnowsAGoodOne) {
  EXPECT_TRUE(Believed(PageOf({}, {}, "")));
  EXPECT_TRUE(Believed(PageOf({"p/", "p/b", "p/a"}, {"p/a/"}, "there")));
}

TEST(CheckPage, RefusesOneThatLeadsToItself) {
  EXPECT_FALSE(Believed(PageOf({"p/a"}, {}, "here")));
  EXPECT_TRUE(CheckPage(PageOf({}, {}, ""), "", "").ok()) << "the only one";
}

TEST(CheckPage, RefusesNamesOfAnotherPlace) {
  EXPECT_FALSE(Believed(PageOf({"p/a", "q"}, {}, "")));
  EXPECT_FALSE(Believed(PageOf({}, {"p"}, "")));
}

TEST(CheckPage, RefusesANameThatComesTwice) {
  EXPECT_FALSE(Believed(PageOf({"p/a", "p/b", "p/a"}, {}, "")));
  EXPECT_FALSE(Believed(PageOf({"p/a/"}, {"p/a/"}, "")));
}

}  // namespace
}  // namespace objclient
