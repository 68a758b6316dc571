// SPDX-License-Identifier: Apache-2.0
#include "sqs/envelope.h"

#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::string_literals::operator""s;

MessageAttributes taken(std::string_view json) {
  MessageAttributes attributes;
  EXPECT_TRUE(wire::read_json(json, [&](wire::JsonValue& v) {
    return take_attributes(v, attributes);
  })) << json;
  return attributes;
}

TEST(Envelope, ComesBackAsItWas) {
  const Envelope sent{.body = "a body \0 with anything"s,
                      .attributes = {{"a", {"String", "text"}},
                                     {"b", {"Binary.png", "\0\xFF"s}},
                                     {"c", {"Number", "5"}}},
                      .trace_header = "Root=1"};
  const Envelope got = decode_envelope(encode_envelope(sent));
  EXPECT_EQ(got.body, sent.body);
  EXPECT_EQ(got.trace_header, sent.trace_header);
  ASSERT_EQ(got.attributes.size(), 3u);
  for (const auto& [name, attribute] : sent.attributes) {
    EXPECT_EQ(got.attributes.at(name).type, attribute.type) << name;
    EXPECT_EQ(got.attributes.at(name).value, attribute.value) << name;
  }
}

TEST(Envelope, OfNoBytesIsEmpty) {
  EXPECT_EQ(decode_envelope("").body, "");
  EXPECT_EQ(decode_envelope(encode_envelope({})).body, "");
}

TEST(Envelope, BodyAndAttributesCountButTheTraceHeaderDoesNot) {
  EXPECT_EQ((Envelope{.body = "12345", .attributes = {}, .trace_header = ""}.size()), 5u);
  EXPECT_EQ((Envelope{.body = "12345",
                      .attributes = {{"name", {"String", "value"}}, {"n", {"Number", "1"}}},
                      .trace_header = "not counted"}
                 .size()),
            5u + 4 + 6 + 5 + 1 + 6 + 1);
}

TEST(Envelope, OnlyCharactersOfXmlAreAllowed) {
  struct Case {
    std::string text;
    bool allowed;
  };
  for (const auto& [text, allowed] : {
           Case{"", true},
           Case{"plain \t\r\n text", true},
           Case{"\0"s, false},
           Case{"\x08", false},
           Case{"\x0B", false},
           Case{"\x1F", false},
           Case{"\x20\x7F", true},
           Case{"\xED\x9F\xBF", true},       // U+D7FF
           Case{"\xEE\x80\x80", true},       // U+E000
           Case{"\xEF\xBF\xBD", true},       // U+FFFD
           Case{"\xEF\xBF\xBE", false},      // U+FFFE
           Case{"end \xEF\xBF\xBF", false},  // U+FFFF
           Case{"\xF0\x90\x80\x80", true},   // U+10000
           Case{"\xF4\x8F\xBF\xBF", true},   // U+10FFFF
           Case{"fine until \x01", false},
       })
    EXPECT_EQ(has_only_allowed_characters(text), allowed) << testing::PrintToString(text);
}

// ---- message attributes

TEST(MessageAttributesRules, NamesTypesAndValuesAreChecked) {
  struct Case {
    std::string name, type, value;
    std::string_view error;  // empty: fine
  };
  constexpr std::string_view kBad = "InvalidParameterValueException";
  for (const Case& c : {
           Case{"plain", "String", "x", ""},
           Case{"with-all_of.these9", "Number.int", "5", ""},
           Case{std::string(256, 'n'), "Binary", "\x01", ""},
           Case{"n", "String.anything at all", "x", ""},
           Case{"", "String", "x", kBad},
           Case{std::string(257, 'n'), "String", "x", kBad},
           Case{".starts", "String", "x", kBad},
           Case{"ends.", "String", "x", kBad},
           Case{"two..dots", "String", "x", kBad},
           Case{"with space", "String", "x", kBad},
           Case{"\xC3\xA9", "String", "x", kBad},
           Case{"AWS.mine", "String", "x", kBad},
           Case{"aWs.mine", "String", "x", kBad},
           Case{"Amazon.mine", "String", "x", kBad},
           Case{"AWSmine", "String", "x", ""},
           Case{"n", "", "x", kBad},
           Case{"n", "string", "x", kBad},
           Case{"n", "String.", "x", kBad},
           Case{"n", "Strings", "x", kBad},
           Case{"n", "StringList", "x", kBad},
           Case{"n", "String." + std::string(250, 't'), "x", kBad},
           Case{"n", "String", "", kBad},
           Case{"n", "Binary", "", kBad},
           Case{"n", "String", "\x01", "InvalidMessageContents"},
       }) {
    const auto checked = check_attributes({{c.name, {c.type, c.value}}});
    EXPECT_EQ(checked ? "" : checked.error().kind.type, c.error) << c.name << " " << c.type;
  }
}

TEST(MessageAttributesRules, TenAreAllowed) {
  MessageAttributes attributes;
  for (char name = 'a'; name < 'a' + 10; ++name) attributes[std::string(1, name)] = {"String", "x"};
  EXPECT_TRUE(check_attributes(attributes));
  attributes["z"] = {"String", "x"};
  EXPECT_FALSE(check_attributes(attributes));
}

TEST(MessageAttributesJson, ValuesAreReadAndWrittenByTheirTypes) {
  const std::string json = R"({"b":{"DataType":"Binary","BinaryValue":"AP8Q"},)"
                           R"("s":{"DataType":"String","StringValue":"x"}})";
  const MessageAttributes attributes = taken(json);
  EXPECT_EQ(attributes.at("b").value, "\x00\xFF\x10"s);
  EXPECT_EQ(attributes.at("s").value, "x");
  std::string written;
  wire::JsonWriter out(written);
  write_attributes(attributes, out);
  EXPECT_EQ(written, json);
}

TEST(MessageAttributesJson, UnknownMembersAndNullsAreSkipped) {
  const auto attributes = taken(
      R"({"s":{"DataType":"String","StringValue":"x","BinaryValue":null,"StringListValues":[]}})");
  EXPECT_EQ(attributes.at("s").value, "x");
}

TEST(MessageAttributesJson, ValuesOfTheWrongKindAreRefused) {
  for (const char* json :
       {"[]", R"({"a":"text"})", R"({"a":{"DataType":5}})", R"({"a":{"StringValue":{}}})",
        R"({"a":{"DataType":"Binary","BinaryValue":"not base64"}})"}) {
    MessageAttributes attributes;
    EXPECT_FALSE(wire::read_json(json, [&](wire::JsonValue& v) {
      return take_attributes(v, attributes);
    })) << json;
  }
}

// The expected values were computed with Python's struct and hashlib from the developer guide's
// description, not with this code.
TEST(MessageAttributesDigest, IsTheOneOfTheDeveloperGuide) {
  EXPECT_EQ(md5_of_attributes({{"a", {"String", "b"}}}), "bef8bf215374a0a228d67533b1a488be");
  EXPECT_EQ(md5_of_attributes({{"colour", {"String", "red"}},
                               {"count", {"Number.int", "42"}},
                               {"raw", {"Binary.png", "\x00\xFF\x10"s}}}),
            "2a9606b2bf1bedd319f4186f7465f3d7");
  EXPECT_EQ(md5_of_attributes({{"AWSTraceHeader", {"String", "Root=1-5759e988"}}}),
            "1093703a9379955b75098a87e549ba88");
}

TEST(MessageAttributesDigest, OrderIsThatOfBytes) {
  EXPECT_EQ(md5_of_attributes({{"alpha", {"String", "2"}}, {"Zed", {"String", "1"}}}),
            "9ce7dbe3aace079cad3fdf7362c646db");
}

}  // namespace
}  // namespace selvage::sqs
