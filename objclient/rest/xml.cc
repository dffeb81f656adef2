#include "objclient/rest/xml.h"

#include <fmt/format.h>

#include "objclient/http/http_message.h"

namespace objclient {

namespace {

// Text nodes of blanks are kept: a key may be one. Entities of a DTD are never expanded by pugixml.
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

// The length of the UTF-8 sequence at the start of `text`, 0 when it is malformed.
std::size_t Utf8Length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  std::uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = code << 6 | (next & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool no_character =
      (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF || (code & 0xFFFE) == 0xFFFE;
  return overlong || no_character ? 0 : length;
}

}  // namespace

std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string ChildText(const pugi::xml_node& parent, std::string_view name) {
  for (const auto& child : parent.children()) {
    if (LocalName(child) == name) return child.text().get();
  }
  return {};
}

std::uint64_t ChildNumber(const pugi::xml_node& parent, std::string_view name) {
  return ParseDecimal(ChildText(parent, name)).value_or(0);
}

base::Result<pugi::xml_node> ParseXml(pugi::xml_document& document, std::string_view body,
                                      std::string_view name) {
  const auto result = document.load_buffer(body.data(), body.size(), kParseOptions);
  const pugi::xml_node root = document.document_element();
  if (!result || LocalName(root) != name) {
    return base::Error(base::ErrorClass::kCorrupt,
                       fmt::format("the answer is no {}: {}", name,
                                   result ? "another document" : result.description()));
  }
  return root;
}

std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool FitsIntoXml(std::string_view key) {
  while (!key.empty()) {
    const auto lead = static_cast<unsigned char>(key.front());
    // A parser turns \r and, in some servers, \t and \n into something else.
    const std::size_t length = lead < 0x20 || lead == 0x7F ? 0 : Utf8Length(key);
    if (length == 0) return false;
    key.remove_prefix(length);
  }
  return true;
}

}  // namespace objclient
