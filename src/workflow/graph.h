// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is right or wrong with the stages together: who reads what, and whether messages get out.

#include <vector>

#include "workflow/plan.h"
#include "workflow/reader.h"

namespace selvage::workflow {

// A stage with the places of the values that a rule about several stages can complain about.
struct PlacedStage {
  Stage stage;
  wire::Position from_at;
  wire::Position to_at;
  wire::Position
      dead_at;  // where the dead-letter queue's default comes from when it is not written
};

// Each queue is read by one stage; messages leave every cycle of stages (a stage has one `to`, so
// no cycle has an exit); no stage sends its dead letters to the queue it reads.
void check_graph(const std::vector<PlacedStage>& stages, Problems& problems);

}  // namespace selvage::workflow
