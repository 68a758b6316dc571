// SPDX-License-Identifier: Apache-2.0
// ChangeMessageVisibility and ChangeMessageVisibilityBatch.
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

constexpr int64_t kMaxVisibilitySeconds = 43'200;

OrError<Duration> parse_timeout(std::optional<int64_t> seconds) {
  if (!seconds)
    return refuse(kMissingParameter, "The request must contain the parameter VisibilityTimeout.");
  const auto valid = in_range("VisibilityTimeout", *seconds, 0, kMaxVisibilitySeconds);
  if (!valid) return std::unexpected(valid.error());
  return std::chrono::seconds(*valid);
}

}  // namespace

void change_message_visibility(const CallPtr& call) {
  std::string url;
  std::string handle;
  std::optional<int64_t> seconds;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "ReceiptHandle") return take(v, handle);
    if (key == "VisibilityTimeout") return take(v, seconds);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto receipt = parse_receipt(handle);
  SELVAGE_ANSWER_ERROR(call, receipt);
  const auto timeout = parse_timeout(seconds);
  SELVAGE_ANSWER_ERROR(call, timeout);
  submit_single(call, queue::ChangeVisibility{*queue, {{*receipt, *timeout}}});
}

void change_message_visibility_batch(const CallPtr& call) {
  auto batch = ReceiptBatch::read(call->body());
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
        c.answer(batch.finish(results));
      });
}

}  // namespace selvage::sqs
