// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a message consists of for its sender and receiver: the payload that the engine never reads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/command.h"
#include "sqs/message_attributes.h"

namespace selvage::sqs {

struct Envelope {
  std::string body;
  MessageAttributes attributes;
  std::string trace_header;   // AWSTraceHeader; empty: none
  std::string sender;         // SenderId
  std::string body_md5 = {};  // 16 bytes, so that no receive has to compute it; empty: not known

  // Bytes that count against the queue's limit: the body and each attribute's name, type and value.
  uint32_t size() const;
};

std::string encode_envelope(const Envelope& envelope);
// nullopt when the bytes are not those of an envelope: the store gave back something else than it
// was given.
std::optional<Envelope> decode_envelope(std::string_view payload);

// A message that was received, with its bytes understood.
struct Received {
  const queue::Delivery& delivery;
  std::string_view body;  // in the delivery's payload; the envelope has no copy of it
  Envelope envelope;
};
// Damage of the store must not hide what is sound: a message whose bytes are damaged is left out
// and told in the log; it comes back when its lease runs out, and a redrive policy puts it aside.
// Failure: InternalError naming it, when nothing else is left to show.
OrError<std::vector<Received>> open_envelopes(const std::vector<queue::Delivery>& deliveries);

// The first character of `text` (valid UTF-8) that SQS does not take, because XML 1.0 does not
// (SendMessage: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF).
std::optional<uint32_t> forbidden_character(std::string_view text);

}  // namespace selvage::sqs
