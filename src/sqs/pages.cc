// SPDX-License-Identifier: Apache-2.0
#include "sqs/pages.h"

#include <algorithm>

#include "base/bytes.h"
#include "sqs/limits.h"

namespace selvage::sqs {

bool take_member(std::string_view name, Value& value, PageRequest& out) {
  if (name == "MaxResults") return take(value, out.max);
  return name != "NextToken" || take(value, out.token);
}

OrError<Page> read_page(const PageRequest& request) {
  const auto size = in_range(kMaxResults, request.max.value_or(kMaxResults.max));
  if (!size) return std::unexpected(size.error());
  auto after = from_base64(request.token);
  if (!after) return refuse(kInvalidParameterValue, "Invalid NextToken value.");
  return Page{.after = *std::move(after),
              .size = static_cast<size_t>(*size),
              .paged = request.max.has_value()};
}

void answer_page(Call& call, const ListName& name, const Page& page,
                 const std::vector<queue::QueueInfo>& found) {
  const size_t shown = std::min(page.size, found.size());
  std::vector<std::string> urls;
  for (size_t i = 0; i < shown; ++i) urls.push_back(call.queue_url(found[i].name));
  const bool more = page.paged && found.size() > page.size;
  call.answer([&](Result& out) {
    out.text_if_any("NextExclusiveStartQueueName", "")
        .texts(name, urls)
        .text_if_any("NextToken", more ? to_base64(found[shown - 1].name) : "");
  });
}

}  // namespace selvage::sqs
