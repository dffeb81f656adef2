#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

TEST(Utf8, TakesEveryCharacterAtItsBorders) {
  for (const char* text :
       {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBE", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
        "gr\xC3\xB6\xC3\x9F"
        "e \xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesWhatIsNone) {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xE0\x9F\xBF",
                           "\xF0\x8F\xBF\xBF",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",
                           "\xF4\x90\x80\x80",
                           "\xF7\xBF\xBF\xBF",
                           "\xF8\x88\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "\xC3",
                           "\xE2\x98",
                           "\xF0\x9F\x98",
                           "\xC3(",
                           "\xE2\x28\xA1",
                           "caf\xE9",
                           "ok\xC3\xB6\xFFrest"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Utf8, TakesOneCharacterAfterAnother) {
  std::string_view text = "a\xC3\xB6\xE2\x98\x83\xF0\x9F\x98\x80\xFFz";
  for (const char32_t expected : {U'a', U'\u00F6', U'\u2603', U'\U0001F600'}) {
    EXPECT_EQ(TakeCharacter(text), expected);
  }
  EXPECT_EQ(TakeCharacter(text), std::nullopt);
  EXPECT_EQ(text, "\xFFz");
}

}  // namespace
}  // namespace base
