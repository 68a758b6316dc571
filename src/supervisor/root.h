// SPDX-License-Identifier: Apache-2.0
#pragma once
// The root of the process tree: starts and restarts the broker and the supervisor, nothing else.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/exit_code.h"
#include "incident/journal.h"
#include "process/lock_file.h"
#include "process/reactor.h"
#include "supervisor/keeper.h"

namespace selvage::supervisor {

struct RootSettings {
  std::string program;                          // our own binary
  std::string file;                             // the workflow file, absolute
  std::string data;                             // absolute
  std::string listen;                           // HOST:PORT of the broker
  std::vector<std::string> serve_options = {};  // more arguments for the broker
  Duration drain_limit = std::chrono::seconds(30);
};

class Root {
 public:
  // Failure: kInUse when another root works in this data directory, kSettings, kDiskFull.
  static Result<std::unique_ptr<Root>> open(RootSettings settings);

  // Works until SIGTERM, SIGINT or SIGHUP (the terminal has gone), then stops the supervisor (which
  // drains the workers), then the broker. A second signal kills everything at once. A broker that
  // cannot start the first time (its own words say why) ends the root with the broker's exit code.
  ExitCode run();

 private:
  Root(RootSettings settings, incident::Journal journal, process::LockFile lock);

  process::SpawnRequest broker_request();
  process::SpawnRequest supervisor_request() const;
  void broker_started();
  void read_announcement();
  void broker_is_ready(const std::string& url);
  bool broker_died(const std::optional<process::Ended>& how);
  void record(incident::Kind kind, const std::string& who, const std::string& cause);
  void sweep();
  void shut_down();
  void end();

  RootSettings settings_;
  SystemClock clock_;
  process::Reactor reactor_;
  incident::Journal journal_;
  process::LockFile lock_;
  Keeper broker_;
  Keeper supervisor_;
  process::Pipe announcement_;  // the broker's standard output: one line when it is ready
  std::string announced_;
  bool was_ready_ = false;  // the broker, once
  bool stopping_ = false;
  ExitCode exit_code_ = ExitCode::kOk;
};

}  // namespace selvage::supervisor
