// SPDX-License-Identifier: Apache-2.0
#pragma once
// A message on its way in: what a sender says of it, for SendMessage, its batch and Selvage.Send.

#include <optional>
#include <string>
#include <string_view>

#include "sqs/call.h"
#include "sqs/envelope.h"

namespace selvage::sqs {

struct Outgoing {
  std::optional<std::string> id;  // in a batch
  Envelope envelope;
  MessageAttributes system;
  std::optional<int64_t> delay_seconds;
  std::optional<int64_t> delay_ms;  // Selvage.Send
  std::string group;
  std::string deduplication_id;
};

bool take_member(std::string_view name, Value& value, Outgoing& message);

// Checks it by the service's rules. `queue` is where it goes. Fills in the trace of the request and
// who sends.
OrError<queue::NewMessage> to_message(Outgoing& message, const Call& call,
                                      const std::string& queue);

// What a body must not contain: InvalidMessageContents.
OrError<void> check_body(const std::string& body);

// A group, deduplication or attempt id: 1 to 128 letters, digits and punctuation.
OrError<void> check_token(std::string_view parameter, std::string_view value);

}  // namespace selvage::sqs
