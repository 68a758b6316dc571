// SPDX-License-Identifier: Apache-2.0
#include "client/answer.h"

namespace selvage::client {

using wire::JsonValue;
using wire::JsonWriter;

void write_texts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

void write_attributes(JsonWriter& out, const std::vector<MessageAttribute>& attributes) {
  out.begin_object();
  for (const MessageAttribute& one : attributes)
    out.key(one.name)
        .begin_object()
        .field("DataType", one.type)
        .field(one.type.starts_with("Binary") ? "BinaryValue" : "StringValue", one.value)
        .end_object();
  out.end_object();
}

bool read_attributes(JsonValue& value, std::vector<MessageAttribute>& out) {
  return value.object([&](std::string_view name, JsonValue& v) {
    MessageAttribute& one = out.emplace_back();
    one.name = name;
    return v.object([&](std::string_view key, JsonValue& text) {
      if (key == "DataType") one.type = text.string().value_or("");
      if (key == "StringValue" || key == "BinaryValue") one.value = text.string().value_or("");
      return true;
    });
  });
}

bool read_texts(JsonValue& value, std::vector<std::string>& out) {
  return value.array([&](JsonValue& item) {
    const auto text = item.string();
    if (text) out.emplace_back(*text);
    return text.has_value();
  });
}

Result<void> expect_sound(Result<void> parsed) {
  if (parsed) return {};
  return failure(ErrorCode::kRetry,
                 "the broker's answer makes no sense: " + parsed.error().message);
}

Result<void> read_members(const std::string& json,
                          FunctionRef<bool(std::string_view key, JsonValue& value)> take) {
  return expect_sound(wire::read_json(json, [&](JsonValue& root) { return root.object(take); }));
}

std::string read_member(std::string_view json, std::string_view name) {
  std::string found;
  const auto parsed = wire::read_json(json, [&](JsonValue& root) {
    return root.object([&](std::string_view key, JsonValue& value) {
      if (key == name) found = value.string().value_or("");
      return true;
    });
  });
  return parsed ? found : "";
}

Result<Outcomes> parse_outcomes(const std::string& json) {
  return read_list<std::string>(json, "Results",
                                [](std::string_view key, JsonValue& value, std::string& outcome) {
                                  if (key == "Outcome") outcome = value.string().value_or("");
                                  return true;
                                });
}

}  // namespace selvage::client
