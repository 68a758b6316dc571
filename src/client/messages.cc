// SPDX-License-Identifier: Apache-2.0
#include "client/messages.h"

#include "client/answer.h"

namespace selvage::client {
namespace {

using wire::JsonValue;
using wire::JsonWriter;

bool take_sent(std::string_view key, JsonValue& v, Sent& sent) {
  if (key == "Outcome") sent.outcome = v.string().value_or("");
  if (key == "MessageId") sent.id = v.string().value_or("");
  if (key == "SequenceNumber") sent.sequence = v.string().value_or("");
  if (key == "Message") sent.problem = v.string().value_or("");
  return true;
}

Result<std::vector<Sent>> parse_sent(const std::string& json) {
  return read_list<Sent>(json, "Results", take_sent);
}

bool take_peeked(std::string_view key, JsonValue& v, PeekedMessage& m) {
  if (key == "MessageId") m.id = v.string().value_or("");
  if (key == "State") m.state = v.string().value_or("");
  if (key == "Body") m.body = v.string().value_or("");
  if (key == "MessageAttributes") return read_attributes(v, m.attributes);
  if (key == "SentAtUs") m.sent = from_micros(v.integer().value_or(0));
  if (key == "VestsAtUs") m.vests = from_micros(v.integer().value_or(0));
  if (key == "Taken") m.taken = v.integer().value_or(0);
  if (key == "Failed") m.failed = v.integer().value_or(0);
  if (key == "MessageGroupId") m.group = v.string().value_or("");
  if (key == "MessageDeduplicationId") m.deduplication_id = v.string().value_or("");
  if (key == "SequenceNumber") m.sequence = v.string().value_or("");
  if (key == "DeadLetterSource") m.dead_letter_source = v.string().value_or("");
  if (key == "Evidence") m.evidence = v.raw();
  return true;
}

Result<PeekedPage> parse_page(const std::string& json) {
  PeekedPage page;
  SELVAGE_TRY(read_members(json, [&](std::string_view key, JsonValue& value) {
    if (key == "NextToken") page.next = value.string().value_or("");
    return key != "Messages" || read_items(value, page.messages, take_peeked);
  }));
  for (PeekedMessage& message : page.messages)
    if (message.evidence == "[]") message.evidence.clear();
  return page;
}

void write_message(const NewMessage& message, JsonWriter& out) {
  out.begin_object().field("MessageBody", message.body);
  if (!message.attributes.empty())
    write_attributes(out.key("MessageAttributes"), message.attributes);
  if (message.delay) out.field("DelayMs", millis(*message.delay));
  if (!message.group.empty()) out.field("MessageGroupId", message.group);
  if (!message.deduplication_id.empty())
    out.field("MessageDeduplicationId", message.deduplication_id);
  out.end_object();
}

}  // namespace

void send_messages(Client& client, const std::string& queue,
                   const std::vector<NewMessage>& messages,
                   Client::Callback<std::vector<Sent>> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("QueueUrl", queue).key("Messages").begin_array();
  for (const NewMessage& message : messages) write_message(message, out);
  out.end_array().end_object();
  client.call("Selvage.Send", std::move(body),
              parsed_by<std::vector<Sent>>(parse_sent, std::move(done)));
}

void peek(Client& client, const Peek& request, Client::Callback<PeekedPage> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("QueueUrl", request.queue);
  if (!request.state.empty()) out.field("State", request.state);
  if (!request.id.empty()) out.field("MessageId", request.id);
  out.field("MaxNumberOfMessages", int64_t{request.max});
  if (!request.next.empty()) out.field("NextToken", request.next);
  out.end_object();
  client.call("Selvage.Peek", std::move(body), parsed_by<PeekedPage>(parse_page, std::move(done)));
}

void cancel_messages(Client& client, const std::string& queue, const std::vector<std::string>& ids,
                     Client::Callback<Outcomes> done) {
  std::string body;
  JsonWriter out(body);
  write_texts(out.begin_object().field("QueueUrl", queue).key("MessageIds"), ids);
  out.end_object();
  client.call("Selvage.Cancel", std::move(body),
              parsed_by<Outcomes>(parse_outcomes, std::move(done)));
}

void reschedule(Client& client, const Reschedule& request, Client::Callback<Outcomes> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("QueueUrl", request.queue).key("Entries").begin_array();
  for (const std::string& id : request.ids) {
    out.begin_object().field("MessageId", id);
    if (request.delay) out.field("DelayMs", millis(*request.delay));
    if (!request.target.empty()) out.field("TargetQueueUrl", request.target);
    out.end_object();
  }
  out.end_array().end_object();
  client.call("Selvage.Reschedule", std::move(body),
              parsed_by<Outcomes>(parse_outcomes, std::move(done)));
}

void edit_message(Client& client, const Edit& edit, Client::Callback<std::string> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", edit.queue)
      .field("MessageId", edit.id)
      .field("MessageBody", edit.body)
      .end_object();
  const auto parse = [](const std::string& json) -> Result<std::string> {
    const auto outcomes = parse_outcomes(json);
    if (!outcomes) return std::unexpected(outcomes.error());
    return outcomes->empty() ? "" : outcomes->front();
  };
  client.call("Selvage.Edit", std::move(body), parsed_by<std::string>(parse, std::move(done)));
}

void acknowledge(Client& client, const std::string& queue, const std::string& receipt,
                 Client::Callback<void> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue)
      .field("ReceiptHandle", receipt)
      .end_object();
  client.call("AmazonSQS.DeleteMessage", std::move(body), ignoring(std::move(done)));
}

}  // namespace selvage::client
