// SPDX-License-Identifier: Apache-2.0
// ChangeMessageVisibility and ChangeMessageVisibilityBatch.
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/limits.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

constexpr Range kTimeout{kVisibilityTimeout.parameter, kVisibilityTimeout.min,
                         kVisibilityTimeout.max,
                         "VisibilityTimeout must be an integer between 0 and 43200."};

OrError<Duration> parse_timeout(std::optional<int64_t> seconds) {
  if (!seconds) return missing_parameter("VisibilityTimeout");
  const auto valid = in_range(kTimeout, *seconds);
  if (!valid) return std::unexpected(valid.error());
  return std::chrono::seconds(*valid);
}

}  // namespace

void change_message_visibility(const CallPtr& call) {
  std::string url;
  ReceiptEntry entry;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    return name == "QueueUrl" ? take(v, url) : take_member(name, v, entry);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto receipt = parse_receipt(entry.handle);
  SELVAGE_ANSWER_ERROR(call, receipt);
  const auto timeout = parse_timeout(entry.visibility_seconds);
  SELVAGE_ANSWER_ERROR(call, timeout);
  submit_single(call, queue::ChangeVisibility{*queue, {{*receipt, *timeout}}}, std::move(entry));
}

void change_message_visibility_batch(const CallPtr& call) {
  auto batch = ReceiptBatch::read(*call, kVisibilityBatch);
  SELVAGE_ANSWER_ERROR(call, batch);
  queue::ChangeVisibility command{batch->queue(), {}};
  for (const auto& [entry, number, receipt] : batch->valid()) {
    auto timeout = parse_timeout(entry.visibility_seconds);
    if (timeout)
      command.items.push_back({receipt, *timeout});
    else
      batch->refuse_entry(number, std::move(timeout).error());
  }
  call->submit<queue::ItemResults>(
      std::move(command),
      [batch = *std::move(batch)](Call& c, const queue::ItemResults& results) mutable {
        batch.finish(c, results);
      });
}

}  // namespace selvage::sqs
