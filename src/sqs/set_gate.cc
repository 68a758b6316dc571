// SPDX-License-Identifier: Apache-2.0
// Selvage.SetGate: how many of a queue's messages may be in flight, for a while.
#include "sqs/actions.h"
#include "sqs/limits.h"

namespace selvage::sqs {

void set_gate(const CallPtr& call) {
  constexpr Range kMostInFlight{"MostInFlight", 0, 120'000};
  constexpr Range kForMs{"ForMs", 0, 31'622'400'000};  // 366 days
  std::string url;
  std::optional<int64_t> most, lasts_ms;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "MostInFlight") return take(v, most);
    if (key == "ForMs") return take(v, lasts_ms);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto valid_most = in_range(kMostInFlight, most.value_or(0));
  SELVAGE_ANSWER_ERROR(call, valid_most);
  const auto valid_ms = in_range(kForMs, lasts_ms.value_or(0));
  SELVAGE_ANSWER_ERROR(call, valid_ms);
  queue::SetQueue set{*queue, {}};
  set.gate = {static_cast<uint32_t>(*valid_most), std::chrono::milliseconds(*valid_ms)};
  call->submit<queue::Done>(std::move(set), [](Call& c, queue::Done) { c.answer_json("{}"); });
}

}  // namespace selvage::sqs
