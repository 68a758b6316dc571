// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/pages.h"

namespace selvage::sqs {

void list_queues(const CallPtr& call) {
  std::string prefix;
  PageRequest wanted;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueNamePrefix") return take(v, prefix);
    return take_member(name, v, wanted);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto page = read_page(wanted);
  SELVAGE_ANSWER_ERROR(call, page);
  call->submit<std::vector<queue::QueueInfo>>(
      queue::ListQueues{.prefix = prefix, .after = page->after, .max = page->size + 1},
      [page = *page](Call& c, const std::vector<queue::QueueInfo>& found) {
        answer_page(c, {"QueueUrls", "QueueUrl", "queueUrls"}, page, found);
      });
}

}  // namespace selvage::sqs
