#include "objclient/auth/key_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "objclient/http/http_date.h"
#include "objclient/http/http_message.h"
#include "objclient/rest/xml.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kLifeMaxSeconds = 10LL * 365 * 86400;  // keeps the arithmetic in range

base::Error Bad(const std::string& why) {
  return {base::ErrorClass::kInvalid, "the answer holds no keys: " + why};
}

// Absent and null are the same. Moves the text out: the document keeps no copy of a secret.
std::string Take(nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return std::move(found->get_ref<std::string&>());
}

bool FitsIntoHeader(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

base::Status Check(const Credentials& keys) {
  if (keys.access_key_id.empty()) return Bad("AccessKeyId is missing");
  if (keys.secret_access_key.empty()) return Bad("SecretAccessKey is missing");
  if (!FitsIntoHeader(keys.access_key_id)) return Bad("AccessKeyId is no word");
  if (!FitsIntoHeader(keys.session_token.reveal())) return Bad("the token is no word");
  return base::Ok();
}

base::Status SetEnd(Credentials& keys, std::string_view expiration, std::string_view server_date,
                    base::Clock& clock) {
  const auto seconds = ParseExpiration(expiration);
  if (!seconds) return Bad("Expiration is no date");
  keys.expires_ns = EndOnClock(*seconds, server_date, clock);
  return base::Ok();
}

}  // namespace

std::optional<std::int64_t> ParseExpiration(std::string_view text) {
  constexpr std::size_t kOffsetLength = 6;  // "+01:00"
  if (text.size() <= kOffsetLength) return std::nullopt;
  const std::string_view offset = text.substr(text.size() - kOffsetLength);
  if (offset[0] != '+' && offset[0] != '-') return ParseIsoDate(text);
  const auto hours = ParseDecimal(offset.substr(1, 2));
  const auto minutes = ParseDecimal(offset.substr(4));
  const auto local = ParseIsoDate(std::string(text.substr(0, text.size() - kOffsetLength)) + "Z");
  if (offset[3] != ':' || !hours || !minutes || !local) return std::nullopt;
  const auto seconds = static_cast<std::int64_t>(*hours * 3600 + *minutes * 60);
  return *local + (offset[0] == '+' ? -seconds : seconds);
}

std::int64_t EndOnClock(std::int64_t expiration, std::string_view server_date, base::Clock& clock) {
  const auto server = ParseHttpDate(server_date);
  const std::int64_t now = server.value_or(clock.WallNs() / kNsPerSecond);
  const std::int64_t life = std::clamp<std::int64_t>(expiration - now, 0, kLifeMaxSeconds);
  return clock.MonotonicNs() + life * kNsPerSecond;
}

base::Result<Credentials> ParseKeyDocument(const base::Secret& document, const char* token_name,
                                           std::string_view server_date, base::Clock& clock) {
  auto json = nlohmann::json::parse(document.reveal(), nullptr, false);
  if (!json.is_object()) return Bad("it is no JSON object");
  Credentials keys;
  keys.access_key_id = Take(json, "AccessKeyId");
  keys.secret_access_key = base::Secret(Take(json, "SecretAccessKey"));
  keys.session_token = base::Secret(Take(json, token_name));
  TRY(Check(keys));
  const std::string expiration = Take(json, "Expiration");
  if (expiration.empty()) return keys;
  TRY(SetEnd(keys, expiration, server_date, clock));
  return keys;
}

base::Result<Credentials> ParseKeyXml(const base::Secret& document, std::string_view server_date,
                                      base::Clock& clock) {
  pugi::xml_document xml;
  xml.load_buffer(document.reveal().data(), document.reveal().size());
  const auto text = [&xml](std::string_view name) -> std::string {
    const pugi::xml_node found =
        xml.find_node([](const pugi::xml_node& node) { return LocalName(node) == "Credentials"; });
    return ChildText(found, name);
  };
  Credentials keys;
  keys.access_key_id = text("AccessKeyId");
  keys.secret_access_key = base::Secret(text("SecretAccessKey"));
  keys.session_token = base::Secret(text("SessionToken"));
  TRY(Check(keys));
  TRY(SetEnd(keys, text("Expiration"), server_date, clock));
  return keys;
}

}  // namespace objclient
