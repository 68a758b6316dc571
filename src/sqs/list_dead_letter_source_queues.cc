// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"
#include "sqs/pages.h"

namespace selvage::sqs {

void list_dead_letter_source_queues(const CallPtr& call) {
  std::string url;
  PageRequest wanted;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return take_member(name, v, wanted);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto page = read_page(wanted);
  SELVAGE_ANSWER_ERROR(call, page);
  queue::ListQueues sources{
      .prefix = {}, .after = page->after, .max = page->size + 1, .dead_letter_queue = *queue};
  // First whether there is such a queue at all: one without sources has an empty list.
  call->submit<queue::QueueInfo>(
      queue::GetQueue{*queue},
      [sources = std::move(sources), page = *page](Call& c, const queue::QueueInfo&) {
        c.submit<std::vector<queue::QueueInfo>>(
            sources, [page](Call& again, const std::vector<queue::QueueInfo>& found) {
              answer_page(again, {"queueUrls", "QueueUrl", "queueUrls"}, page, found);
            });
      });
}

}  // namespace selvage::sqs
