// SPDX-License-Identifier: Apache-2.0
#include "wire/xml.h"

#include <gtest/gtest.h>

namespace selvage::wire {
namespace {

using std::string_literals::operator""s;

std::string written(std::string_view text) {
  std::string xml;
  XmlWriter(xml).text(text);
  return xml;
}

TEST(XmlWriter, ElementsStandInEachOther) {
  std::string xml = "before ";
  XmlWriter out(xml);
  out.begin("A").element("B", "b").empty("C").end("A");
  EXPECT_EQ(xml, "before <A><B>b</B><C/></A>");
}

TEST(XmlWriter, WhatWouldBeMarkupIsEscaped) {
  EXPECT_EQ(written("a < b > c & d \"e\" 'f' ]]>"),
            "a &lt; b &gt; c &amp; d &quot;e&quot; 'f' ]]&gt;");
  EXPECT_EQ(written("&amp;"), "&amp;amp;");
}

TEST(XmlWriter, LineEndsSurviveAParser) {
  EXPECT_EQ(written("a\r\n\tb\r"), "a&#xD;\n\tb&#xD;");
}

TEST(XmlWriter, CharactersBeyondAsciiAreCopied) {
  const std::string text = "\x7F \xC3\xA9 \xED\x9F\xBF \xEF\xBF\xBD \xF0\x9F\x98\x80";
  EXPECT_EQ(written(text), text);
}

TEST(XmlWriter, WhatXmlCannotCarryIsReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  for (const std::string& text : {"\0"s, "\x01"s, "\x0B"s, "\x1F"s, "\xFF"s, "\xC3"s, "\x80"s,
                                  "\xEF\xBF\xBE"s, "\xEF\xBF\xBF"s})
    EXPECT_EQ(written("a" + text + "b"), "a" + mark + "b") << testing::PrintToString(text);
  EXPECT_EQ(written("\xED\xA0\x80"), mark + mark + mark) << "half a surrogate pair";
}

}  // namespace
}  // namespace selvage::wire
