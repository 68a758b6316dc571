// SPDX-License-Identifier: Apache-2.0
#include "queue/attempts.h"

namespace selvage::queue {

const Attempts::Leases* Attempts::find(const std::string& id, Instant now) {
  while (!by_end_.empty() && by_end_.front().first <= now) {
    const auto at = known_.find(by_end_.front().second);
    if (at != known_.end() && at->second.first <= now) known_.erase(at);
    by_end_.pop_front();
  }
  const auto at = known_.find(id);
  return at == known_.end() ? nullptr : &at->second.second;
}

void Attempts::remember(const std::string& id, Leases leases, Instant now) {
  const Instant end = now + kAttemptWindow;
  known_[id] = {end, std::move(leases)};
  by_end_.emplace_back(end, id);
}

bool Throttle::is_over(Action action, uint32_t limit, Instant now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_) {
    second_ = second;
    calls_ = {};
  }
  return ++calls_.at(action) > limit;
}

}  // namespace selvage::queue
