#include "cache/stage_manifest.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/digest/digest.h"

namespace cache {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 2;       // the latest that is understood
constexpr int kPlainVersion = 1;  // all bytes at their own offsets
constexpr std::size_t kCrcDigits = 8;

// Keys and ETags are raw bytes, JSON strings are not.
std::string Hex(const std::string& bytes) {
  return base::HexLower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<std::uint32_t> ParseHex(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::string> Unhex(const std::string& hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto value = ParseHex(std::string_view(hex).substr(i, 2));
    if (!value.has_value()) return std::nullopt;
    bytes.push_back(static_cast<char>(*value));
  }
  return bytes;
}

std::uint32_t Checksum(const std::string& text) {
  return base::Crc32c(0, std::as_bytes(std::span(text)));
}

base::Error Damaged(std::string_view what) {
  return base::Error(base::ErrorClass::kCorrupt,
                     fmt::format("manifest of a staged file: {}", what));
}

std::optional<FileExtent> ParseExtent(const Json& json) {
  FileExtent extent;
  extent.offset = json.at("offset").get<std::uint64_t>();
  extent.length = json.at("length").get<std::uint64_t>();
  extent.object_offset = json.at("object_offset").get<std::uint64_t>();
  extent.object.id = json.at("id").get<std::int64_t>();
  extent.object.size = json.at("size").get<std::uint64_t>();
  const auto key = Unhex(json.at("key").get<std::string>());
  const auto etag = Unhex(json.at("etag").get<std::string>());
  if (!key.has_value() || !etag.has_value()) return std::nullopt;
  extent.object.key = *key;
  extent.object.etag = *etag;
  return extent;
}

base::Result<StagePersisted> ParseBody(const Json& body) {
  if (body.at("version").get<int>() > kVersion) {
    return base::Error(base::ErrorClass::kUnsupported,
                       "manifest of a staged file: written by a later version");
  }
  StagePersisted persisted;
  persisted.size = body.at("size").get<std::uint64_t>();
  for (const Json& json : body.at("base")) {
    const auto extent = ParseExtent(json);
    if (!extent.has_value()) return Damaged("bad extent");
    persisted.base.push_back(*extent);
  }
  for (const Json& json : body.at("staged")) {
    const auto offset = json.at(0).get<std::uint64_t>();
    const auto length = json.at(1).get<std::uint64_t>();
    if (offset > persisted.size || length > persisted.size - offset) return Damaged("bad range");
    persisted.staged.push_back({offset, length});
  }
  if (const auto far = body.find("far"); far != body.end()) {
    for (const Json& json : *far) {
      const auto offset = json.at(0).get<std::uint64_t>();
      if (offset > persisted.size) return Damaged("bad far range");
      persisted.far.push_back({offset, json.at(1).get<std::uint64_t>()});
    }
  }
  const auto crcs = body.at("crcs").get<std::string>();
  if (crcs.size() % kCrcDigits != 0) return Damaged("bad checksums");
  for (std::size_t i = 0; i < crcs.size(); i += kCrcDigits) {
    const auto crc = ParseHex(std::string_view(crcs).substr(i, kCrcDigits));
    if (!crc.has_value()) return Damaged("bad checksums");
    persisted.granule_crcs.push_back(*crc);
  }
  return persisted;
}

}  // namespace

std::string EncodeManifest(const StagePersisted& persisted) {
  Json body;
  body["version"] = persisted.far.empty() ? kPlainVersion : kVersion;
  body["size"] = persisted.size;
  body["base"] = Json::array();
  for (const FileExtent& extent : persisted.base) {
    body["base"].push_back({{"offset", extent.offset},
                            {"length", extent.length},
                            {"object_offset", extent.object_offset},
                            {"id", extent.object.id},
                            {"key", Hex(extent.object.key)},
                            {"etag", Hex(extent.object.etag)},
                            {"size", extent.object.size}});
  }
  body["staged"] = Json::array();
  for (const base::ByteRange& range : persisted.staged) {
    body["staged"].push_back({range.offset, range.length});
  }
  for (const base::ByteRange& range : persisted.far) {
    body["far"].push_back({range.offset, range.length});
  }
  std::string crcs;
  for (const std::uint32_t crc : persisted.granule_crcs) crcs += fmt::format("{:08x}", crc);
  body["crcs"] = std::move(crcs);

  const std::uint32_t checksum = Checksum(body.dump());
  body["checksum"] = fmt::format("{:08x}", checksum);
  return body.dump();
}

base::Result<StagePersisted> DecodeManifest(const std::string& text) {
  Json body = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return Damaged("not JSON");
  const auto checksum = body.find("checksum");
  if (checksum == body.end() || !checksum->is_string()) return Damaged("no checksum");
  const auto claimed = ParseHex(checksum->get<std::string>());
  body.erase("checksum");
  if (!claimed.has_value() || *claimed != Checksum(body.dump())) return Damaged("bad checksum");
  try {
    return ParseBody(body);
  } catch (const Json::exception& error) {
    return Damaged(error.what());
  }
}

}  // namespace cache
