// SPDX-License-Identifier: Apache-2.0
// Selvage.Send: messages with delays of up to a year.
#include <fmt/format.h>

#include "sqs/actions.h"
#include "sqs/message_numbers.h"
#include "sqs/outgoing.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxSentAtOnce = 10;

using Results = std::vector<queue::OrRefusal<queue::Sent>>;

std::string results_json(const Results& results, bool is_fifo) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("Results").begin_array();
  for (const auto& result : results) {
    out.begin_object().field("Outcome", result ? "Done" : outcome_name(result.error()));
    if (result) out.field("MessageId", result->id.to_string());
    if (result && is_fifo) out.field("SequenceNumber", sequence_number(result->seq));
    if (!result) out.field("Message", describe(result.error()).message);
    out.end_object();
  }
  out.end_array().end_object();
  return json;
}

}  // namespace

void send(const CallPtr& call) {
  std::string url;
  std::vector<Outgoing> messages;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    if (name != "Messages") return true;
    messages.clear();
    return v.list([&](Value& item) {
      Outgoing& message = messages.emplace_back();
      return item.object([&](std::string_view member, Value& value) {
        if (member == "DelayMs") return take(value, message.delay_ms);
        return take_member(member, value, message);
      });
    });
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (messages.empty() || messages.size() > kMaxSentAtOnce)
    return call->refuse({kInvalidParameterValue,
                         fmt::format("Messages must hold 1 to {} messages.", kMaxSentAtOnce)});
  queue::Send command{.queue = *queue, .messages = {}};
  for (Outgoing& message : messages) {
    if (message.envelope.body.empty())
      return call->refuse(missing_parameter("MessageBody").error());
    auto made = to_message(message, *call, *queue);
    SELVAGE_ANSWER_ERROR(call, made);
    command.messages.push_back(*std::move(made));
  }
  call->submit<Results>(std::move(command),
                        [is_fifo = is_fifo_name(*queue)](Call& c, const Results& results) {
                          c.answer_json(results_json(results, is_fifo));
                        });
}

}  // namespace selvage::sqs
