// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decides for a whole workflow, each second: how many workers each stage has, and whether its queue
// is held back. Pure: what was seen goes in, decisions with their reasons come out.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/back_pressure.h"
#include "supervisor/breaker.h"
#include "supervisor/budget.h"
#include "supervisor/load.h"
#include "supervisor/scaler.h"
#include "worker/card.h"
#include "workflow/plan.h"

namespace selvage::supervisor {

// What was seen of a stage. Queues that do not exist yet count nothing.
struct StageFacts {
  QueueCounts in;
  QueueCounts out;      // looked at only where there is a max_backlog
  bool paused = false;  // somebody else holds its queue shut
  Manned manned;
  // Of the workers that were started and not told to end, by name; unknown ones are left out.
  std::vector<std::pair<std::string, worker::Card>> cards = {};
};

struct Decision {
  std::string stage;
  Scaling scaling;
  Breaker::View breaker;
  BackPressure::View back_pressure;
  Grant grant;
  bool crash_loops = false;      // no program of it could be started
  int workers = 0;               // before
  int target = 0;                // how many there should be now; fewer only by idle ones
  std::optional<int> gate = {};  // the most messages in flight; nullopt: as many as like
  bool paused = false;           // then the gate is not ours to set
  bool target_changed = false;   // since the look before
};

class Steward {
 public:
  Steward(const workflow::Plan& plan, const Host& host);

  // One fact for each stage of the plan, in its order; decisions likewise. `now` is later than at
  // the call before.
  std::vector<Decision> decide(Instant now, const std::vector<StageFacts>& facts);

 private:
  struct Stage {
    std::string name;
    Tally tally;
    LoadMeter meter;
    Scaler scaler;
    Breaker breaker;
    BackPressure back_pressure;
    int last_target = -1;
  };

  static Decision look_at(Stage& stage, Instant now, const StageFacts& facts);
  void share_budget(const std::vector<StageFacts>& facts, std::vector<Decision>& decisions);

  Host host_;
  std::vector<Stage> stages_;
};

}  // namespace selvage::supervisor
