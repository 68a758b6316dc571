// SPDX-License-Identifier: Apache-2.0
#include "supervisor/scaler.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace selvage::supervisor {
namespace {

// A thousand million workers are more than anybody has: no number of ours overflows.
int whole(double workers) {
  return static_cast<int>(std::min(std::ceil(workers - 1e-9), 1e9));
}

}  // namespace

Scaler::Scaler(const workflow::Stage& stage)
    : workers_(stage.workers), drain_target_(stage.target.drain) {
  SELVAGE_CHECK(drain_target_ > Duration{0});
}

Scaling Scaler::decide(Instant now, const Load& load, const Manned& manned) {
  Scaling scaling{.load = load};
  // Who takes over from another supervisor knows no wants, but those that they led to.
  if (wants_.empty()) wants_.emplace_back(now, std::clamp(manned.workers, base(), most()));
  scaling.want = std::clamp(need(manned, scaling), workers_.min, workers_.max) + workers_.spare;
  scaling.held = largest_want(now, scaling.want);
  scaling.target = step(manned.workers, scaling.held);
  return scaling;
}

// One look's step from `workers` to `held`.
int Scaler::step(int workers, int held) const {
  if (held > workers) return std::min(held, std::max({2 * workers, base(), 1}));
  const bool far = static_cast<double>(workers - held) > kSlack * workers;
  return far || held == base() ? held : std::min(workers, most());
}

int Scaler::need(const Manned& manned, Scaling& scaling) const {
  const Load& load = scaling.load;
  const double per_message = load.attempt_seconds * load.attempts_per_success / at_once_;
  const double target = std::chrono::duration<double>(drain_target_).count();
  const double arrivals = std::max(load.arrivals_fast, load.arrivals_slow);
  scaling.for_arrivals = arrivals / kUtilisation * per_message;
  scaling.for_backlog = static_cast<double>(load.visible) / target * per_message;
  scaling.need = whole(scaling.for_arrivals + scaling.for_backlog);
  scaling.useful =
      whole(static_cast<double>(load.visible + load.in_flight) / kUtilisation / at_once_);
  // Those that are still starting are the one more that was asked for.
  if (load.too_old) scaling.for_age = manned.workers - manned.starting + 1 - workers_.spare;
  return std::max(std::min(scaling.need, scaling.useful), scaling.for_age);
}

int Scaler::largest_want(Instant now, int want) {
  while (!wants_.empty() && wants_.back().second <= want) wants_.pop_back();
  wants_.emplace_back(now, want);
  while (wants_.front().first <= now - kHold) wants_.pop_front();
  return wants_.front().second;
}

std::vector<size_t> choose_leavers(const std::vector<std::optional<worker::State>>& states,
                                   int surplus) {
  std::vector<size_t> leavers;
  for (size_t at = states.size(); at-- > 0 && static_cast<int>(leavers.size()) < surplus;)
    if (states[at] == worker::State::kIdle) leavers.push_back(at);
  return leavers;
}

}  // namespace selvage::supervisor
