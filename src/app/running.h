// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which workflow a data directory runs, so that commands can speak of stages without its file.

#include <string>

#include "base/error.h"
#include "workflow/plan.h"

namespace selvage::app {

// The plan that the supervisor of the data directory works by, or the last one did. Failure
// (kSettings): none did, or its file is unsound now.
Result<workflow::Plan> running_plan(const std::string& data);

// The stage of that name; failure (kSettings): it has none, with the names that it has.
Result<workflow::Stage> find_stage(const workflow::Plan& plan, const std::string& name);

}  // namespace selvage::app
