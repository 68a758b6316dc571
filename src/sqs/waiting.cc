// SPDX-License-Identifier: Apache-2.0
// Selvage.Peek, Selvage.Cancel and Selvage.Reschedule: messages that wait, looked at and changed
// without a lease.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/limits.h"
#include "sqs/message_numbers.h"
#include "sqs/settle.h"

namespace selvage::sqs {
namespace {

using queue::MessageState;

constexpr Range kPeeked{"MaxNumberOfMessages", 1, 100};
constexpr int64_t kPeekedByDefault = 10;
constexpr size_t kMaxChanged = 100;

constexpr std::pair<std::string_view, MessageState> kStates[] = {
    {"Visible", MessageState::kVisible},
    {"InFlight", MessageState::kInFlight},
    {"Delayed", MessageState::kDelayed},
};

std::string_view name_of(MessageState state) {
  for (const auto& [name, known] : kStates)
    if (known == state) return name;
  return "";
}

OrError<std::optional<MessageState>> parse_state(const std::string& text) {
  if (text.empty()) return std::optional<MessageState>();
  for (const auto& [name, state] : kStates)
    if (name == text) return state;
  return invalid_value(text, "State", "Must be Visible, InFlight or Delayed, if provided.");
}

OrError<MessageId> parse_id(const std::string& text) {
  if (const auto id = Uuid::parse(text)) return *id;
  return invalid_value(text, "MessageId", "It is not the id of a message.");
}

// A page's end, opaque to clients.
std::string token_of(const queue::PeekPlace& place) {
  std::string raw;
  Encoder(raw).i64(to_micros(place.time)).u64(place.seq.value);
  return to_base64(raw);
}

OrError<std::optional<queue::PeekPlace>> parse_token(const std::string& text) {
  if (text.empty()) return std::optional<queue::PeekPlace>();
  const auto raw = from_base64(text);
  Decoder in(raw ? *raw : std::string_view());
  const queue::PeekPlace place{from_micros(in.i64()), {in.u64()}};
  if (!raw || !in.ok() || !in.at_end())
    return refuse(kInvalidParameterValue, "Invalid NextToken value.");
  return place;
}

void write_evidence(const std::vector<std::string>& evidence, wire::JsonWriter& out) {
  out.key("Evidence").begin_array();
  for (const std::string& attempt : evidence) out.raw(attempt);
  out.end_array();
}

void write_message(const Received& seen, wire::JsonWriter& out) {
  const auto& [d, body, envelope] = seen;
  const queue::Message& m = d.message;
  out.begin_object()
      .field("MessageId", m.id.text())
      .field("State", name_of(d.state))
      .field("Body", body)
      .field("SentAtUs", to_micros(m.sent))
      .field("VestsAtUs", to_micros(m.vest))
      .field("Taken", int64_t{m.taken_before} + m.taken)
      .field("Failed", int64_t{m.failed});
  if (!m.group.empty()) out.field("MessageGroupId", m.group);
  if (!m.deduplication_id.empty())
    out.field("MessageDeduplicationId", m.deduplication_id)
        .field("SequenceNumber", sequence_number(d.receipt.seq));
  if (!m.source.empty()) out.field("DeadLetterSource", m.source);
  if (!envelope.attributes.empty()) {
    out.key("MessageAttributes");
    write_attributes(envelope.attributes, out);
  }
  write_evidence(d.evidence, out);
  out.end_object();
}

struct Peek {
  std::string url, state, id, token;
  std::optional<int64_t> max;
};

OrError<queue::Peek> to_command(const Peek& wanted, std::string queue) {
  const auto state = parse_state(wanted.state);
  if (!state) return std::unexpected(state.error());
  const auto after = parse_token(wanted.token);
  if (!after) return std::unexpected(after.error());
  const auto max = in_range(kPeeked, wanted.max.value_or(kPeekedByDefault));
  if (!max) return std::unexpected(max.error());
  queue::Peek command{.queue = std::move(queue),
                      .state = *state,
                      .id = {},
                      .after = *after,
                      .max = static_cast<uint32_t>(*max)};
  if (wanted.id.empty()) return command;
  const auto id = parse_id(wanted.id);
  if (!id) return std::unexpected(id.error());
  command.id = *id;
  return command;
}

OrError<void> check_count(std::string_view name, size_t count) {
  if (count >= 1 && count <= kMaxChanged) return {};
  return refuse(kInvalidParameterValue,
                fmt::format("{} must hold 1 to {} entries.", name, kMaxChanged));
}

void submit_items(const CallPtr& call, queue::Command command) {
  call->submit<queue::ItemResults>(
      std::move(command),
      [](Call& c, const queue::ItemResults& results) { c.answer_json(results_json(results)); });
}

struct Change {
  std::string id, target;
  std::optional<int64_t> delay_ms;
};

// Who takes a message elsewhere could read it there.
OrError<void> may_take_away(const Call& call, const std::string& queue) {
  for (const std::string_view action : {"ReceiveMessage", "DeleteMessage"})
    if (auto admitted = call.admit(queue, action); !admitted) return admitted;
  return {};
}

OrError<queue::Reschedule::Item> to_item(const Change& change, const Call& call) {
  const auto id = parse_id(change.id);
  if (!id) return std::unexpected(id.error());
  queue::Reschedule::Item item{.id = *id, .delay = {}, .to = {}};
  const auto delay = in_range(kDelayMs, change.delay_ms);
  if (!delay) return std::unexpected(delay.error());
  if (*delay) item.delay = std::chrono::milliseconds(**delay);
  if (change.target.empty()) return item;
  const auto target = call.queue_of(change.target, "SendMessage");
  if (!target) return std::unexpected(target.error());
  item.to = *target;
  return item;
}

}  // namespace

void peek(const CallPtr& call) {
  Peek wanted;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, wanted.url);
    if (name == "State") return take(v, wanted.state);
    if (name == "MessageId") return take(v, wanted.id);
    if (name == "NextToken") return take(v, wanted.token);
    return name != "MaxNumberOfMessages" || take(v, wanted.max);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(wanted.url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto command = to_command(wanted, *queue);
  SELVAGE_ANSWER_ERROR(call, command);
  call->submit<queue::Peeked>(*command, [](Call& c, const queue::Peeked& page) {
    const auto messages = open_envelopes(page.messages);
    SELVAGE_ANSWER_ERROR(&c, messages);
    std::string json;
    wire::JsonWriter out(json);
    out.begin_object().key("Messages").begin_array();
    for (const Received& message : *messages) write_message(message, out);
    out.end_array();
    if (page.next) out.field("NextToken", token_of(*page.next));
    out.end_object();
    c.answer_json(std::move(json));
  });
}

void cancel(const CallPtr& call) {
  std::string url;
  std::vector<std::string> texts;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "MessageIds" || take(v, texts);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto counted = check_count("MessageIds", texts.size());
  SELVAGE_ANSWER_ERROR(call, counted);
  queue::Cancel command{.queue = *queue, .ids = {}};
  for (const std::string& text : texts) {
    const auto id = parse_id(text);
    SELVAGE_ANSWER_ERROR(call, id);
    command.ids.push_back(*id);
  }
  submit_items(call, std::move(command));
}

void reschedule(const CallPtr& call) {
  std::string url;
  std::vector<Change> changes;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    if (name != "Entries") return true;
    changes.clear();
    return v.list([&](Value& item) {
      Change& change = changes.emplace_back();
      return item.object([&](std::string_view member, Value& value) {
        if (member == "MessageId") return take(value, change.id);
        if (member == "DelayMs") return take(value, change.delay_ms);
        return member != "TargetQueueUrl" || take(value, change.target);
      });
    });
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto counted = check_count("Entries", changes.size());
  SELVAGE_ANSWER_ERROR(call, counted);
  const bool takes_away =
      std::ranges::any_of(changes, [](const Change& c) { return !c.target.empty(); });
  const auto admitted = takes_away ? may_take_away(*call, *queue) : OrError<void>();
  SELVAGE_ANSWER_ERROR(call, admitted);
  queue::Reschedule command{.queue = *queue, .items = {}};
  for (const Change& change : changes) {
    auto item = to_item(change, *call);
    SELVAGE_ANSWER_ERROR(call, item);
    command.items.push_back(*std::move(item));
  }
  submit_items(call, std::move(command));
}

}  // namespace selvage::sqs
