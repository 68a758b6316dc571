// SPDX-License-Identifier: Apache-2.0
#include "sqs/message_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "auth/digest.h"
#include "auth/text.h"
#include "base/bytes.h"
#include "sqs/envelope.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

using Fault = AttributeValue::Fault;

constexpr size_t kMaxAttributes = 10;
constexpr size_t kMaxAttributeName = 256;

bool is_of_name(char c) {
  return is_name_character(c) || c == '.';
}

bool is_valid_name(const std::string& name) {
  const std::string folded = auth::to_lower(name);
  return name.size() <= kMaxAttributeName && std::ranges::all_of(name, is_of_name) &&
         name.front() != '.' && name.back() != '.' && name.find("..") == std::string::npos &&
         !folded.starts_with("aws.") && !folded.starts_with("amazon.");
}

bool is_valid_type(std::string_view type) {
  for (const std::string_view base : {"String", "Number", "Binary"})
    if (type == base || (type.starts_with(base) && type.size() > base.size() + 1 &&
                         type[base.size()] == '.' && type.size() <= kMaxAttributeName))
      return true;
  return false;
}

// Decimal, with an optional sign, fraction and exponent.
bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool spelled_out = text.find_first_of("infaNIFA") != std::string_view::npos;
  return error != std::errc::invalid_argument && end == text.data() + text.size() && !spelled_out;
}

// The part of a type that says how the value is written.
std::string_view base_type(const AttributeValue& attribute) {
  return std::string_view(attribute.type).substr(0, attribute.type.find('.'));
}

// An empty value counts as none: some clients send both members, one of them empty.
bool take_attribute(Value& value, AttributeValue& out) {
  std::optional<std::string> text, raw;
  const bool read = value.object([&](std::string_view name, Value& v) {
    if (name == "DataType") return take(v, out.type);
    if (name == "StringValue") return take(v, text);
    if (name != "BinaryValue") return true;
    raw = v.bytes();
    return raw.has_value();
  });
  const bool has_text = text && !text->empty();
  const bool has_raw = raw && !raw->empty();
  if (has_text && has_raw) out.fault = Fault::kBothFields;
  if (has_text != has_raw && has_raw != out.is_binary()) out.fault = Fault::kOtherField;
  out.value = has_raw ? *std::move(raw) : std::move(text).value_or("");
  return read;
}

std::unexpected<ApiError> bad(std::string message) {
  return refuse(kInvalidParameterValue, std::move(message));
}

OrError<void> check_value(const std::string& name, const AttributeValue& attribute) {
  if (attribute.fault == Fault::kBothFields)
    return bad(
        fmt::format("Message (user) attribute '{}' must have either a StringValue or a "
                    "BinaryValue, not both.",
                    name));
  if (attribute.fault == Fault::kOtherField)
    return bad(fmt::format("The message attribute '{}' with type '{}' must use field '{}'.", name,
                           base_type(attribute), attribute.is_binary() ? "Binary" : "String"));
  if (attribute.value.empty())
    return bad(
        fmt::format("Message (user) attribute '{}' must contain a non-empty value of type "
                    "'{}'.",
                    name, attribute.is_binary() ? "Binary" : "String"));
  if (base_type(attribute) == "Number" && !is_number(attribute.value))
    return bad(
        fmt::format("Can't cast the value of message (user) attribute '{}' to a number.", name));
  if (attribute.is_binary()) return {};
  if (const auto character = forbidden_character(attribute.value))
    return refuse(kInvalidMessageContents,
                  fmt::format("Invalid binary character '#x{:X}' was found in the message "
                              "attribute '{}'.",
                              *character, name));
  return {};
}

OrError<void> check_attribute(const std::string& name, const AttributeValue& attribute) {
  if (name.empty()) return bad("The request must contain non-empty message (user) attribute name.");
  if (!is_valid_name(name))
    return bad(fmt::format(
        "Message (user) attribute name '{}' is invalid. It can contain A-Z, a-z, 0-9, underscore "
        "(_), hyphen (-) and period (.), at most 256 of them; no period at its ends or beside "
        "another, and neither AWS. nor Amazon. at its beginning.",
        name));
  if (attribute.type.empty())
    return bad(fmt::format("Message (user) attribute '{}' must contain a non-empty attribute type.",
                           name));
  if (!is_valid_type(attribute.type))
    return bad(
        fmt::format("The type of message (user) attribute '{}' is invalid. You must use "
                    "only the following supported type prefixes: Binary, Number, String.",
                    name));
  return check_value(name, attribute);
}

}  // namespace

bool take_attributes(Value& value, MessageAttributes& out) {
  out.clear();
  return value.map([&](std::string_view name, Value& attribute) {
    return take_attribute(attribute, out[std::string(name)] = {});
  });
}

OrError<void> check_attributes(const MessageAttributes& attributes) {
  if (attributes.size() > kMaxAttributes)
    return bad(fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].",
                           attributes.size(), kMaxAttributes));
  for (const auto& [name, attribute] : attributes)
    if (auto valid = check_attribute(name, attribute); !valid) return valid;
  return {};
}

void write_attributes(const MessageAttributes& attributes, Result& out) {
  constexpr MapName kName{"MessageAttributes", "MessageAttribute", "Name"};
  out.objects(kName, attributes, [&](const AttributeValue& attribute) {
    if (attribute.is_binary())
      out.bytes("BinaryValue", attribute.value);
    else
      out.text("StringValue", attribute.value);
    out.text("DataType", attribute.type);
  });
}

void write_attributes(const MessageAttributes& attributes, wire::JsonWriter& out) {
  out.begin_object();
  for (const auto& [name, attribute] : attributes) {
    out.key(name).begin_object().field("DataType", attribute.type);
    if (attribute.is_binary())
      out.field("BinaryValue", to_base64(attribute.value));
    else
      out.field("StringValue", attribute.value);
    out.end_object();
  }
  out.end_object();
}

std::string md5_of_attributes(const MessageAttributes& attributes) {
  std::string canonical;
  Encoder out(canonical);
  for (const auto& [name, attribute] : attributes)
    out.text(name).text(attribute.type).u8(attribute.is_binary() ? 2 : 1).text(attribute.value);
  return auth::md5_hex(canonical);
}

std::string md5_if_any(const MessageAttributes& attributes) {
  return attributes.empty() ? "" : md5_of_attributes(attributes);
}

}  // namespace selvage::sqs
