// SPDX-License-Identifier: Apache-2.0
#include "sqs/outgoing.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/digest.h"
#include "sqs/limits.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {
namespace {

constexpr std::string_view kTraceAttribute = "AWSTraceHeader";
constexpr std::string_view kTraceHttpHeader = "X-Amzn-Trace-Id";
constexpr size_t kMaxToken = 128;

OrError<void> check_system(const MessageAttributes& system) {
  for (const auto& [name, attribute] : system) {
    if (name != kTraceAttribute)
      return refuse(kInvalidParameterValue,
                    fmt::format("Message system attribute name '{}' is invalid.", name));
    if (attribute.type != "String" || attribute.value.empty() ||
        attribute.fault != AttributeValue::Fault::kNone)
      return refuse(kInvalidParameterValue,
                    fmt::format("Message system attribute '{}' must contain a non-empty value of "
                                "type 'String'.",
                                name));
  }
  return {};
}

// The trace that a message belongs to: its own, or that of the request.
std::string trace_of(const Outgoing& message, const Call& call) {
  const auto own = message.system.find(kTraceAttribute);
  return own != message.system.end() ? own->second.value
                                     : std::string(call.header(kTraceHttpHeader));
}

OrError<void> check(const Outgoing& message) {
  if (auto valid = check_body(message.envelope.body); !valid) return valid;
  if (auto valid = check_attributes(message.envelope.attributes); !valid) return valid;
  if (auto valid = check_system(message.system); !valid) return valid;
  if (auto valid = check_token("MessageGroupId", message.group); !valid) return valid;
  return check_token("MessageDeduplicationId", message.deduplication_id);
}

OrError<std::optional<Duration>> delay_of(const Outgoing& message) {
  const auto seconds = in_range(kDelaySeconds, message.delay_seconds);
  if (!seconds) return std::unexpected(seconds.error());
  const auto ms = in_range(kDelayMs, message.delay_ms);
  if (!ms) return std::unexpected(ms.error());
  if (*ms) return std::chrono::milliseconds(**ms);
  if (*seconds) return std::chrono::seconds(**seconds);
  return std::optional<Duration>();
}

}  // namespace

OrError<void> check_body(const std::string& body) {
  if (const auto character = forbidden_character(body))
    return refuse(kInvalidMessageContents,
                  fmt::format("Invalid binary character '#x{:X}' was found in the message body, "
                              "the set of allowed characters is #x9 | #xA | #xD | [#x20-#xD7FF] | "
                              "[#xE000-#xFFFD] | [#x10000-#x10FFFF].",
                              *character));
  return {};
}

bool take_member(std::string_view name, Value& v, Outgoing& message) {
  if (name == "Id") return take(v, message.id);
  if (name == "MessageBody") return take(v, message.envelope.body);
  if (name == "DelaySeconds") return take(v, message.delay_seconds);
  if (name == "MessageGroupId") return take(v, message.group);
  if (name == "MessageDeduplicationId") return take(v, message.deduplication_id);
  if (name == "MessageAttributes") return take_attributes(v, message.envelope.attributes);
  if (name == "MessageSystemAttributes") return take_attributes(v, message.system);
  return true;
}

OrError<queue::NewMessage> to_message(Outgoing& message, const Call& call,
                                      const std::string& queue) {
  if (auto valid = check(message); !valid) return std::unexpected(std::move(valid).error());
  const auto delay = delay_of(message);
  if (!delay) return std::unexpected(delay.error());
  message.envelope.trace_header = trace_of(message, call);
  message.envelope.sender = call.sender();
  queue::NewMessage made;
  made.delay = *delay;
  made.size = message.envelope.size();
  made.payload = encode_envelope(message.envelope);
  made.group = message.group;
  made.deduplication_id = message.deduplication_id;
  if (is_fifo_name(queue) && message.deduplication_id.empty())
    made.content_digest = auth::sha256_hex(message.envelope.body);
  return made;
}

OrError<void> check_token(std::string_view parameter, std::string_view value) {
  const auto is_allowed = [](unsigned char c) { return c > ' ' && c < 0x7F; };
  if (value.size() <= kMaxToken && std::ranges::all_of(value, is_allowed)) return {};
  return invalid_value(value, parameter,
                       fmt::format("{} can only include alphanumeric and punctuation characters. 1 "
                                   "to 128 in length.",
                                   parameter));
}

}  // namespace selvage::sqs
