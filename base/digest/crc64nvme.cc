// Folding, in the reflected form. A 16-byte block held in a register is the polynomial
// lo * x^64 + hi, lo being its first eight bytes. Moving it up by D bits, to lie over the block D
// bits further on, is lo * x^(D+64) + hi * x^D modulo the generator; each of the two products is
// one carry-less multiplication by a constant. A carry-less product of reflected words comes out
// one bit low, that is multiplied by x, so the constants are x^(D+63) and x^(D-1).
#include <bit>
#include <cstring>

#include "base/digest/crc_polynomial.h"
#include "base/digest/digest.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace base {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

using Polynomial = CrcPolynomial<std::uint64_t, 0x9A6C9329AC4BC9B5>;
constexpr Polynomial::Table kTable = Polynomial::MakeTable();

std::uint64_t TableRemainder(std::uint64_t remainder, const std::byte* data, std::size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    word ^= remainder;
    remainder = 0;
    for (std::size_t k = 0; k < 8; ++k, word >>= 8) remainder ^= kTable[7 - k][word & 0xff];
  }
  for (; size > 0; ++data, --size) {
    remainder =
        (remainder >> 8) ^ kTable[0][(remainder ^ static_cast<std::uint64_t>(*data)) & 0xff];
  }
  return remainder;
}

#if defined(__x86_64__)
#define CAIRNFS_CLMUL __attribute__((target("pclmul,sse2")))

constexpr long long FoldFirst(std::uint64_t bits) {
  return static_cast<long long>(Polynomial::PowerOfX(bits + 63));
}
constexpr long long FoldSecond(std::uint64_t bits) {
  return static_cast<long long>(Polynomial::PowerOfX(bits - 1));
}
constexpr long long kFirst128 = FoldFirst(128), kSecond128 = FoldSecond(128);
constexpr long long kFirst1024 = FoldFirst(1024), kSecond1024 = FoldSecond(1024);

CAIRNFS_CLMUL inline __m128i Load(const std::byte* data) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(data));
}

CAIRNFS_CLMUL inline __m128i Fold(__m128i block, __m128i constants, __m128i onto) {
  const __m128i first = _mm_clmulepi64_si128(block, constants, 0x00);
  const __m128i second = _mm_clmulepi64_si128(block, constants, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

// Eight blocks in flight hide the latency of the multiplier. `size` is at least 128.
CAIRNFS_CLMUL std::uint64_t FoldedRemainder(std::uint64_t remainder, const std::byte* data,
                                            std::size_t size) {
  constexpr std::size_t kLanes = 8, kBlock = 16, kStride = kLanes * kBlock;
  __m128i lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = Load(data + i * kBlock);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128(static_cast<long long>(remainder)));
  data += kStride;
  size -= kStride;

  const __m128i far = _mm_set_epi64x(kSecond1024, kFirst1024);
  for (; size >= kStride; data += kStride, size -= kStride) {
    for (std::size_t i = 0; i < kLanes; ++i)
      lanes[i] = Fold(lanes[i], far, Load(data + i * kBlock));
  }
  const __m128i near = _mm_set_epi64x(kSecond128, kFirst128);
  __m128i sum = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) sum = Fold(sum, near, lanes[i]);
  for (; size >= kBlock; data += kBlock, size -= kBlock) sum = Fold(sum, near, Load(data));

  // What is left is a 16-byte message with the same remainder as all that went before.
  std::byte folded[kBlock];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), sum);
  return TableRemainder(TableRemainder(0, folded, kBlock), data, size);
}
#endif

std::uint64_t Remainder(std::uint64_t remainder, std::span<const std::byte> data) {
#if defined(__x86_64__)
  if (data.size() >= 128 && __builtin_cpu_supports("pclmul") != 0) {
    return FoldedRemainder(remainder, data.data(), data.size());
  }
#endif
  return TableRemainder(remainder, data.data(), data.size());
}

}  // namespace

std::uint64_t Crc64Nvme(std::uint64_t crc, std::span<const std::byte> data) {
  return ~Remainder(~crc, data);
}

std::uint64_t Crc64NvmeCombine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b) {
  return Polynomial::Combine(crc_a, crc_b, length_b);
}

}  // namespace base
