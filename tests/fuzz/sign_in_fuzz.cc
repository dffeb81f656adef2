// What services and programs answer who signs in: documents with keys or tokens, and their dates.
// Whatever is in them, reading them does not fail, and no message holds a part of them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "objclient/auth/azure_token.h"
#include "objclient/auth/key_document.h"

namespace {

// An error is one of a few fixed sentences.
void CheckMessage(const base::Error& error) {
  CHECK(error.message().starts_with("the answer"));
  CHECK(error.message().size() < 80);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  base::Clock& clock = base::SystemClock();
  const base::Secret document(text);
  const auto keys = objclient::ParseKeyDocument(document, "Token", text, clock);
  if (keys.ok()) {
    CHECK(!keys->access_key_id.empty() && !keys->secret_access_key.empty());
  } else {
    CheckMessage(keys.error());
  }
  const auto token = objclient::ParseTokenDocument(document, text, clock);
  if (token.ok()) {
    CHECK(!token->token.empty() && token->expires_ns.has_value());
    CHECK(token->token.reveal().find_first_of("\r\n") == std::string::npos);
  } else {
    CheckMessage(token.error());
  }
  if (const auto end = objclient::ParseExpiration(text)) {
    CHECK(objclient::EndOnClock(*end, "", clock) >= 0);
  }
  return 0;
}
