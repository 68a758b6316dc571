// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage redrive`: message move tasks, which bring dead letters back.

#include <cstdint>
#include <optional>
#include <string>

#include "app/link.h"
#include "base/exit_code.h"

namespace selvage::app {

struct RedriveSettings {
  BrokerPlace at = {};
  std::string queue = {};            // the dead-letter queue
  std::string to = {};               // empty: each message to the queue where it died
  std::optional<int64_t> rate = {};  // messages a second; absent: as fast as it goes
  bool wait = false;                 // until it has ended
  bool json = false;
};
ExitCode start_redrive(const RedriveSettings& settings);

// The other two look at `at`, `queue` and `json` only.
ExitCode list_redrives(const RedriveSettings& settings);
ExitCode cancel_redrive(const RedriveSettings& settings);

}  // namespace selvage::app
