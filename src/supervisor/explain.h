// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decisions in words, with the numbers that led to them, and as the JSON file that
// `selvage status STAGE --why` reads.

#include <string>
#include <vector>

#include "base/time.h"
#include "supervisor/steward.h"
#include "workflow/plan.h"

namespace selvage::supervisor {

// One sentence each, the conclusion first. `stage` is the decision's.
std::vector<std::string> explain(const Decision& decision, const workflow::Stage& stage);

// {"at_us":…,"stages":[{"name":…,"workers":…,"target":…,…,"why":["…"]}]}
std::string to_json(Instant at, const std::vector<Decision>& decisions, const workflow::Plan& plan);

}  // namespace selvage::supervisor
