// CrcPolynomial: arithmetic modulo a CRC's generator in the bit-reflected form that the CRCs of
// digest.h use: the highest bit of a word is the coefficient of x^0. Everything is constexpr, so
// the folding constants and power tables are computed by the compiler and none is copied from a
// book. Private to base/digest; pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace base {

// `kReflected` is the generator without its leading term, bit-reflected.
template <typename Word, Word kReflected>
class CrcPolynomial {
 public:
  static constexpr unsigned kBits = std::numeric_limits<Word>::digits;
  static constexpr Word kOne = Word{1} << (kBits - 1);

  static constexpr Word TimesX(Word a) {
    return static_cast<Word>((a >> 1) ^ ((a & 1) != 0 ? kReflected : 0));
  }

  static constexpr Word Multiply(Word a, Word b) {
    Word product = 0;
    for (Word bit = kOne; bit != 0; bit >>= 1) {
      if ((a & bit) != 0) product ^= b;
      b = TimesX(b);
    }
    return product;
  }

  // x^exponent.
  static constexpr Word PowerOfX(std::uint64_t exponent) {
    Word power = kOne;
    for (std::size_t i = 0; exponent != 0; ++i, exponent >>= 1) {
      if ((exponent & 1) != 0) power = Multiply(power, kSquares[i]);
    }
    return power;
  }

  // The CRC of A followed by B: A's remainder is moved up by B's length. Initial value and final
  // xor, when both are all ones, cancel out. A length that is a power of two costs one Multiply.
  static constexpr Word Combine(Word crc_a, Word crc_b, std::uint64_t length_b) {
    for (std::size_t i = 3; length_b != 0; ++i, length_b >>= 1) {
      if ((length_b & 1) != 0) crc_a = Multiply(kSquares[i], crc_a);
    }
    return static_cast<Word>(crc_a ^ crc_b);
  }

  // kTable[k][b]: remainder of byte b followed by k zero bytes, to take eight bytes a step.
  using Table = std::array<std::array<Word, 256>, 8>;
  static constexpr Table MakeTable() {
    Table table{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      Word remainder = static_cast<Word>(byte);
      for (int bit = 0; bit < 8; ++bit) remainder = TimesX(remainder);
      table[0][byte] = remainder;
    }
    for (std::size_t k = 1; k < 8; ++k) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const Word before = table[k - 1][byte];
        table[k][byte] = static_cast<Word>((before >> 8) ^ table[0][before & 0xff]);
      }
    }
    return table;
  }

 private:
  // x^(2^i): a byte count has 64 bits and a byte is 2^3 bits.
  static constexpr std::array<Word, 67> MakeSquares() {
    std::array<Word, 67> squares{};
    squares[0] = kOne >> 1;
    for (std::size_t i = 1; i < squares.size(); ++i) {
      squares[i] = Multiply(squares[i - 1], squares[i - 1]);
    }
    return squares;
  }
  static constexpr std::array<Word, 67> kSquares = MakeSquares();
};

}  // namespace base
