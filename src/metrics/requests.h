// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests by action and status.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/histogram.h"

namespace selvage::metrics {

// The statuses that are told apart; any other is counted as the last.
inline constexpr std::array<int, 9> kStatuses = {200, 400, 403, 404, 409, 413, 500, 503, 0};

// Thread-safe. Each action has cache lines of its own, and is mostly answered by one thread:
// counting one request is three additions that nobody else is at.
class Requests {
 public:
  // `actions`: their names. One more is counted behind them: that of requests for none of these.
  explicit Requests(std::vector<std::string> actions);

  void record(size_t action, int status, Duration took) {
    Action& a = actions_[action < names_.size() ? action : names_.size() - 1];
    a.by_status[index_of(status)].fetch_add(1, std::memory_order_relaxed);
    a.duration.observe(took);
  }

  const std::vector<std::string>& names() const { return names_; }
  uint64_t count(size_t action, size_t status) const {
    return actions_[action].by_status[status].load(std::memory_order_relaxed);
  }
  const Histogram& duration(size_t action) const { return actions_[action].duration; }

 private:
  struct alignas(64) Action {
    std::array<std::atomic<uint64_t>, kStatuses.size()> by_status = {};
    Histogram duration{kTimes};
  };
  static size_t index_of(int status) {
    size_t at = 0;
    while (at + 1 < kStatuses.size() && kStatuses[at] != status) ++at;
    return at;
  }

  std::vector<std::string> names_;
  std::unique_ptr<Action[]> actions_;
};

}  // namespace selvage::metrics
