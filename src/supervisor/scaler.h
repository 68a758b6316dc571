// SPDX-License-Identifier: Apache-2.0
#pragma once
// How many workers a stage should have, so that its messages are gone in the time that the file
// wants. Pure. The formula is the design's (section 7), with one bound that decision 14 explains:
//
//   need   = ceil((A/0.75 + V/drain_target) · S · r / c)
//   useful = ceil((V + in flight) / 0.75 / c): more would have nothing to do
//   need   = the smaller of both; a message older than the target: at least one more than run
//   want   = clamp(need, min, max) + spare
//
// Up at once, at most doubling with each look; down by the largest want of the last minute, and
// only when more than a tenth is too many or the stage goes back to min + spare.

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "supervisor/load.h"
#include "worker/card.h"
#include "workflow/plan.h"

namespace selvage::supervisor {

// What was decided, with the numbers that led there.
struct Scaling {
  Load load;
  double for_arrivals = 0;  // workers, by what comes
  double for_backlog = 0;   // … by what waits
  int need = 0;             // of the formula, all in all
  int useful = 0;
  int for_age = 0;  // 0: nothing waits too long
  int want = 0;     // now
  int held = 0;     // the largest want of the last minute
  int target = 0;   // how many workers there should be after this look
};

struct Manned {
  int workers = 0;   // that were started and not told to end
  int starting = 0;  // of them: not yet at work
};

class Scaler {
 public:
  static constexpr double kUtilisation = 0.75;
  static constexpr double kSlack = 0.1;
  static constexpr Duration kHold = std::chrono::minutes(1);

  explicit Scaler(const workflow::Stage& stage);

  // Once a second; `now` never goes back.
  Scaling decide(Instant now, const Load& load, const Manned& manned);

  int base() const { return workers_.min + workers_.spare; }  // never fewer
  int most() const { return workers_.max + workers_.spare; }  // never more

 private:
  int step(int workers, int held) const;
  int need(const Manned& manned, Scaling& scaling) const;
  int largest_want(Instant now, int want);

  workflow::Workers workers_;
  Duration drain_target_;
  int at_once_ = 1;                            // c: messages that a worker works on at a time
  std::deque<std::pair<Instant, int>> wants_;  // of the last minute, falling
};

// Whom to end so that there are `surplus` fewer, as indexes into `states`: idle ones only, the
// latest first. nullopt: nobody knows what that one does.
std::vector<size_t> choose_leavers(const std::vector<std::optional<worker::State>>& states,
                                   int surplus);

}  // namespace selvage::supervisor
