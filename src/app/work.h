// SPDX-License-Identifier: Apache-2.0
#pragma once
// The processes of a workflow: root, supervisor, runner (DESIGN: process tree), and what they show.

#include <string>

#include "app/settings.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct UpSettings {
  std::string file;
  Duration drain = std::chrono::seconds(30);
  CommandLine line = {};  // of the broker's settings
};
ExitCode up(const UpSettings& settings);

struct SuperviseSettings {
  std::string file;
  std::string data;
  std::string broker;
  Duration drain = std::chrono::seconds(30);
};
ExitCode supervise(const SuperviseSettings& settings);

struct RunnerProcessSettings {
  std::string file;
  std::string stage;
  std::string worker;
  std::string data;
  std::string broker;
  Duration drain = std::chrono::seconds(30);
};
ExitCode run_worker(const RunnerProcessSettings& settings);

}  // namespace selvage::app
