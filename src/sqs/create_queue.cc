// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {

void create_queue(const CallPtr& call) {
  std::string name;
  QueueAttributes attributes;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueName") return take(v, name);
    if (key != "Attributes" || v.kind() == wire::JsonValue::Kind::kNull) return true;
    return v.object([&](std::string_view attribute, wire::JsonValue& text) {
      return take(text, attributes[std::string(attribute)]);
    });
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto valid = check_queue_name(name);
  SELVAGE_ANSWER_ERROR(call, valid);
  const auto patch = parse_queue_attributes(attributes);
  SELVAGE_ANSWER_ERROR(call, patch);
  call->submit<queue::QueueInfo>(
      queue::CreateQueue{name, *patch},
      [](Call& c, const queue::QueueInfo& info) { c.answer_queue_url(info.name); });
}

}  // namespace selvage::sqs
