// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage receive` and `selvage ack`.

#include <string>
#include <vector>

#include "app/link.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct ReceiveSettings {
  BrokerPlace at = {};
  std::vector<std::string> queues = {};  // in order of preference
  int max = 1;
  Duration wait{0};
  Duration visibility{0};  // zero: the queue's own
  bool acknowledge = false;
  bool json = false;
};
// Leases and prints. With `acknowledge` deletes what was printed, and only that.
ExitCode receive(const ReceiveSettings& settings);

struct AckSettings {
  BrokerPlace at = {};
  std::string queue = {};
  std::vector<std::string> receipts = {};
  bool json = false;
};
ExitCode acknowledge(const AckSettings& settings);

}  // namespace selvage::app
