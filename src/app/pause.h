// SPDX-License-Identifier: Apache-2.0
#pragma once
// Stops a stage from getting messages, and lets it go on.

#include <optional>
#include <string>

#include "app/link.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct PauseSettings {
  BrokerPlace at = {};
  std::string stage = {};
  std::optional<Duration> lasts = {};  // absent: until somebody resumes it
};

// Its workers finish what they have; messages go on coming into its queue.
ExitCode pause_stage(const PauseSettings& settings);
ExitCode resume_stage(const PauseSettings& settings);

}  // namespace selvage::app
