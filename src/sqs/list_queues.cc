// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "sqs/actions.h"

namespace selvage::sqs {

void list_queues(const CallPtr& call) {
  constexpr int64_t kMaxResults = 1000;
  std::string prefix;
  std::string token;
  std::optional<int64_t> max;
  const auto parsed = read_members(call->body(), [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueNamePrefix") return take(v, prefix);
    if (key == "NextToken") return take(v, token);
    if (key == "MaxResults") return take(v, max);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto limit = in_range("MaxResults", max.value_or(kMaxResults), 1, kMaxResults);
  SELVAGE_ANSWER_ERROR(call, limit);
  const auto after = from_base64(token);
  if (!after) return call->refuse({kInvalidParameterValue, "Invalid NextToken value."});

  const bool paged = max.has_value();
  const auto size = static_cast<size_t>(*limit);
  // One more than asked: that there is one tells whether a further page exists.
  call->submit<std::vector<queue::QueueInfo>>(
      queue::ListQueues{prefix, *after, size + 1},
      [paged, size](Call& c, const std::vector<queue::QueueInfo>& found) {
        std::string json;
        wire::JsonWriter out(json);
        out.begin_object();
        if (!found.empty()) {
          out.key("QueueUrls").begin_array();
          for (size_t i = 0; i < std::min(size, found.size()); ++i)
            out.string(c.queue_url(found[i].name));
          out.end_array();
        }
        if (paged && found.size() > size) out.field("NextToken", to_base64(found[size - 1].name));
        out.end_object();
        c.answer(std::move(json));
      });
}

}  // namespace selvage::sqs
