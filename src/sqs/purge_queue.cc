// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sqs/actions.h"

namespace selvage::sqs {

void purge_queue(const CallPtr& call) {
  std::string url;
  const auto parsed = call->read(
      [&](std::string_view name, Value& v) { return name != "QueueUrl" || take(v, url); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  call->submit_for_any(queue::PurgeQueue{*queue}, [name = *queue](Call& c, const queue::Reply& r) {
    const auto* const refusal = std::get_if<queue::Refusal>(&r);
    if (refusal == nullptr) return c.answer();
    ApiError error = describe(*refusal);
    if (*refusal == queue::Refusal::kPurgedRecently)
      error.message =
          fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", name);
    c.refuse(error);
  });
}

}  // namespace selvage::sqs
