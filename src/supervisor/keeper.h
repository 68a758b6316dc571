// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keeps one process running: starts it, watches it, starts it again at once and then ever later.
// Used by the root for broker and supervisor, and by the supervisor for each runner.

#include <functional>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "base/clock.h"
#include "process/reactor.h"
#include "process/spawn.h"

namespace selvage::supervisor {

//            start ok             ends
//   down ─────────────▶ running ────────▶ waiting ──(its time)──▶ start
//    ▲                     │                 │
//    └──── stop, ended ────┴───── stop ──────┘
//
// Not thread-safe: the reactor's thread.
class Keeper {
 public:
  struct Callbacks {
    std::function<process::SpawnRequest()> request;  // asked for at each start
    std::function<void()> started;                   // it runs again, or for the first time
    // It ended although nobody asked it to; `how` is unknown for an adopted one. Returns false to
    // leave it down.
    std::function<bool(const std::optional<process::Ended>& how)> died;
    std::function<void()> stopped;  // it ended after stop()
  };

  Keeper(process::Reactor& reactor, Clock& clock, std::string name, Callbacks callbacks)
      : reactor_(reactor),
        clock_(clock),
        name_(std::move(name)),
        callbacks_(std::move(callbacks)) {}
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void start();
  // Takes over a living process that somebody else started. False when it has just ended.
  bool adopt(pid_t pid);
  // SIGTERM; SIGKILL when it has not ended after `limit`. stopped() is called when it is down, also
  // if it is already: then before this returns.
  void stop(Duration limit);

  const std::string& name() const { return name_; }
  bool is_running() const { return child_.pid > 0; }
  pid_t pid() const { return child_.pid; }  // -1 while it is down
  int starts() const { return starts_; }

 private:
  void watch();
  void ended();
  void wait_and_start();

  process::Reactor& reactor_;
  Clock& clock_;
  std::string name_;
  Callbacks callbacks_;
  process::Child child_;
  bool adopted_ = false;
  bool stopping_ = false;
  int starts_ = 0;
  Instant since_{};
  Backoff backoff_;
  process::TimerId timer_ = 0;
};

}  // namespace selvage::supervisor
