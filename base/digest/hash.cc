#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

#include "base/check.h"
#include "base/digest/digest.h"

namespace base {
namespace {

// OpenSSL fails here only when it has no memory or no provider for the algorithm; a wrong digest
// must not be sent in place of a right one.
template <typename Digest>
Digest Hash(const EVP_MD* algorithm, const void* bytes, std::size_t size) {
  Digest digest{};
  unsigned length = 0;
  CHECK(EVP_Digest(bytes, size, digest.data(), &length, algorithm, nullptr) == 1);
  CHECK(length == digest.size());
  return digest;
}

}  // namespace

Sha256Digest Sha256(std::string_view data) {
  return Hash<Sha256Digest>(EVP_sha256(), data.data(), data.size());
}

Md5Digest Md5(std::span<const std::byte> data) {
  return Hash<Md5Digest>(EVP_md5(), data.data(), data.size());
}

Sha256Digest HmacSha256(std::string_view key, std::string_view data) {
  CHECK(key.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  Sha256Digest digest{};
  unsigned length = 0;
  // OpenSSL takes a null key for "the key of last time": an empty key must not be null.
  const void* const key_bytes = key.empty() ? "" : key.data();
  CHECK(HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(),
             &length) != nullptr);
  CHECK(length == digest.size());
  return digest;
}

}  // namespace base
