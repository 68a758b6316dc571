// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "auth/digest.h"
#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/limits.h"
#include "sqs/message_numbers.h"
#include "sqs/outgoing.h"
#include "sqs/queue_attributes.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

constexpr size_t kBesidesBody = 384;  // bytes of an answer, per message

struct Wanted {
  std::vector<std::string> system;      // attributes of the service
  std::vector<std::string> old_system;  // likewise, by the older parameter
  std::vector<std::string> attributes;  // of the sender: names, "All", ".*", "prefix.*"

  bool names(std::string_view name) const {
    return std::ranges::find(system, name) != system.end() ||
           std::ranges::find(old_system, name) != old_system.end();
  }
  bool has_system(std::string_view name) const { return names(name) || names("All"); }
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

using SystemAttributes = std::vector<std::pair<std::string_view, std::string>>;

SystemAttributes system_attributes(const Received& received, const Wanted& wanted,
                                   const Identity& identity) {
  const auto& [d, body, envelope] = received;
  const queue::Message& m = d.message;
  SystemAttributes shown;
  if (wanted.system.empty() && wanted.old_system.empty()) return shown;
  const auto show = [&](std::string_view name, const std::string& value) {
    if (!value.empty() && wanted.has_system(name)) shown.emplace_back(name, value);
  };
  const bool is_fifo = is_fifo_name(d.queue);
  show("SenderId", envelope.sender.empty() ? identity.account : envelope.sender);
  show("ApproximateFirstReceiveTimestamp", std::to_string(to_millis(m.first_received)));
  show("ApproximateReceiveCount", std::to_string(m.taken_before + m.taken));
  show("SentTimestamp", std::to_string(to_millis(m.sent)));
  show("SequenceNumber", is_fifo ? sequence_number(d.receipt.seq) : "");
  show("MessageDeduplicationId", m.deduplication_id);
  show("MessageGroupId", m.group);
  show("AWSTraceHeader", envelope.trace_header);
  show("DeadLetterQueueSourceArn", m.source.empty() ? "" : identity.arn(m.source));
  // Ours are shown to those who name them, so that "All" holds no surprise for Amazon's clients.
  if (wanted.names("SelvageEvidence"))
    shown.emplace_back("SelvageEvidence", evidence_json(d.evidence));
  return shown;
}

void write_message(const Received& received, const Wanted& wanted, const Identity& identity,
                   Result& out) {
  const auto& [d, body, envelope] = received;
  MessageAttributes chosen;
  for (const auto& [name, attribute] : envelope.attributes)
    if (wanted.has_attribute(name)) chosen.emplace(name, attribute);
  constexpr MapName kAttributes{"Attributes", "Attribute", "Name"};
  out.text("MessageId", d.message.id.text())
      .text("ReceiptHandle", encode_receipt(d.receipt))
      .text("MD5OfBody",
            envelope.body_md5.empty() ? auth::md5_hex(body) : to_hex(envelope.body_md5))
      .text("Body", body)
      .texts(kAttributes, system_attributes(received, wanted, identity))
      .text_if_any("MD5OfMessageAttributes", md5_if_any(chosen));
  write_attributes(chosen, out);
}

struct Numbers {
  std::optional<int64_t> max, wait, visibility;
};

OrError<queue::Receive> to_command(std::string queue, const Numbers& numbers) {
  const auto max = in_range(kMaxNumberOfMessages, numbers.max.value_or(1));
  if (!max) return std::unexpected(max.error());
  const auto wait = in_range(kWaitTimeSeconds, numbers.wait);
  if (!wait) return std::unexpected(wait.error());
  const auto visibility = in_range(kVisibilityTimeout, numbers.visibility);
  if (!visibility) return std::unexpected(visibility.error());
  queue::Receive command{.queue = std::move(queue),
                         .max = static_cast<uint32_t>(*max),
                         .visibility = {},
                         .wait = {},
                         .session = {}};
  if (*visibility) command.visibility = std::chrono::seconds(**visibility);
  if (*wait) command.wait = std::chrono::seconds(**wait);
  return command;
}

}  // namespace

void receive_message(const CallPtr& call) {
  std::string url;
  std::string attempt;
  Numbers numbers;
  Wanted wanted;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    if (name == "MaxNumberOfMessages") return take(v, numbers.max);
    if (name == "WaitTimeSeconds") return take(v, numbers.wait);
    if (name == "VisibilityTimeout") return take(v, numbers.visibility);
    if (name == "ReceiveRequestAttemptId") return take(v, attempt);
    if (name == "AttributeNames") return take(v, wanted.old_system);
    if (name == "MessageSystemAttributeNames") return take(v, wanted.system);
    if (name == "MessageAttributeNames") return take(v, wanted.attributes);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  auto command = to_command(*queue, numbers);
  SELVAGE_ANSWER_ERROR(call, command);
  const auto valid = check_token("ReceiveRequestAttemptId", attempt);
  SELVAGE_ANSWER_ERROR(call, valid);
  command->attempt = attempt;
  if (const auto& session = call->caller().session) {
    command->session = session->id;
    if (!command->visibility) command->visibility = session->visibility;
  }
  call->submit_receive(
      *std::move(command),
      [wanted = std::move(wanted)](Call& c, const std::vector<queue::Delivery>& deliveries) {
        const auto messages = open_envelopes(deliveries);
        SELVAGE_ANSWER_ERROR(&c, messages);
        constexpr ListName kMessages{"Messages", "Message", "messages"};
        c.answer([&](Result& out) {
          size_t bytes = 0;
          for (const Received& received : *messages) bytes += received.body.size() + kBesidesBody;
          out.expect(bytes);
          out.objects(kMessages, *messages, [&](const Received& received) {
            write_message(received, wanted, c.identity(), out);
          });
        });
      });
}

}  // namespace selvage::sqs
