// XML as stores send and take it: the few things that parsers of answers and builders of requests
// share, over pugixml. Pure functions.
#pragma once

#include <cstdint>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace objclient {

// The element's name without the namespace that some servers put in front of every name.
std::string_view LocalName(const pugi::xml_node& node);
// The text of the child of that name; "" where there is none.
std::string ChildText(const pugi::xml_node& parent, std::string_view name);
// The same as a decimal number; 0 for what is none.
std::uint64_t ChildNumber(const pugi::xml_node& parent, std::string_view name);
// The document's element, which must have that name; else kCorrupt.
base::Result<pugi::xml_node> ParseXml(pugi::xml_document& document, std::string_view body,
                                      std::string_view name);

std::string XmlEscape(std::string_view text);
// Whether a text survives a document: valid UTF-8 without control characters.
bool FitsIntoXml(std::string_view text);

}  // namespace objclient
