// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/queue_attributes.h"

namespace selvage::sqs {

void get_queue_attributes(const CallPtr& call) {
  std::string url;
  std::vector<std::string> names;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "AttributeNames") return take(v, names);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  call->submit<queue::QueueInfo>(
      queue::GetQueue{*queue}, [names](Call& c, const queue::QueueInfo& info) {
        const auto shown = show_queue_attributes(info, names, c.identity());
        SELVAGE_ANSWER_ERROR(&c, shown);
        constexpr MapName kAttributes{"Attributes", "Attribute", "Name"};
        c.answer([&](Result& out) { out.texts(kAttributes, *shown); });
      });
}

}  // namespace selvage::sqs
