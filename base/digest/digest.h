// Checksums and digests, all over OpenSSL or ISA-L except CRC-64/NVME, which Debian 12's ISA-L
// lacks and which is ours (carry-less multiplication, checked against published vectors). Pure
// functions, any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

// CRC-32C (Castagnoli, reflected, init and xorout all ones; "123456789" = 0xE3069283).
// Continue a running sum by passing the previous result; 0 starts one.
std::uint32_t Crc32c(std::uint32_t crc, std::span<const std::byte> data);
// CRC of A followed by B, from crc(A), crc(B) and B's length in bytes.
std::uint32_t Crc32cCombine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b);

// CRC-64/NVME (reflected 0x9A6C9329AC4BC9B5; "123456789" = 0xAE8B14860A799888). 0 starts one.
std::uint64_t Crc64Nvme(std::uint64_t crc, std::span<const std::byte> data);
std::uint64_t Crc64NvmeCombine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b);

using Sha256Digest = std::array<std::uint8_t, 32>;
using Md5Digest = std::array<std::uint8_t, 16>;
Sha256Digest Sha256(std::string_view data);
Sha256Digest HmacSha256(std::string_view key, std::string_view data);
Md5Digest Md5(std::span<const std::byte> data);

std::string HexLower(std::span<const std::uint8_t> bytes);
std::string Base64(std::span<const std::uint8_t> bytes);
// Undoes it. Nothing for what Base64 would not write: other characters, padding that is missing.
std::optional<std::string> Base64Decode(std::string_view text);
// Base64 of the CRC in big-endian order, as S3's x-amz-checksum-crc32c wants it.
std::string Base64Crc32c(std::uint32_t crc);
// `bytes` random bytes from the system as lower-case hex (tokens, ids).
std::string RandomHex(std::size_t bytes);

}  // namespace base
