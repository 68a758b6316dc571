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

// Of each message in its place: what was wrong with it, or what the engine says.
struct Outcomes {
  std::vector<std::optional<ApiError>> faults;  // absent: it was sent
  Results sent;                                 // those that were
  bool is_fifo = false;
};

void write(const queue::OrRefusal<queue::Sent>& result, bool is_fifo, wire::JsonWriter& out) {
  out.field("Outcome", result ? "Done" : outcome_name(result.error()));
  if (!result) {
    out.field("Message", describe(result.error()).message);
    return;
  }
  out.field("MessageId", result->id.text());
  if (is_fifo) out.field("SequenceNumber", sequence_number(result->seq));
}

void write(const ApiError& fault, wire::JsonWriter& out) {
  out.field("Outcome", fault.kind == kInvalidMessageContents ? "BadContents" : "Invalid")
      .field("Message", fault.message);
}

std::string results_json(const Outcomes& outcomes) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("Results").begin_array();
  auto sent = outcomes.sent.begin();
  for (const auto& fault : outcomes.faults) {
    out.begin_object();
    if (fault)
      write(*fault, out);
    else
      write(*sent++, outcomes.is_fifo, out);
    out.end_object();
  }
  out.end_array().end_object();
  return json;
}

OrError<std::vector<Outgoing>> read_messages(Call& call, std::string& url) {
  std::vector<Outgoing> messages;
  const auto parsed = call.read([&](std::string_view name, Value& v) {
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
  if (!parsed) return std::unexpected(parsed.error());
  if (messages.empty() || messages.size() > kMaxSentAtOnce)
    return refuse(kInvalidParameterValue,
                  fmt::format("Messages must hold 1 to {} messages.", kMaxSentAtOnce));
  return messages;
}

}  // namespace

void send(const CallPtr& call) {
  std::string url;
  auto messages = read_messages(*call, url);
  SELVAGE_ANSWER_ERROR(call, messages);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  Outcomes outcomes{.faults = {}, .sent = {}, .is_fifo = is_fifo_name(*queue)};
  queue::Send command{.queue = *queue, .messages = {}};
  for (Outgoing& message : *messages) {
    auto made = message.envelope.body.empty() ? missing_parameter("MessageBody")
                                              : to_message(message, *call, *queue);
    auto& fault = outcomes.faults.emplace_back();
    if (made)
      command.messages.push_back(*std::move(made));
    else
      fault = std::move(made).error();
  }
  call->submit<Results>(std::move(command), [outcomes](Call& c, const Results& results) mutable {
    outcomes.sent = results;
    c.answer_json(results_json(outcomes));
  });
}

}  // namespace selvage::sqs
