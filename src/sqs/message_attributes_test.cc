// SPDX-License-Identifier: Apache-2.0
#include "sqs/message_attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::string_literals::operator""s;

bool take_json(std::string_view json, MessageAttributes& out) {
  return wire::read_json(json,
                         [&](wire::JsonValue& root) {
                           Value value(root);
                           return take_attributes(value, out);
                         })
      .has_value();
}

MessageAttributes taken(std::string_view json) {
  MessageAttributes attributes;
  EXPECT_TRUE(take_json(json, attributes)) << json;
  return attributes;
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

// What check_attributes says to {"a":{…}}.
std::string refusal_of(const std::string& members) {
  const auto checked = check_attributes(taken(R"({"a":{)" + members + "}}"));
  return checked ? "" : checked.error().message;
}

TEST(MessageAttributesRules, ValueStandsInTheFieldOfItsType) {
  struct Row {
    const char* members;
    const char* sentence;
  };
  for (const auto& [members, sentence] : {
           Row{R"("DataType":"String","StringValue":"x")", ""},
           Row{R"("StringValue":"x","BinaryValue":"","DataType":"String")", ""},
           Row{R"("DataType":"Binary.z","BinaryValue":"AP8Q","StringValue":"")", ""},
           Row{R"("BinaryValue":"AP8Q","DataType":"String")",
               "The message attribute 'a' with type 'String' must use field 'String'."},
           Row{R"("DataType":"Number.int","BinaryValue":"AP8Q")",
               "The message attribute 'a' with type 'Number' must use field 'String'."},
           Row{R"("DataType":"Binary","StringValue":"AP8Q")",
               "The message attribute 'a' with type 'Binary' must use field 'Binary'."},
           Row{R"("DataType":"String","StringValue":"x","BinaryValue":"AP8Q")",
               "Message (user) attribute 'a' must have either a StringValue or a BinaryValue, not "
               "both."},
           Row{R"("DataType":"String")",
               "Message (user) attribute 'a' must contain a non-empty value of type 'String'."},
           Row{R"("DataType":"Binary","BinaryValue":"")",
               "Message (user) attribute 'a' must contain a non-empty value of type 'Binary'."},
           Row{R"("StringValue":"x")",
               "Message (user) attribute 'a' must contain a non-empty attribute type."},
           Row{R"("DataType":"Integer","StringValue":"5")",
               "The type of message (user) attribute 'a' is invalid. You must use only the "
               "following supported type prefixes: Binary, Number, String."},
           Row{R"("DataType":"Number","StringValue":"five")",
               "Can't cast the value of message (user) attribute 'a' to a number."},
       })
    EXPECT_EQ(refusal_of(members), sentence) << members;
}

TEST(MessageAttributesValues, AreReadAndWrittenByTheirTypes) {
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

TEST(MessageAttributesValues, AreReadFromAForm) {
  wire::Form form;
  ASSERT_TRUE(
      form.read("1.Name=b&1.Value.DataType=Binary&1.Value.BinaryValue=AP8Q"
                "&2.Name=s&2.Value.DataType=String&2.Value.StringValue=x%20y"));
  Value value(form.root());
  MessageAttributes attributes;
  ASSERT_TRUE(take_attributes(value, attributes));
  EXPECT_EQ(attributes.at("b").value, "\x00\xFF\x10"s);
  EXPECT_EQ(attributes.at("s").value, "x y");
  EXPECT_TRUE(check_attributes(attributes));
}

TEST(MessageAttributesValues, HaveTheirValueBeforeTheirTypeInXml) {
  std::string body;
  Result out(body, Dialect::kXml, "X");
  write_attributes({{"b", {"Binary", "\x00\xFF\x10"s}}, {"s", {"String", "x"}}}, out);
  out.finish("r");
  EXPECT_THAT(
      body,
      testing::HasSubstr(
          "<XResult><MessageAttribute><Name>b</Name><Value><BinaryValue>AP8Q</BinaryValue>"
          "<DataType>Binary</DataType></Value></MessageAttribute><MessageAttribute><Name>s</Name>"
          "<Value><StringValue>x</StringValue><DataType>String</DataType></Value>"
          "</MessageAttribute></XResult>"));
}

TEST(MessageAttributesValues, UnknownMembersAndNullsAreSkipped) {
  const auto attributes = taken(
      R"({"s":{"DataType":"String","StringValue":"x","BinaryValue":null,"StringListValues":[]}})");
  EXPECT_EQ(attributes.at("s").value, "x");
}

TEST(MessageAttributesValues, LastOfEqualNamesCountsAlone) {
  const auto attributes = taken(R"({"s":{"DataType":"Binary","BinaryValue":"AP8Q"},)"
                                R"("s":{"DataType":"String","StringValue":"x"}})");
  EXPECT_EQ(attributes.at("s").value, "x");
  EXPECT_TRUE(check_attributes(attributes));
}

TEST(MessageAttributesValues, OfTheWrongKindAreRefused) {
  for (const char* json :
       {"[]", R"({"a":"text"})", R"({"a":{"DataType":5}})", R"({"a":{"StringValue":{}}})",
        R"({"a":{"DataType":"Binary","BinaryValue":"not base64"}})"}) {
    MessageAttributes attributes;
    EXPECT_FALSE(take_json(json, attributes)) << json;
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
