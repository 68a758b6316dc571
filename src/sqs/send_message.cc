// SPDX-License-Identifier: Apache-2.0
// SendMessage and SendMessageBatch: one entry and several.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "auth/digest.h"
#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/limits.h"
#include "sqs/message_numbers.h"
#include "sqs/outgoing.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {
namespace {

// What a sender checks to know that the message arrived as it was sent. Only what the request says
// counts: no header of HTTP.
struct Digests {
  std::string body, attributes, system;
};
// Leaves the body's with the message too, for whoever receives it.
Digests digests(Outgoing& entry) {
  entry.envelope.body_md5 = auth::md5(entry.envelope.body);
  return {to_hex(entry.envelope.body_md5), md5_if_any(entry.envelope.attributes),
          md5_if_any(entry.system)};
}

void write_sent(const queue::Sent& sent, bool is_fifo, const Digests& digests, Result& out) {
  out.text("MessageId", sent.id.text())
      .text("MD5OfMessageBody", digests.body)
      .text_if_any("MD5OfMessageAttributes", digests.attributes)
      .text_if_any("MD5OfMessageSystemAttributes", digests.system)
      .text_if_any("SequenceNumber", is_fifo ? sequence_number(sent.seq) : "");
}

using Results = std::vector<queue::OrRefusal<queue::Sent>>;

// What became of messages that were sent.
struct Sending {
  std::string queue;
  Results results;
  size_t limit;  // the queue's MaximumMessageSize, where something was too large
};

ApiError describe_sending(queue::Refusal refusal, size_t limit) {
  ApiError error = describe(refusal);
  if (refusal == queue::Refusal::kTooLarge)
    error.message = fmt::format(
        "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
        limit);
  return error;
}

// As Call::submit; asks for the queue's limit too where something was larger.
template <typename Render>  // void(Call& call, const Sending& sending)
void submit_sending(const CallPtr& call, queue::Send command, Render render) {
  std::string queue = command.queue;
  call->submit<Results>(std::move(command), [queue = std::move(queue), render = std::move(render)](
                                                Call& c, Results results) mutable {
    const auto is_too_large = [](const auto& r) {
      return !r && r.error() == queue::Refusal::kTooLarge;
    };
    if (std::ranges::none_of(results, is_too_large))
      return render(c, Sending{std::move(queue), std::move(results), 0});
    queue::GetQueue question{queue};
    c.submit<queue::QueueInfo>(
        std::move(question),
        [queue = std::move(queue), results = std::move(results), render = std::move(render)](
            Call& again, const queue::QueueInfo& info) mutable {
          render(again,
                 Sending{std::move(queue), std::move(results), info.config.max_message_bytes});
        });
  });
}

struct Batch {
  std::string url;
  std::vector<Outgoing> entries;
};

OrError<Batch> read_batch(Call& call) {
  Batch batch;
  const auto parsed = call.read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, batch.url);
    if (name != "Entries") return true;
    batch.entries.clear();
    return v.list([&](Value& item) {
      Outgoing& entry = batch.entries.emplace_back();
      return item.object(
          [&](std::string_view member, Value& value) { return take_member(member, value, entry); });
    });
  });
  if (!parsed) return std::unexpected(parsed.error());
  return batch;
}

OrError<void> check_batch(const BatchIds& ids, const std::vector<Outgoing>& entries) {
  if (auto valid = check_batch_ids(kSendBatch, ids); !valid) return valid;
  size_t bytes = 0;
  for (const Outgoing& entry : entries) bytes += entry.envelope.size();
  if (bytes > kMaxMessageBytes)
    return refuse(kBatchRequestTooLong,
                  fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} "
                              "bytes.",
                              kMaxMessageBytes, bytes));
  return {};
}

// An entry on its way: where it stands in the batch, and what its answer will say.
struct Underway {
  size_t number;
  Digests digests;
};

void answer_batch(Call& call, BatchResults results, const std::vector<Underway>& underway,
                  const Sending& sending) {
  const auto& [queue, replies, limit] = sending;
  for (size_t n = 0; n < underway.size(); ++n)
    if (!replies[n]) results.fail(underway[n].number, describe_sending(replies[n].error(), limit));
  call.answer([&](Result& out) {
    results.write(out, [&](size_t number) {
      const auto at = std::ranges::find(underway, number, &Underway::number);
      const auto n = static_cast<size_t>(at - underway.begin());
      write_sent(*replies[n], is_fifo_name(queue), at->digests, out);
    });
  });
}

// What the single form says more than the batch: which value it is that is wrong.
struct Single {
  std::optional<int64_t> delay_seconds;
  std::string deduplication_id;
};
ApiError describe_single(queue::Refusal refusal, const Single& message, size_t limit) {
  constexpr std::string_view kReason =
      "The request include parameter that is not valid for this queue type.";
  if (refusal == queue::Refusal::kNotForFifo)
    return invalid_value(std::to_string(message.delay_seconds.value_or(0)), "DelaySeconds", kReason)
        .error();
  if (refusal == queue::Refusal::kNotForStandard)
    return invalid_value(message.deduplication_id, "MessageDeduplicationId", kReason).error();
  return describe_sending(refusal, limit);
}

}  // namespace

void send_message(const CallPtr& call) {
  std::string url;
  Outgoing entry;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    return name == "QueueUrl" ? take(v, url) : take_member(name, v, entry);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (entry.envelope.body.empty()) return call->refuse(missing_parameter("MessageBody").error());
  Digests said = digests(entry);
  auto message = to_message(entry, *call, *queue);
  SELVAGE_ANSWER_ERROR(call, message);
  queue::Send command{.queue = *queue, .messages = {}};
  command.messages.push_back(*std::move(message));
  submit_sending(
      call, std::move(command),
      [said = std::move(said),
       single = Single{entry.delay_seconds, std::move(entry.deduplication_id)}](Call& c,
                                                                                const Sending& s) {
        const auto& sent = s.results.front();
        if (!sent) return c.refuse(describe_single(sent.error(), single, s.limit));
        c.answer([&](Result& out) { write_sent(*sent, is_fifo_name(s.queue), said, out); });
      });
}

void send_message_batch(const CallPtr& call) {
  auto batch = read_batch(*call);
  SELVAGE_ANSWER_ERROR(call, batch);
  const auto queue = call->queue_of(batch->url);
  SELVAGE_ANSWER_ERROR(call, queue);
  BatchIds ids;
  for (const Outgoing& entry : batch->entries) ids.push_back(entry.id);
  const auto valid = check_batch(ids, batch->entries);
  SELVAGE_ANSWER_ERROR(call, valid);

  BatchResults results(kSendBatch, std::move(ids));
  queue::Send command{.queue = *queue, .messages = {}};
  std::vector<Underway> underway;
  for (size_t i = 0; i < batch->entries.size(); ++i) {
    Outgoing& entry = batch->entries[i];
    Digests said = digests(entry);
    auto message = entry.envelope.body.empty()
                       ? refuse(kEmptyValue, "The message body must not be empty.")
                       : to_message(entry, *call, *queue);
    if (!message) {
      results.fail(i, std::move(message).error());
      continue;
    }
    underway.push_back({i, std::move(said)});
    command.messages.push_back(*std::move(message));
  }
  submit_sending(call, std::move(command),
                 [results = std::move(results), underway = std::move(underway)](
                     Call& c, const Sending& sending) mutable {
                   answer_batch(c, std::move(results), underway, sending);
                 });
}

}  // namespace selvage::sqs
