// SPDX-License-Identifier: Apache-2.0
#pragma once
// Lists of queues in pages, for ListQueues and ListDeadLetterSourceQueues: a token is where the
// page before ended.

#include <optional>
#include <string>
#include <vector>

#include "sqs/call.h"

namespace selvage::sqs {

struct PageRequest {
  std::optional<int64_t> max;
  std::string token;
};
// MaxResults and NextToken; others are skipped.
bool take_member(std::string_view name, Value& value, PageRequest& out);

struct Page {
  std::string after;   // only names beyond this one
  size_t size = 1000;  // of a page; 1,000 if nobody asked for less
  bool paged = false;  // a token is given to those only who asked for pages
};
// Failure: InvalidParameterValue.
OrError<Page> read_page(const PageRequest& request);

// `found`: up to one more than the page's size, which tells that there is a next one.
void answer_page(Call& call, const ListName& name, const Page& page,
                 const std::vector<queue::QueueInfo>& found);

}  // namespace selvage::sqs
