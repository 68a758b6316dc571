// SPDX-License-Identifier: Apache-2.0
#include "sqs/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace selvage::sqs {
namespace {

using testing::ElementsAre;
using Texts = std::vector<std::string>;

// Reads a request of either protocol; false when `read` refuses or the request is malformed.
bool from_json(std::string_view json, const std::function<bool(Value&)>& read) {
  return wire::read_json(json,
                         [&](wire::JsonValue& root) {
                           Value value(root);
                           return read(value);
                         })
      .has_value();
}
bool from_form(std::string_view encoded, const std::function<bool(Value&)>& read) {
  wire::Form form;
  if (!form.read(encoded)) return false;
  Value value(form.root());
  return read(value);
}

// The whole of a request as name=value lines, by the shape that each name has.
struct Seen {
  Texts lines;
  bool read(Value& root) {
    return root.object([&](std::string_view name, Value& value) {
      if (name.ends_with("Names")) return value.list([&](Value& item) { return note(name, item); });
      if (name == "Attributes" || name == "Tags")
        return value.map([&](std::string_view key, Value& v) { return note(key, v); });
      if (name != "Entries") return note(name, value);
      return value.list([&](Value& entry) { return read(entry); });
    });
  }
  bool note(std::string_view name, Value& value) {
    std::string text;
    if (!take(value, text)) return false;
    lines.push_back(std::string(name) + "=" + text);
    return true;
  }
};

Texts json_lines(std::string_view json) {
  Seen seen;
  EXPECT_TRUE(from_json(json, [&](Value& root) { return seen.read(root); })) << json;
  return seen.lines;
}
Texts form_lines(std::string_view form) {
  Seen seen;
  EXPECT_TRUE(from_form(form, [&](Value& root) { return seen.read(root); })) << form;
  return seen.lines;
}

TEST(Value, BothProtocolsSayTheSame) {
  struct Row {
    const char* json;
    const char* form;
    Texts lines;
  };
  for (const auto& [json, form, lines] : {
           Row{R"({"QueueUrl":"u"})", "QueueUrl=u", {"QueueUrl=u"}},
           Row{R"({"AttributeNames":["A","B"]})",
               "AttributeName.1=A&AttributeName.2=B",
               {"AttributeNames=A", "AttributeNames=B"}},
           Row{R"({"MessageSystemAttributeNames":["A"]})",
               "MessageSystemAttributeName.1=A",
               {"MessageSystemAttributeNames=A"}},
           Row{R"({"Attributes":{"A":"1","B":"2"}})",
               "Attribute.2.Name=B&Attribute.2.Value=2&Attribute.1.Value=1&Attribute.1.Name=A",
               {"A=1", "B=2"}},
           Row{R"({"Tags":{"k":"v"}})", "Tag.1.Key=k&Tag.1.Value=v", {"k=v"}},
           Row{R"({"Tags":{"k":"v"}})", "Tags.1.Key=k&Tags.1.Value=v", {"k=v"}},
           Row{R"({"Entries":[{"Id":"a","Attributes":{"A":"1"}},{"Id":"b"}]})",
               "SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.1.Id=a"
               "&SendMessageBatchRequestEntry.1.Attribute.1.Name=A"
               "&SendMessageBatchRequestEntry.1.Attribute.1.Value=1",
               {"A=1", "Id=a", "Id=b"}},
       }) {
    EXPECT_EQ(form_lines(form), lines);
    EXPECT_THAT(json_lines(json), testing::UnorderedElementsAreArray(lines));
  }
}

TEST(Value, NumberMayBeLeftOutWhereThereIsOneElement) {
  EXPECT_THAT(form_lines("AttributeName=All"), ElementsAre("AttributeNames=All"));
  EXPECT_THAT(form_lines("Attribute.Name=A&Attribute.Value=1"), ElementsAre("A=1"));
  EXPECT_THAT(form_lines("DeleteMessageBatchRequestEntry.Id=a"), ElementsAre("Id=a"));
}

TEST(Value, ElementsFollowTheirNumbers) {
  EXPECT_THAT(form_lines("AttributeName.10=c&AttributeName.9=b&AttributeName.1=a"),
              ElementsAre("AttributeNames=a", "AttributeNames=b", "AttributeNames=c"));
}

TEST(Value, NullsAreAbsentEverywhere) {
  EXPECT_THAT(json_lines(R"({"QueueUrl":null,"AttributeNames":[null,"A"],)"
                         R"("Attributes":{"B":null},"Entries":[null,{"Id":null}],"Tags":null})"),
              ElementsAre("AttributeNames=A"));
}

TEST(Value, MapWithoutAKeyIsRefused) {
  for (const char* form : {"Attribute.1.Value=1", "Attribute.1=A", "Attribute=A",
                           "Attribute.1.Name=A", "Attribute.1.Name.x=A&Attribute.1.Value=1"}) {
    Seen seen;
    EXPECT_FALSE(from_form(form, [&](Value& root) { return seen.read(root); })) << form;
  }
}

TEST(Value, ShapesAreNotMixedUp) {
  for (const char* json : {R"({"AttributeNames":"A"})", R"({"Attributes":["A"]})",
                           R"({"Entries":{"Id":"a"}})", R"({"QueueUrl":["u"]})", "[]"}) {
    Seen seen;
    EXPECT_FALSE(from_json(json, [&](Value& root) { return seen.read(root); })) << json;
  }
  for (const char* form : {"QueueUrl.1=u", "AttributeName.1.x=A"}) {
    Seen seen;
    EXPECT_FALSE(from_form(form, [&](Value& root) { return seen.read(root); })) << form;
  }
}

// ---- scalars

// What `text` is as a form's value and, with quotes where it has to, as a JSON value.
template <typename T>
void expect_scalar(std::string_view json, std::string_view form, std::optional<T> expected,
                   std::optional<T> (Value::*get)()) {
  from_json(json, [&](Value& value) {
    EXPECT_EQ((value.*get)(), expected) << json;
    return true;
  });
  from_form("v=" + std::string(form), [&](Value& root) {
    return root.object([&](std::string_view, Value& value) {
      EXPECT_EQ((value.*get)(), expected) << form;
      return true;
    });
  });
}

TEST(Value, NumbersAreWholeAndFit) {
  expect_scalar<int64_t>("5", "5", 5, &Value::integer);
  expect_scalar<int64_t>("-9223372036854775808", "-9223372036854775808", INT64_MIN,
                         &Value::integer);
  expect_scalar<int64_t>("9223372036854775808", "9223372036854775808", {}, &Value::integer);
  expect_scalar<int64_t>("1.5", "1.5", {}, &Value::integer);
  expect_scalar<int64_t>(R"("5")", "5x", {}, &Value::integer);
  expect_scalar<int64_t>("true", "", {}, &Value::integer);
}

TEST(Value, TruthHasTwoWords) {
  expect_scalar<bool>("true", "true", true, &Value::boolean);
  expect_scalar<bool>("false", "false", false, &Value::boolean);
  expect_scalar<bool>("1", "1", {}, &Value::boolean);
}

TEST(Value, BytesAreBase64) {
  expect_scalar<std::string>(R"("aGk=")", "aGk%3D", "hi", &Value::bytes);
  expect_scalar<std::string>(R"("not base64")", "not+base64", {}, &Value::bytes);
}

}  // namespace
}  // namespace selvage::sqs
