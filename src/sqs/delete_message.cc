// SPDX-License-Identifier: Apache-2.0
// DeleteMessage and DeleteMessageBatch.
#include "sqs/actions.h"
#include "sqs/batch.h"
#include "sqs/receipt.h"

namespace selvage::sqs {

void delete_message(const CallPtr& call) {
  std::string url;
  ReceiptEntry entry;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "ReceiptHandle" || take(v, entry.handle);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto receipt = parse_receipt(entry.handle);
  SELVAGE_ANSWER_ERROR(call, receipt);
  submit_single(call, queue::Delete{*queue, {*receipt}}, std::move(entry));
}

void delete_message_batch(const CallPtr& call) {
  auto batch = ReceiptBatch::read(*call, kDeleteBatch);
  SELVAGE_ANSWER_ERROR(call, batch);
  queue::Delete command{batch->queue(), {}};
  for (const auto& valid : batch->valid()) command.receipts.push_back(valid.receipt);
  call->submit<queue::ItemResults>(
      std::move(command),
      [batch = *std::move(batch)](Call& c, const queue::ItemResults& results) mutable {
        batch.finish(c, results);
      });
}

}  // namespace selvage::sqs
