// SPDX-License-Identifier: Apache-2.0
// DeleteMessage and DeleteMessageBatch.
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/receipt.h"

namespace selvage::sqs {

void delete_message(const CallPtr& call) {
  std::string url;
  std::string handle;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "ReceiptHandle") return take(v, handle);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto receipt = parse_receipt(handle);
  SELVAGE_ANSWER_ERROR(call, receipt);
  submit_single(call, queue::Delete{*queue, {*receipt}});
}

void delete_message_batch(const CallPtr& call) {
  auto batch = ReceiptBatch::read(call->body());
  SELVAGE_ANSWER_ERROR(call, batch);
  queue::Delete command{batch->queue(), {}};
  for (const auto& valid : batch->valid()) command.receipts.push_back(valid.receipt);
  call->submit<queue::ItemResults>(
      std::move(command),
      [batch = *std::move(batch)](Call& c, const queue::ItemResults& results) mutable {
        c.answer(batch.finish(results));
      });
}

}  // namespace selvage::sqs
