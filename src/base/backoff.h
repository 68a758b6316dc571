// SPDX-License-Identifier: Apache-2.0
#pragma once
// When to start again what has ended: at once the first time, then ever later up to a cap, and never
// not at all. Pure.

#include <algorithm>

#include "base/time.h"

namespace selvage {

class Backoff {
 public:
  struct Limits {
    Duration first = std::chrono::milliseconds(100);  // the second restart in a row waits this long
    Duration cap = std::chrono::seconds(30);
    Duration healthy = std::chrono::seconds(10);      // who lived that long starts afresh
  };
  Backoff() = default;
  explicit Backoff(Limits limits) : limits_(limits) {}

  // How long to wait before the next start of what lived for `lived`.
  Duration after(Duration lived) {
    if (lived >= limits_.healthy) next_ = Duration{0};
    const Duration wait = next_;
    next_ = std::clamp(next_ * 2, limits_.first, limits_.cap);
    return wait;
  }
  void reset() { next_ = Duration{0}; }

 private:
  Limits limits_;
  Duration next_{0};
};

}  // namespace selvage
