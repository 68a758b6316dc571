// SPDX-License-Identifier: Apache-2.0
#pragma once
// Messages that wait: `selvage peek`, `cancel` and `reschedule`.

#include <optional>
#include <string>
#include <vector>

#include "app/link.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct PeekSettings {
  BrokerPlace at = {};
  std::string queue = {};
  std::string state = {};  // "Visible", "InFlight", "Delayed"; empty: all
  std::string id = {};     // empty: all
  int max = 10;
  bool json = false;
};
// A table, or everything about the one message of `id`.
ExitCode peek(const PeekSettings& settings);

struct CancelSettings {
  BrokerPlace at = {};
  std::string queue = {};
  std::vector<std::string> ids = {};
  bool json = false;
};
// kFailed when one of them was not there, or is with a worker.
ExitCode cancel(const CancelSettings& settings);

struct RescheduleSettings {
  BrokerPlace at = {};
  std::string queue = {};
  std::vector<std::string> ids = {};
  std::optional<Duration> delay = {};  // from now
  std::string to = {};                 // another queue; empty: stays
  bool json = false;
};
ExitCode reschedule(const RescheduleSettings& settings);

}  // namespace selvage::app
