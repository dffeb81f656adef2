#include "objclient/auth/azure_token.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "objclient/auth/key_document.h"
#include "objclient/http/http_message.h"

namespace objclient {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// Old versions of az give the end in local time only: such a token is asked for again soon.
constexpr std::int64_t kUnknownLifeSeconds = 600;
constexpr std::uint64_t kSecondsMax = 1ull << 40;

// Services write numbers as numbers or as text.
std::optional<std::int64_t> Number(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  std::optional<std::uint64_t> value;
  if (found->is_string()) value = ParseDecimal(found->get_ref<const std::string&>());
  if (found->is_number_unsigned()) value = found->get<std::uint64_t>();
  if (!value || *value > kSecondsMax) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::string Text(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The first line of what the service says: further ones are trace ids.
std::string Reason(const base::Secret& document) {
  const auto json = nlohmann::json::parse(document.reveal(), nullptr, false);
  if (!json.is_object()) return {};
  const std::string description = Text(json, "error_description");
  return Text(json, "error") + (description.empty() ? "" : ": ") +
         description.substr(0, description.find_first_of("\r\n"));
}

}  // namespace

base::Result<AzureToken> ParseTokenDocument(const base::Secret& document,
                                            std::string_view server_date, base::Clock& clock) {
  auto json = nlohmann::json::parse(document.reveal(), nullptr, false);
  AzureToken out;
  for (const char* name : {"access_token", "accessToken"}) {
    if (!json.is_object() || !out.token.empty()) break;
    const auto found = json.find(name);
    if (found == json.end() || !found->is_string()) continue;
    out.token = base::Secret(std::move(found->get_ref<std::string&>()));
  }
  if (out.token.empty()) {
    return base::Error(base::ErrorClass::kInvalid, "the answer holds no token");
  }
  if (out.token.reveal().find_first_of("\r\n") != std::string::npos) {
    return base::Error(base::ErrorClass::kInvalid, "the answer's token holds a line end");
  }
  if (const auto life = Number(json, "expires_in")) {
    out.expires_ns = clock.MonotonicNs() + std::min(*life, std::int64_t{86400} * 30) * kNsPerSecond;
  } else if (const auto end = Number(json, "expires_on")) {
    out.expires_ns = EndOnClock(*end, server_date, clock);
  } else {
    out.expires_ns = clock.MonotonicNs() + kUnknownLifeSeconds * kNsPerSecond;
  }
  return out;
}

base::Result<AzureToken> TokenOf(const std::string& service, const CredentialAnswer& answer,
                                 base::Clock& clock) {
  if (!answer.ok()) return CredentialRefusal(service, answer.status, Reason(answer.body));
  auto token = ParseTokenDocument(answer.body, answer.headers.Value("date"), clock);
  if (!token.ok()) return token.error().Annotate(service);
  return token;
}

}  // namespace objclient
