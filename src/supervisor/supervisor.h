// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keeps the workers of a workflow: min + spare of each stage, from the start and whatever happens.
// May be killed at any time: its runners go on, and the next supervisor adopts them.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "incident/journal.h"
#include "process/lock_file.h"
#include "process/reactor.h"
#include "supervisor/keeper.h"
#include "workflow/plan.h"

namespace selvage::supervisor {

struct SupervisorSettings {
  workflow::Plan plan;
  std::string program;  // our own binary: what runners are started from
  http::Endpoint broker;
  std::optional<client::Credentials> credentials = {};  // what requests are signed with
  std::string data;                                     // absolute
  Duration drain_limit = std::chrono::seconds(30);
};

// Where a supervisor of the data directory `data` shows that it lives.
std::string supervisor_lock(const std::string& data);
// Where it says by which workflow file it works: one line, its absolute path.
std::string workflow_mark(const std::string& data);

class Supervisor {
 public:
  // Failure: kInUse when another supervisor works in this data directory, kSettings, kDiskFull.
  static Result<std::unique_ptr<Supervisor>> open(SupervisorSettings settings);

  // Works until SIGTERM or SIGINT, then drains every worker; returns when all have ended.
  void run();

 private:
  Supervisor(SupervisorSettings settings, incident::Journal journal, process::LockFile lock);

  void prepare_queues(size_t done);
  void start_workers();
  std::unique_ptr<Keeper> make_keeper(const workflow::Stage& stage, int number);
  void worker_died(const workflow::Stage& stage, const std::string& worker,
                   const std::optional<process::Ended>& how);
  void sweep_soon();
  void sweep();
  bool is_worker(pid_t pid) const;
  void drain();
  void worker_stopped();

  SupervisorSettings settings_;
  SystemClock clock_;
  process::Reactor reactor_;
  incident::Journal journal_;
  process::LockFile lock_;
  client::Client client_;
  std::vector<client::QueueSettings> queues_;  // in the order in which they must be made
  std::vector<std::unique_ptr<Keeper>> workers_;
  process::TimerId sweep_timer_ = 0;
  bool draining_ = false;
  size_t stopped_ = 0;
};

}  // namespace selvage::supervisor
