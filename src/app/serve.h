// SPDX-License-Identifier: Apache-2.0
#pragma once
// The broker's process: store, shard, group commit, HTTP. `selvage serve`.

#include <string>
#include <vector>

#include "base/exit_code.h"

namespace selvage::app {

// How the broker shows itself to clients, and whom it lets in.
struct EndpointSettings {
  std::string credentials;      // file; empty: anybody, from this machine only
  std::string tls_certificate;  // files, PEM; both or none
  std::string tls_key;
  std::string public_url;  // what queue URLs begin with; empty: by the Host header
  std::string region = "us-east-1";
  std::string account = "000000000000";
  bool aws_timers = false;  // Amazon's waits and throttles too
};

// The arguments of `serve` that give these settings, files by absolute path.
std::vector<std::string> serve_options(const EndpointSettings& settings);

struct ServeSettings {
  std::string data;     // the data directory; ignored with `memory`
  bool memory = false;  // keep nothing
  std::string listen = "127.0.0.1:9324";
  int threads = 0;  // of the HTTP server; 0: one per core
  EndpointSettings endpoint = {};
};

// Prints `listening on http://HOST:PORT` (https with TLS) on standard output when it is ready, then
// serves until SIGTERM or SIGINT. SIGHUP reads credentials, certificate and key anew.
ExitCode serve(const ServeSettings& settings);

}  // namespace selvage::app
