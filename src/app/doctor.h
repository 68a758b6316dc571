// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage doctor`: what is in a data directory, and whether it is sound. Writes nothing there.

#include <string>

#include "base/exit_code.h"

namespace selvage::app {

struct DoctorSettings {
  std::string data = {};
  bool json = false;
};

// kOk when the directory is sound, kFailed when it is not; another code when it cannot be examined
// (a server uses it, it is another version's, there is none).
ExitCode examine(const DoctorSettings& settings);

}  // namespace selvage::app
