// SPDX-License-Identifier: Apache-2.0
// SendMessage and SendMessageBatch: one entry and several.
#include <fmt/format.h>

#include "auth/digest.h"
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/envelope.h"

namespace selvage::sqs {
namespace {

constexpr int64_t kMaxDelaySeconds = 900;
constexpr size_t kMaxBatchBytes = 1 << 20;  // the sum over all entries (SQS-CONTRACT, 1.3)

struct Entry {
  std::string id;
  Envelope envelope;
  MessageAttributes system;
  std::optional<int64_t> delay;
};

bool take_member(std::string_view key, wire::JsonValue& v, Entry& entry) {
  if (key == "Id") return take(v, entry.id);
  if (key == "MessageBody") return take(v, entry.envelope.body);
  if (key == "DelaySeconds") return take(v, entry.delay);
  if (v.kind() == wire::JsonValue::Kind::kNull) return true;
  if (key == "MessageAttributes") return take_attributes(v, entry.envelope.attributes);
  if (key == "MessageSystemAttributes") return take_attributes(v, entry.system);
  return true;
}

OrError<queue::NewMessage> to_message(Entry& entry) {
  if (entry.envelope.body.empty())
    return refuse(kMissingParameter, "The request must contain the parameter MessageBody.");
  if (!has_only_allowed_characters(entry.envelope.body))
    return refuse(
        kInvalidMessageContents,
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to "
        "#xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.");
  if (auto valid = check_attributes(entry.envelope.attributes); !valid)
    return std::unexpected(std::move(valid).error());
  for (const auto& [name, attribute] : entry.system) {
    if (name != "AWSTraceHeader" || attribute.type != "String")
      return refuse(kInvalidParameterValue,
                    fmt::format("Message system attribute name '{}' is invalid.", name));
    entry.envelope.trace_header = attribute.value;
  }
  queue::NewMessage message;
  if (entry.delay) {
    const auto delay = in_range("DelaySeconds", *entry.delay, 0, kMaxDelaySeconds);
    if (!delay) return std::unexpected(delay.error());
    message.delay = std::chrono::seconds(*delay);
  }
  message.size = entry.envelope.size();
  message.payload = encode_envelope(entry.envelope);
  return message;
}

// The digests a sender checks, as JSON members.
std::string digests(const Entry& entry) {
  std::string members;
  wire::JsonWriter out(members);
  out.field("MD5OfMessageBody", auth::md5_hex(entry.envelope.body));
  if (!entry.envelope.attributes.empty())
    out.field("MD5OfMessageAttributes", md5_of_attributes(entry.envelope.attributes));
  if (!entry.system.empty())
    out.field("MD5OfMessageSystemAttributes", md5_of_attributes(entry.system));
  return members;
}

using Results = std::vector<queue::OrRefusal<queue::Sent>>;

}  // namespace

void send_message(const CallPtr& call) {
  std::string url;
  Entry entry;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    return key == "QueueUrl" ? take(v, url) : take_member(key, v, entry);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  auto message = to_message(entry);
  SELVAGE_ANSWER_ERROR(call, message);
  queue::Send command{.queue = *queue, .messages = {}};
  command.messages.push_back(*std::move(message));
  call->submit<Results>(std::move(command), [digests = digests(entry)](Call& c, const Results& r) {
    if (!r.front()) return c.refuse(describe(r.front().error()));
    c.answer(fmt::format(R"({{"MessageId":"{}",{}}})", r.front()->id.to_string(), digests));
  });
}

void send_message_batch(const CallPtr& call) {
  std::string url;
  std::vector<Entry> entries;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key != "Entries") return true;
    return v.array([&](wire::JsonValue& item) {
      Entry& entry = entries.emplace_back();
      return item.object([&](std::string_view k, wire::JsonValue& member) {
        return take_member(k, member, entry);
      });
    });
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  std::vector<std::string> ids;
  size_t bytes = 0;
  for (const Entry& entry : entries) {
    ids.push_back(entry.id);
    bytes += entry.envelope.size();
  }
  const auto valid = check_batch_ids(ids);
  SELVAGE_ANSWER_ERROR(call, valid);
  if (bytes > kMaxBatchBytes)
    return call->refuse({kBatchRequestTooLong,
                         fmt::format("Batch requests cannot be longer than {} bytes. You have sent "
                                     "{} bytes.",
                                     kMaxBatchBytes, bytes)});

  BatchResults results(ids);
  queue::Send command{.queue = *queue, .messages = {}};
  std::vector<size_t> sent;  // the entries behind command.messages
  std::vector<std::string> sums;
  for (size_t i = 0; i < entries.size(); ++i) {
    auto message = to_message(entries[i]);
    sums.push_back(digests(entries[i]));
    if (!message) {
      results.fail(i, std::move(message).error());
      continue;
    }
    command.messages.push_back(*std::move(message));
    sent.push_back(i);
  }
  call->submit<Results>(
      std::move(command), [results, sent, sums](Call& c, const Results& replies) mutable {
        for (size_t n = 0; n < sent.size(); ++n) {
          const size_t i = sent[n];
          if (replies[n])
            results.succeed(
                i, fmt::format(R"("MessageId":"{}",{})", replies[n]->id.to_string(), sums[i]));
          else
            results.fail(i, describe(replies[n].error()));
        }
        c.answer(results.to_json());
      });
}

}  // namespace selvage::sqs
