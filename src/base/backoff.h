// SPDX-License-Identifier: Apache-2.0
#pragma once
// When to start again what has ended: at once the first time, then ever later up to a cap, and
// never not at all. Pure.

#include <algorithm>

#include "base/time.h"

namespace selvage {

class Backoff {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(100);  // the second time in a row
  static constexpr Duration kCap = std::chrono::seconds(30);
  // Who lived so many times longer than it would have to wait starts afresh: so a crash loop never
  // costs more than a restart per ten waits, and a rare death never waits.
  static constexpr int kPatience = 10;

  // How long to wait before the next start of what lived for `lived`.
  Duration after(Duration lived) {
    if (lived >= next_ * kPatience && lived >= kFirst * kPatience) next_ = Duration{0};
    const Duration wait = next_;
    next_ = std::clamp(next_ * 2, kFirst, kCap);
    return wait;
  }
  void reset() { next_ = Duration{0}; }

 private:
  Duration next_{0};
};

}  // namespace selvage
