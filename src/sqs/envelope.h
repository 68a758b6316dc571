// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a message consists of for its sender and receiver: the payload that the engine never reads.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sqs/error.h"
#include "wire/json.h"

namespace selvage::sqs {

struct AttributeValue {
  std::string type;   // "String", "Number", "Binary", each with an optional ".custom" suffix
  std::string value;  // of a Binary: the raw bytes
  bool is_binary() const { return type.starts_with("Binary"); }
};
// By name, in the order of bytes: the order of the digest.
using MessageAttributes = std::map<std::string, AttributeValue, std::less<>>;

struct Envelope {
  std::string body;
  MessageAttributes attributes;
  std::string trace_header;  // AWSTraceHeader; empty: none

  // Bytes that count against the queue's limit: the body and each attribute's name, type and value.
  uint32_t size() const;
};

std::string encode_envelope(const Envelope& envelope);
Envelope decode_envelope(std::string_view payload);

// Characters that XML 1.0 and so SQS allows (SendMessage: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to
// #xFFFD, #x10000 to #x10FFFF). `text` is valid UTF-8.
bool has_only_allowed_characters(std::string_view text);

// Reads the value of MessageAttributes. False when a value is of the wrong kind; rules are checked
// by check_attributes.
bool take_attributes(wire::JsonValue& value, MessageAttributes& out);
OrError<void> check_attributes(const MessageAttributes& attributes);
void write_attributes(const MessageAttributes& attributes, wire::JsonWriter& out);

// The service's canonical digest: per attribute, in order of name, length-prefixed name and type,
// 1 (text) or 2 (binary), length-prefixed value (SQS developer guide, message metadata).
std::string md5_of_attributes(const MessageAttributes& attributes);

}  // namespace selvage::sqs
