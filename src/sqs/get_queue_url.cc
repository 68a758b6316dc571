// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"

namespace selvage::sqs {

void get_queue_url(const CallPtr& call) {
  std::string name;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    return key != "QueueName" || take(v, name);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (name.empty())
    return call->refuse({kMissingParameter, "The request must contain the parameter QueueName."});
  call->submit<queue::QueueInfo>(queue::GetQueue{name}, [](Call& c, const queue::QueueInfo& info) {
    c.answer_queue_url(info.name);
  });
}

}  // namespace selvage::sqs
