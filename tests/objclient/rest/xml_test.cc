#include "objclient/rest/xml.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(ParseXml, FindsChildrenWithAndWithoutNamespaces) {
  for (const char* body :
       {"<Root><Name> a b </Name><Size>12</Size></Root>",
        "<n:Root xmlns:n=\"u\"><n:Name> a b </n:Name><n:Size>12</n:Size></n:Root>"}) {
    pugi::xml_document document;
    const auto root = ParseXml(document, body, "Root");
    ASSERT_TRUE(root.ok()) << body;
    EXPECT_EQ(ChildText(*root, "Name"), " a b ");
    EXPECT_EQ(ChildNumber(*root, "Size"), 12u);
    EXPECT_EQ(ChildNumber(*root, "Name"), 0u);
    EXPECT_EQ(ChildText(*root, "Other"), "");
  }
}

TEST(ParseXml, RefusesOtherDocuments) {
  for (const char* body : {"", "text", "<Other/>", "<Root>", "<html><Root/></html>"}) {
    pugi::xml_document document;
    const auto root = ParseXml(document, body, "Root");
    ASSERT_FALSE(root.ok()) << body;
    EXPECT_EQ(root.error().error_class(), base::ErrorClass::kCorrupt);
  }
}

TEST(XmlEscape, ComesBack) {
  pugi::xml_document document;
  const std::string text = "a<b>&\"c'";
  const auto root = ParseXml(document, "<R><T>" + XmlEscape(text) + "</T></R>", "R");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(ChildText(*root, "T"), text);
}

TEST(FitsIntoXml, WhatAParserGivesBackUnchanged) {
  for (const char* key : {"", "plain", "a b", "\xC3\xA9", "\xE2\x98\x83", "\xF0\x9F\x98\x80"}) {
    EXPECT_TRUE(FitsIntoXml(key)) << key;
  }
  for (const char* key : {"\n", "a\tb", "\r", "\x01", "\x7F", "\xFF", "\xC3", "\xC0\x80",
                          "\xE0\x80\x80", "\xED\xA0\x80", "\xEF\xBF\xBE", "\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(FitsIntoXml(key)) << key;
  }
  EXPECT_FALSE(FitsIntoXml(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace objclient
