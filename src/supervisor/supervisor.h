// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keeps the workers of a workflow: min + spare of each stage, from the start and whatever happens,
// and each second as many more as the steward decides. May be killed at any time: its runners go
// on, and the next supervisor adopts them.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "incident/journal.h"
#include "process/lock_file.h"
#include "process/reactor.h"
#include "supervisor/crew.h"
#include "supervisor/gates.h"
#include "supervisor/steward.h"
#include "worker/run_directory.h"
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
  std::unique_ptr<Crew> make_crew(const workflow::Stage& stage);
  process::SpawnRequest runner_request(const std::string& stage, const std::string& worker) const;

  // ---- each second
  void look();
  void decide(const std::vector<client::QueueStatistics>& queues);
  void carry_out(const workflow::Stage& stage, Crew& crew, const Decision& decision);
  void announce(const workflow::Stage& stage, const Decision& decision);
  void record(incident::Kind kind, const std::string& stage, const std::string& cause);
  void publish(const std::vector<Decision>& decisions);

  // ---- deaths and the end
  void worker_died(const std::string& stage, const std::string& worker,
                   const std::optional<process::Ended>& how);
  void sweep_soon();
  void sweep();
  Duration stop_limit(const workflow::Stage& stage) const;
  void drain();
  void worker_stopped();

  SupervisorSettings settings_;
  worker::RunDirectory run_;
  SystemClock clock_;
  process::Reactor reactor_;
  incident::Journal journal_;
  process::LockFile lock_;
  client::Client client_;
  BrokerGates gates_;
  std::vector<client::QueueSettings> queues_;  // in the order in which they must be made
  std::vector<std::unique_ptr<Crew>> crews_;   // one for each stage of the plan, in its order
  Steward steward_;
  process::TimerId sweep_timer_ = 0;
  bool draining_ = false;
};

}  // namespace selvage::supervisor
