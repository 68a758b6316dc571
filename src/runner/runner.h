// SPDX-License-Identifier: Apache-2.0
#pragma once
// One worker: receive, feed the program, hand over, for ever. A component that works on its own: it
// talks to the broker directly and outlives both broker and supervisor.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "artifact/artifacts.h"
#include "base/clock.h"
#include "client/client.h"
#include "incident/journal.h"
#include "incident/worker_log.h"
#include "process/lock_file.h"
#include "process/reactor.h"
#include "runner/feeder.h"
#include "runner/settler.h"
#include "runner/steps.h"
#include "worker/card.h"
#include "workflow/plan.h"

namespace selvage::runner {

struct RunnerSettings {
  workflow::Plan plan;
  std::string stage;
  std::string worker;  // unique name, for example "shrink-1"
  http::Endpoint broker;
  std::optional<client::Credentials> credentials = {};  // what requests are signed with
  std::string data;                                     // the data directory, absolute
  std::string supervisor_lock;  // drain when nobody has held it for orphan_grace; empty: never
  Duration orphan_grace = std::chrono::seconds(30);
  Duration drain_limit = std::chrono::seconds(30);  // for the message in the program
};

class Runner {
 public:
  // Failure: kInUse when a worker of that name lives, kSettings, kDiskFull.
  static Result<std::unique_ptr<Runner>> open(RunnerSettings settings);

  // Works until SIGTERM or SIGINT, then drains: what is in the program ends (bounded), the rest
  // goes back unburnt. Returns when all is settled.
  void run();

 private:
  // What shows that we live, and what we do.
  struct Signs {
    process::LockFile lock;
    worker::CardFile card;
  };
  Runner(RunnerSettings settings, artifact::Artifacts artifacts, incident::Journal journal,
         Signs signs);

  void step();
  void show();
  void count(const Verdict& verdict);
  Situation situation() const;
  bool is_sdk() const { return stage_.mode == workflow::Mode::kSdk; }

  // ---- the session
  void join();
  void joined(const Result<client::Client::Session>& session);
  void admit_program(const client::Client::Session& session);
  void bury();
  void connection_lost();
  void session_ended();
  void join_later(Duration wait);

  // ---- in
  void poll();
  void polled(const Result<std::vector<client::Message>>& messages);
  void start_next();
  void program_started();
  void program_alive();
  void program_said(std::string_view bytes);

  // ---- out
  void program_lost(const Verdict& verdict);
  void attempt_ended(const Verdict& verdict);
  void hand_over(const Verdict& verdict);
  void fail(const client::Message& message, const Verdict& verdict);
  void refused(const Handing& handing, const std::string& outcome);
  void discard(const Handing& handing);
  // `message`: null when nobody knows it.
  std::string evidence(const client::Message* message, const Verdict& verdict) const;
  void record(incident::Kind kind, const client::Message& message, const std::string& cause,
              Duration recovery = {});
  Result<client::Output> make_output(const std::string& body);
  Result<ArtifactId> stage_output();
  void empty_work();

  // ---- the end
  void drain();
  void drain_limit_reached();
  void watch_supervisor();
  void leave();

  RunnerSettings settings_;
  const workflow::Stage& stage_;
  SystemClock clock_;
  SystemRandom random_;
  process::Reactor reactor_;
  artifact::Artifacts artifacts_;
  incident::Journal journal_;
  incident::WorkerLog log_;
  Signs signs_;
  worker::Card card_;
  // Ours alone: what a dead runner of the same name left behind may still write to its own.
  std::string work_root_;
  Places work_;  // where the program finds its files

  client::Client control_;  // the session lives on this connection; results go back on it
  client::Client intake_;   // long polls
  Settler settler_;
  std::unique_ptr<Feeder> feeder_;

  std::string session_;  // empty: none to resume
  // Mode sdk: the session of a program that has ended, and what is to be kept of that.
  struct Lost {
    std::string session;
    std::string evidence;
  };
  std::optional<Lost> lost_;
  bool joined_ = false;
  bool joining_ = false;
  bool polling_ = false;
  Duration join_wait_{0};
  std::deque<client::Message> in_hand_;
  std::optional<client::Message> current_;  // the program has it
  bool abandoned_ = false;                  // nobody wants the current attempt's verdict
  bool give_back_current_ = false;          // the drain's limit came: it goes back unburnt
  bool draining_ = false;
  bool leaving_ = false;
  Instant extended_{};      // when leases were last prolonged
  Instant orphan_since_{};  // the epoch: the supervisor lives
};

}  // namespace selvage::runner
