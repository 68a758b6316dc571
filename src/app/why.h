// SPDX-License-Identifier: Apache-2.0
#pragma once
// Why a stage has as many workers as it has: what its supervisor decided last, in words.

#include <string>

#include "base/exit_code.h"

namespace selvage::app {

struct WhySettings {
  std::string stage = {};  // or the workflow file: then every stage
  std::string data = {};
  bool json = false;
};
ExitCode print_why(const WhySettings& settings);

}  // namespace selvage::app
