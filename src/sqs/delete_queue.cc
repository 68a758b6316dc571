// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"

namespace selvage::sqs {

void delete_queue(const CallPtr& call) {
  std::string url;
  const auto parsed =
      call->read([&](std::string_view key, Value& v) { return key != "QueueUrl" || take(v, url); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  call->submit<queue::Done>(queue::DeleteQueue{*queue}, [](Call& c, queue::Done) { c.answer(); });
}

}  // namespace selvage::sqs
