// SPDX-License-Identifier: Apache-2.0
#pragma once
// The broker's process: store, shard, group commit, HTTP. `selvage serve`.

#include <string>

#include "base/exit_code.h"

namespace selvage::app {

struct ServeSettings {
  std::string data;     // the data directory; ignored with `memory`
  bool memory = false;  // keep nothing
  std::string listen = "127.0.0.1:9324";
  int threads = 0;  // of the HTTP server; 0: one per core
};

// Prints `listening on http://HOST:PORT` on standard output when it is ready, then serves until
// SIGTERM or SIGINT.
ExitCode serve(const ServeSettings& settings);

}  // namespace selvage::app
