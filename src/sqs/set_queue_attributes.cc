// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {

void set_queue_attributes(const CallPtr& call) {
  std::string url;
  QueueAttributes attributes;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key != "Attributes") return true;
    return v.object([&](std::string_view attribute, wire::JsonValue& text) {
      return take(text, attributes[std::string(attribute)]);
    });
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (attributes.empty())
    return call->refuse(
        {kMissingParameter, "The request must contain the parameter Attribute.Name."});
  const auto patch = parse_queue_attributes(attributes);
  SELVAGE_ANSWER_ERROR(call, patch);
  call->submit<queue::Done>(queue::SetQueue{*queue, *patch},
                            [](Call& c, queue::Done) { c.answer("{}"); });
}

}  // namespace selvage::sqs
