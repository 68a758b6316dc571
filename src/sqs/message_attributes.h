// SPDX-License-Identifier: Apache-2.0
#pragma once
// The attributes that a message's sender gives it.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sqs/error.h"
#include "sqs/result.h"
#include "sqs/value.h"
#include "wire/json.h"

namespace selvage::sqs {

struct AttributeValue {
  std::string type;   // "String", "Number", "Binary", each with an optional ".custom" suffix
  std::string value;  // of a Binary: the raw bytes
  // What was wrong with how the value was given; checked, never kept.
  enum class Fault : uint8_t { kNone, kOtherField, kBothFields } fault = Fault::kNone;

  bool is_binary() const { return type.starts_with("Binary"); }
};
// By name, in the order of bytes: the order of the digest.
using MessageAttributes = std::map<std::string, AttributeValue, std::less<>>;

// Reads the value of MessageAttributes. False when a value is of the wrong kind; rules are checked
// by check_attributes.
bool take_attributes(Value& value, MessageAttributes& out);
OrError<void> check_attributes(const MessageAttributes& attributes);

// The members of a MessageAttributes map; none if there are none.
void write_attributes(const MessageAttributes& attributes, Result& out);
// The same for our own actions: as one JSON object.
void write_attributes(const MessageAttributes& attributes, wire::JsonWriter& out);

// The service's canonical digest: per attribute, in order of name, length-prefixed name and type,
// 1 (text) or 2 (binary), length-prefixed value (SQS developer guide, message metadata).
std::string md5_of_attributes(const MessageAttributes& attributes);
// "" for no attributes, which have no digest.
std::string md5_if_any(const MessageAttributes& attributes);

}  // namespace selvage::sqs
