// SPDX-License-Identifier: Apache-2.0
// Selvage.Receive: a receive whose leases belong to a session.
#include <algorithm>

#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/receipt.h"
#include "sqs/session_id.h"

namespace selvage::sqs {
namespace {

constexpr int64_t kMaxMessages = 10;
constexpr int64_t kMaxWaitSeconds = 20;
constexpr int64_t kMaxVisibilityMs = 43'200'000;

void write_message(const queue::Delivery& d, wire::JsonWriter& out) {
  const queue::Message& m = d.message;
  const Envelope envelope = decode_envelope(d.payload);
  out.begin_object()
      .field("MessageId", m.id.to_string())
      .field("ReceiptHandle", encode_receipt(d.receipt))
      .field("Body", envelope.body)
      .field("Failed", int64_t{m.failed})
      .field("SentAtUs", to_micros(m.sent))
      .field("FreedAtUs", to_micros(m.freed));
  if (m.artifact) out.field("Artifact", m.artifact.to_string());
  if (!envelope.attributes.empty()) {
    out.key("MessageAttributes");
    write_attributes(envelope.attributes, out);
  }
  out.end_object();
}

}  // namespace

void receive(const CallPtr& call) {
  std::string url;
  std::string session_text;
  std::optional<int64_t> max, wait, visibility_ms;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "SessionId") return take(v, session_text);
    if (key == "MaxNumberOfMessages") return take(v, max);
    if (key == "WaitTimeSeconds") return take(v, wait);
    if (key == "VisibilityTimeoutMs") return take(v, visibility_ms);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto session = parse_session_id(session_text);
  SELVAGE_ANSWER_ERROR(call, session);
  const auto valid_max = in_range("MaxNumberOfMessages", max.value_or(1), 1, kMaxMessages);
  SELVAGE_ANSWER_ERROR(call, valid_max);
  const auto valid_wait = in_range("WaitTimeSeconds", wait.value_or(0), 0, kMaxWaitSeconds);
  SELVAGE_ANSWER_ERROR(call, valid_wait);
  const auto valid_ms =
      in_range("VisibilityTimeoutMs", visibility_ms.value_or(1), 1, kMaxVisibilityMs);
  SELVAGE_ANSWER_ERROR(call, valid_ms);

  queue::Receive command{.queue = *queue,
                         .max = static_cast<uint32_t>(*valid_max),
                         .visibility = {},
                         .wait = std::chrono::seconds(*valid_wait),
                         .session = *session};
  if (visibility_ms) command.visibility = std::chrono::milliseconds(*visibility_ms);
  call->submit_cancellable<std::vector<queue::Delivery>>(
      std::move(command), [](Call& c, const std::vector<queue::Delivery>& deliveries) {
        std::string json;
        wire::JsonWriter out(json);
        out.begin_object().key("Messages").begin_array();
        for (const auto& d : deliveries) write_message(d, out);
        out.end_array().end_object();
        c.answer(std::move(json));
      });
}

}  // namespace selvage::sqs
