#include "base/secret.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <ostream>
#include <string_view>
#include <type_traits>

namespace base {
namespace {

template <typename T, typename = void>
struct IsStreamable : std::false_type {};
template <typename T>
struct IsStreamable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};

static_assert(!IsStreamable<Secret>::value && !fmt::is_formattable<Secret>::value);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(SecretTest, KeepsItsTextThroughCopiesAndMoves) {
  Secret first(std::string(100, 'k'));
  Secret copy = first;
  const Secret moved = std::move(first);
  EXPECT_EQ(copy.reveal(), std::string(100, 'k'));
  EXPECT_EQ(moved.reveal(), copy.reveal());
  copy = Secret("other");
  EXPECT_EQ(copy.reveal(), "other");
  copy = moved;
  EXPECT_EQ(copy.reveal(), moved.reveal());
  copy = *&copy;
  EXPECT_FALSE(copy.empty());
  EXPECT_TRUE(Secret().empty());
}

// Short texts lie inside the object, where the bytes can be looked at after its end.
template <typename T>
class Memory {
 public:
  T* Make(const char* text) { return new (bytes_.data()) T(text); }
  bool Holds(std::string_view text) const {
    return std::string_view(bytes_.data(), bytes_.size()).find(text) != std::string_view::npos;
  }

 private:
  alignas(T) std::array<char, sizeof(T)> bytes_{};
};

TEST(SecretTest, LeavesNoBytesBehind) {
  Memory<Secret> memory;
  Secret* secret = memory.Make("s3cr3t");
  ASSERT_TRUE(memory.Holds("s3cr3t"));
  const Secret taken = std::move(*secret);
  EXPECT_EQ(taken.reveal(), "s3cr3t");
  EXPECT_FALSE(memory.Holds("3cr3t"));
  *secret = taken;
  ASSERT_TRUE(memory.Holds("s3cr3t"));
  std::destroy_at(secret);
  EXPECT_FALSE(memory.Holds("3cr3t"));
}

TEST(SecretTest, LeavesNoBytesInTheTextItTakesOver) {
  Memory<std::string> memory;
  std::string* text = memory.Make("s3cr3t");
  ASSERT_TRUE(memory.Holds("s3cr3t"));
  const Secret secret(std::move(*text));
  EXPECT_FALSE(memory.Holds("3cr3t"));
  std::destroy_at(text);
}

}  // namespace
}  // namespace base
