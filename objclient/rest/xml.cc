#include "objclient/rest/xml.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "objclient/http/http_message.h"

namespace objclient {

namespace {

// Text nodes of blanks are kept: a key may be one. Entities of a DTD are never expanded by pugixml.
constexpr unsigned kParseOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;

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
  constexpr char32_t kDelete = 0x7F;
  constexpr char32_t kNoCharacter = 0xFFFE;  // the last two of each plane
  while (!key.empty()) {
    const auto character = base::TakeCharacter(key);
    // A parser turns \r and, in some servers, \t and \n into something else.
    if (!character || *character < U' ' || *character == kDelete) return false;
    if ((*character & kNoCharacter) == kNoCharacter) return false;
  }
  return true;
}

}  // namespace objclient
