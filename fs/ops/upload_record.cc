#include "fs/ops/upload_record.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace fs {
namespace {

constexpr std::size_t kTokensMax = 16;  // an attempt a mount, as long as all of them fail

}  // namespace

UploadTokens UploadTokens::FromText(std::string_view text) {
  UploadTokens tokens;
  while (!text.empty()) {
    const std::string_view token = text.substr(0, text.find(' '));
    if (!token.empty()) tokens.Add(std::string(token));
    text.remove_prefix(std::min(token.size() + 1, text.size()));
  }
  return tokens;
}

std::string UploadTokens::ToText() const {
  std::string text;
  for (const std::string& token : tokens_) {
    if (!text.empty()) text += ' ';
    text += token;
  }
  return text;
}

void UploadTokens::Add(std::string token) {
  if (tokens_.size() == kTokensMax) tokens_.erase(tokens_.begin());
  tokens_.push_back(std::move(token));
}

bool UploadTokens::Made(const objclient::ObjectHead& head) const {
  const auto token = head.metadata.find(kIntentTokenName);
  return token != head.metadata.end() &&
         std::find(tokens_.begin(), tokens_.end(), token->second) != tokens_.end();
}

std::string PendingUpload::ToPayload() const {
  std::string payload = std::to_string(mtime_ns);
  if (!tokens.empty()) payload.append(" ").append(tokens.ToText());
  return payload.append("\n").append(manifest);
}

base::Result<PendingUpload> PendingUpload::FromPayload(const std::string& payload) {
  PendingUpload pending;
  const std::string_view line = std::string_view(payload).substr(0, payload.find('\n'));
  const auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), pending.mtime_ns);
  const auto digits = static_cast<std::size_t>(end - line.data());
  const bool bounded = digits == line.size() || line[digits] == ' ';
  if (error != std::errc{} || !bounded || line.size() == payload.size()) {
    return base::Error(base::ErrorClass::kCorrupt, "pending upload: no time before the manifest");
  }
  pending.tokens = UploadTokens::FromText(line.substr(digits));
  pending.manifest = payload.substr(line.size() + 1);
  return pending;
}

}  // namespace fs
