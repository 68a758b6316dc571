// SPDX-License-Identifier: Apache-2.0
// Selvage.Receive: from several queues, with leases that may belong to a session.
#include <fmt/format.h>

#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/limits.h"
#include "sqs/receipt.h"
#include "sqs/session_id.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxQueues = 10;

void write_message(const Received& received, const Call& call, wire::JsonWriter& out) {
  const auto& [d, body, envelope] = received;
  const queue::Message& m = d.message;
  out.begin_object()
      .field("MessageId", m.id.text())
      .field("ReceiptHandle", encode_receipt(d.receipt))
      .field("QueueUrl", call.queue_url(d.queue))
      .field("Body", body)
      .field("Failed", int64_t{m.failed})
      .field("SentAtUs", to_micros(m.sent))
      .field("FreedAtUs", to_micros(m.freed));
  if (!m.group.empty()) out.field("MessageGroupId", m.group);
  if (m.artifact) out.field("Artifact", m.artifact.text());
  if (!envelope.attributes.empty()) {
    out.key("MessageAttributes");
    write_attributes(envelope.attributes, out);
  }
  out.end_object();
}

}  // namespace

void receive(const CallPtr& call) {
  std::vector<std::string> urls;
  std::string session_text;
  std::optional<int64_t> max, wait, visibility_ms;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") {
      urls.resize(1);
      return take(v, urls.front());
    }
    if (key == "QueueUrls") return take(v, urls);
    if (key == "SessionId") return take(v, session_text);
    if (key == "MaxNumberOfMessages") return take(v, max);
    if (key == "WaitTimeSeconds") return take(v, wait);
    if (key == "VisibilityTimeoutMs") return take(v, visibility_ms);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (urls.empty()) return call->refuse(missing_parameter("QueueUrl").error());
  if (urls.size() > kMaxQueues)
    return call->refuse(
        {kInvalidParameterValue, fmt::format("QueueUrls must name 1 to {} queues.", kMaxQueues)});
  std::vector<std::string> queues;
  for (const std::string& url : urls) {
    auto queue = call->queue_of(url);
    SELVAGE_ANSWER_ERROR(call, queue);
    queues.push_back(*std::move(queue));
  }
  const auto session = session_text.empty() ? OrError<SessionId>() : parse_session_id(session_text);
  SELVAGE_ANSWER_ERROR(call, session);
  const auto valid_max = in_range(kMaxNumberOfMessages, max.value_or(1));
  SELVAGE_ANSWER_ERROR(call, valid_max);
  const auto valid_wait = in_range(kWaitTimeSeconds, wait.value_or(0));
  SELVAGE_ANSWER_ERROR(call, valid_wait);
  const auto valid_ms = in_range(kVisibilityTimeoutMs, visibility_ms);
  SELVAGE_ANSWER_ERROR(call, valid_ms);

  queue::Receive command{.queue = queues.front(),
                         .max = static_cast<uint32_t>(*valid_max),
                         .visibility = {},
                         .wait = std::chrono::seconds(*valid_wait),
                         .session = *session,
                         .then_from = {queues.begin() + 1, queues.end()}};
  if (*valid_ms) command.visibility = std::chrono::milliseconds(**valid_ms);
  call->submit_receive(std::move(command),
                       [](Call& c, const std::vector<queue::Delivery>& deliveries) {
                         const auto messages = open_envelopes(deliveries);
                         SELVAGE_ANSWER_ERROR(&c, messages);
                         std::string json;
                         wire::JsonWriter out(json);
                         out.begin_object().key("Messages").begin_array();
                         for (const Received& message : *messages) write_message(message, c, out);
                         out.end_array().end_object();
                         c.answer_json(std::move(json));
                       });
}

}  // namespace selvage::sqs
