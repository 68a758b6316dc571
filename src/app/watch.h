// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage incidents` and `selvage logs`: what a workflow on this machine has gone through, and
// what its programs say. Both read files below DIR/run and ask no broker.

#include <optional>
#include <string>

#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct ShowIncidents {
  std::string data = "selvage-data";
  std::optional<Duration> since = {};  // absent: all that is kept
  std::string stage = {};              // empty: any
  std::string kind = {};               // by its name; empty: any
  bool follow = false;                 // for ever
  bool json = false;
};
ExitCode show_incidents(const ShowIncidents& settings);

struct ShowLogs {
  std::string data = "selvage-data";
  std::string of = {};  // a stage, a worker, or the id of a message; empty: all
  std::optional<Duration> since = {};
  bool follow = false;
  bool json = false;
};
ExitCode show_logs(const ShowLogs& settings);

}  // namespace selvage::app
