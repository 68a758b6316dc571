// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"

namespace selvage::sqs {

void get_queue_url(const CallPtr& call) {
  std::string name;
  const auto parsed = call->read(
      [&](std::string_view key, Value& v) { return key != "QueueName" || take(v, name); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (name.empty()) return call->refuse(missing_parameter("QueueName").error());
  const auto admitted = call->admit(name);
  SELVAGE_ANSWER_ERROR(call, admitted);
  call->submit<queue::QueueInfo>(queue::GetQueue{name}, [](Call& c, const queue::QueueInfo& info) {
    c.answer([&](Result& out) { out.text("QueueUrl", c.queue_url(info.name)); });
  });
}

}  // namespace selvage::sqs
