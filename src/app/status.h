// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a workflow is doing, from the broker's counters and the journal of incidents.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/link.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct StageStatus {
  std::string name = {};
  int64_t waiting = 0;   // visible and delayed messages of its queue
  int64_t running = 0;   // leased ones
  int64_t done = 0;      // handed over since the queue was created
  int64_t dead = 0;      // waiting in its dead-letter queue
  int64_t restarts = 0;  // programs and runners that died or hung, each started again
  // From a worker's loss of a message to the next program's having it; only first redos, because
  // later ones wait for their back-off.
  std::optional<Duration> last_recovery = {};
};

struct Status {
  std::vector<StageStatus> stages = {};
  std::vector<Duration> recoveries = {};  // all that the journal holds, in order
};

struct StatusSettings {
  std::string file = {};
  BrokerPlace at = {};
  bool json = false;
};

// Prints one line per stage, or JSON.
ExitCode print_status(const StatusSettings& settings);

}  // namespace selvage::app
