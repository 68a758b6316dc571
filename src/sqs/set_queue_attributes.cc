// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {

void set_queue_attributes(const CallPtr& call) {
  std::string url;
  QueueAttributes attributes;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") return take(v, url);
    return key != "Attributes" || take(v, attributes);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (attributes.empty()) return call->refuse(missing_parameter("Attribute.Name").error());
  const auto patch = parse_queue_attributes(attributes, {call->identity(), is_fifo_name(*queue)});
  SELVAGE_ANSWER_ERROR(call, patch);
  call->submit_for_any(queue::SetQueue{*queue, *patch},
                       [given = std::move(attributes)](Call& c, const queue::Reply& reply) {
                         const auto* const refusal = std::get_if<queue::Refusal>(&reply);
                         if (refusal != nullptr) return c.refuse(describe_setting(*refusal, given));
                         c.answer();
                       });
}

}  // namespace selvage::sqs
