// SPDX-License-Identifier: Apache-2.0
#include "sqs/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "auth/digest.h"
#include "base/bytes.h"
#include "base/check.h"

namespace selvage::sqs {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kMaxAttributes = 10;
constexpr size_t kMaxAttributeName = 256;

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool is_valid_name(const std::string& name) {
  const std::string folded = lower(name);
  return !name.empty() && name.size() <= kMaxAttributeName &&
         std::ranges::all_of(name, is_name_character) && name.front() != '.' &&
         name.back() != '.' && name.find("..") == std::string::npos &&
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

}  // namespace

uint32_t Envelope::size() const {
  size_t bytes = body.size();
  for (const auto& [name, attribute] : attributes)
    bytes += name.size() + attribute.type.size() + attribute.value.size();
  return static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
}

std::string encode_envelope(const Envelope& envelope) {
  std::string payload;
  payload.reserve(envelope.body.size() + 16);
  Encoder out(payload);
  out.u8(kVersion).text(envelope.body).text(envelope.trace_header);
  out.u8(static_cast<uint8_t>(envelope.attributes.size()));
  for (const auto& [name, attribute] : envelope.attributes)
    out.text(name).text(attribute.type).text(attribute.value);
  return payload;
}

Envelope decode_envelope(std::string_view payload) {
  Envelope envelope;
  if (payload.empty()) return envelope;
  Decoder in(payload);
  SELVAGE_CHECK(in.u8() == kVersion);
  envelope.body = in.text();
  envelope.trace_header = in.text();
  for (int left = in.u8(); left > 0; --left) {
    const std::string name(in.text());
    AttributeValue& attribute = envelope.attributes[name];
    attribute.type = in.text();
    attribute.value = in.text();
  }
  SELVAGE_CHECK(in.ok() && in.at_end());
  return envelope;
}

bool has_only_allowed_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D) return false;
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    if (byte == 0xEF && text.substr(i, 3) >= std::string_view("\xEF\xBF\xBE") &&
        text.substr(i, 3) <= std::string_view("\xEF\xBF\xBF"))
      return false;
  }
  return true;
}

bool take_attributes(wire::JsonValue& value, MessageAttributes& out) {
  return value.object([&](std::string_view name, wire::JsonValue& attribute) {
    AttributeValue& taken = out[std::string(name)];
    return attribute.object([&](std::string_view key, wire::JsonValue& v) {
      if (key != "DataType" && key != "StringValue" && key != "BinaryValue") return true;
      const auto text = v.string();
      if (!text) return v.kind() == wire::JsonValue::Kind::kNull;
      if (key == "DataType") taken.type = *text;
      if (key == "StringValue") taken.value = *text;
      if (key != "BinaryValue") return true;
      const auto bytes = from_base64(*text);
      taken.value = bytes.value_or("");
      return bytes.has_value();
    });
  });
}

OrError<void> check_attributes(const MessageAttributes& attributes) {
  if (attributes.size() > kMaxAttributes)
    return refuse(kInvalidParameterValue,
                  fmt::format("Number of message attributes [{}] exceeds the allowed maximum [{}].",
                              attributes.size(), kMaxAttributes));
  for (const auto& [name, attribute] : attributes) {
    if (!is_valid_name(name))
      return refuse(kInvalidParameterValue,
                    fmt::format("Message attribute name '{}' is invalid. Attribute name can "
                                "contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) "
                                "characters.",
                                name));
    if (!is_valid_type(attribute.type))
      return refuse(kInvalidParameterValue,
                    fmt::format("The message attribute '{}' has an invalid message attribute type, "
                                "the set of supported type prefixes is Binary, Number, and String.",
                                name));
    if (attribute.value.empty())
      return refuse(
          kInvalidParameterValue,
          fmt::format("The message attribute '{}' must contain a non-empty value.", name));
    if (attribute.type.starts_with("Number") && !is_number(attribute.value))
      return refuse(
          kInvalidParameterValue,
          fmt::format("Can't cast the value of message attribute '{}' to a number.", name));
    if (!attribute.is_binary() && !has_only_allowed_characters(attribute.value))
      return refuse(kInvalidMessageContents,
                    fmt::format("The message attribute '{}' contains characters outside the "
                                "allowed set.",
                                name));
  }
  return {};
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

}  // namespace selvage::sqs
