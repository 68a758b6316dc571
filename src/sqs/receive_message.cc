// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "auth/digest.h"
#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

constexpr int64_t kMaxMessages = 10;
constexpr int64_t kMaxWaitSeconds = 20;
constexpr int64_t kMaxVisibilitySeconds = 43'200;

struct Wanted {
  std::vector<std::string> system;      // attributes of the service
  std::vector<std::string> attributes;  // of the sender: names, "All", ".*", "prefix.*"

  bool has_system(std::string_view name) const {
    return std::ranges::any_of(system, [&](const auto& n) { return n == name || n == "All"; });
  }
  // Ours are shown to those who name them, so that "All" holds no surprise for Amazon's clients.
  bool has_own(std::string_view name) const {
    return std::ranges::find(system, name) != system.end();
  }
  bool has_attribute(std::string_view name) const {
    return std::ranges::any_of(attributes, [&](const std::string& n) {
      return n == name || n == "All" || n == ".*" ||
             (n.ends_with(".*") && name.starts_with(n.substr(0, n.size() - 2)));
    });
  }
};

std::string evidence_json(const std::vector<std::string>& evidence) {
  std::string json = "[";
  for (const std::string& attempt : evidence) json += (json.size() > 1 ? "," : "") + attempt;
  return json + "]";
}

void write_system(const queue::Delivery& d, const Envelope& envelope, const Wanted& wanted,
                  const Identity& identity, wire::JsonWriter& out) {
  const queue::Message& m = d.message;
  std::vector<std::pair<std::string_view, std::string>> shown;
  const auto show = [&](std::string_view name, const std::string& value) {
    if (!value.empty() && wanted.has_system(name)) shown.emplace_back(name, value);
  };
  show("SenderId", identity.account);
  show("SentTimestamp", std::to_string(to_millis(m.sent)));
  show("ApproximateReceiveCount", std::to_string(m.taken));
  show("ApproximateFirstReceiveTimestamp", std::to_string(to_millis(m.first_received)));
  show("AWSTraceHeader", envelope.trace_header);
  show("DeadLetterQueueSourceArn", m.source.empty() ? "" : identity.arn(m.source));
  if (wanted.has_own("SelvageEvidence"))
    shown.emplace_back("SelvageEvidence", evidence_json(d.evidence));
  if (shown.empty()) return;
  out.key("Attributes").begin_object();
  for (const auto& [name, value] : shown) out.field(name, value);
  out.end_object();
}

void write_message(const queue::Delivery& d, const Wanted& wanted, const Identity& identity,
                   wire::JsonWriter& out) {
  const Envelope envelope = decode_envelope(d.payload);
  out.begin_object()
      .field("MessageId", d.message.id.to_string())
      .field("ReceiptHandle", encode_receipt(d.receipt))
      .field("MD5OfBody", auth::md5_hex(envelope.body))
      .field("Body", envelope.body);
  write_system(d, envelope, wanted, identity, out);
  MessageAttributes chosen;
  for (const auto& [name, attribute] : envelope.attributes)
    if (wanted.has_attribute(name)) chosen.emplace(name, attribute);
  if (!chosen.empty()) {
    out.field("MD5OfMessageAttributes", md5_of_attributes(chosen)).key("MessageAttributes");
    write_attributes(chosen, out);
  }
  out.end_object();
}

}  // namespace

void receive_message(const CallPtr& call) {
  std::string url;
  std::optional<int64_t> max, wait, visibility;
  Wanted wanted;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "MaxNumberOfMessages") return take(v, max);
    if (key == "WaitTimeSeconds") return take(v, wait);
    if (key == "VisibilityTimeout") return take(v, visibility);
    if (key == "AttributeNames" || key == "MessageSystemAttributeNames")
      return take(v, wanted.system);
    if (key == "MessageAttributeNames") return take(v, wanted.attributes);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto valid_max = in_range("MaxNumberOfMessages", max.value_or(1), 1, kMaxMessages);
  SELVAGE_ANSWER_ERROR(call, valid_max);
  const auto valid_wait = in_range("WaitTimeSeconds", wait.value_or(0), 0, kMaxWaitSeconds);
  SELVAGE_ANSWER_ERROR(call, valid_wait);
  const auto valid_visibility =
      in_range("VisibilityTimeout", visibility.value_or(0), 0, kMaxVisibilitySeconds);
  SELVAGE_ANSWER_ERROR(call, valid_visibility);

  queue::Receive command{.queue = *queue,
                         .max = static_cast<uint32_t>(*valid_max),
                         .visibility = {},
                         .wait = {},
                         .session = {}};
  if (visibility) command.visibility = std::chrono::seconds(*visibility);
  if (wait) command.wait = std::chrono::seconds(*wait);
  call->submit_cancellable<std::vector<queue::Delivery>>(
      std::move(command), [wanted](Call& c, const std::vector<queue::Delivery>& deliveries) {
        std::string json;
        wire::JsonWriter out(json);
        out.begin_object();
        if (!deliveries.empty()) {
          out.key("Messages").begin_array();
          for (const auto& d : deliveries) write_message(d, wanted, c.identity(), out);
          out.end_array();
        }
        out.end_object();
        c.answer(std::move(json));
      });
}

}  // namespace selvage::sqs
