// SPDX-License-Identifier: Apache-2.0
#pragma once
// Virtual time: what shall happen, and when. One thread runs everything; of two things due at the
// same moment the one that was planned first comes first.

#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"

namespace selvage::sim {

class Scheduler {
 public:
  using Step = std::function<void()>;

  Instant now() { return clock_.now(); }
  void at(Instant when, Step step) { plan_.emplace(std::pair(when, ++planned_), std::move(step)); }
  void after(Duration wait, Step step) { at(now() + wait, std::move(step)); }

  // Runs the next step, and lets time pass until it is due. False when nothing is planned.
  bool run_one() {
    if (plan_.empty()) return false;
    auto next = plan_.extract(plan_.begin());
    const Instant due = next.key().first;
    if (due > now()) clock_.advance(due - now());  // after a jump some steps are late
    next.mapped()();
    return true;
  }
  // The clock jumps: everything that was due meanwhile is late.
  void jump(Duration by) { clock_.advance(by); }

 private:
  ManualClock clock_;
  std::map<std::pair<Instant, uint64_t>, Step> plan_;
  uint64_t planned_ = 0;
};

}  // namespace selvage::sim
