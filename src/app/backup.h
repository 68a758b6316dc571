// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage backup`: has a running broker copy its data directory.

#include <string>

#include "app/link.h"
#include "base/exit_code.h"

namespace selvage::app {

struct BackupSettings {
  std::string directory = {};  // on the broker's machine; a relative one is taken from here
  BrokerPlace at = {};
  bool json = false;
};

// Returns when the copy is whole and durable; prints what is in it and how to start from it.
ExitCode back_up(const BackupSettings& settings);

}  // namespace selvage::app
