// SPDX-License-Identifier: Apache-2.0
#pragma once
// The workers of one stage: adopts those that live, starts more, ends idle ones. How many there
// should be is decided elsewhere.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "process/reactor.h"
#include "supervisor/keeper.h"
#include "supervisor/scaler.h"
#include "worker/card.h"
#include "worker/run_directory.h"

namespace selvage::supervisor {

// Not thread-safe: the reactor's thread.
// 1. Names are "STAGE-N" with the lowest free N from 1; a name is free when its worker has ended.
// 2. What was told to end counts no longer, and is never started again.
class Crew {
 public:
  struct Callbacks {
    std::function<process::SpawnRequest(const std::string& worker)> request;
    // Nobody asked it to; it is started again.
    std::function<void(const std::string& worker, const std::optional<process::Ended>&)> died;
    std::function<void()> stopped;  // one that was asked to has ended
  };
  struct Setting {
    process::Reactor& reactor;
    Clock& clock;
    worker::RunDirectory run;
    std::string stage;
  };

  Crew(Setting setting, Callbacks callbacks);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Adopts every living worker of the stage. Returns how many.
  int adopt_all();
  void grow_to(int count);
  // Ends idle workers, the latest first, until there are `count` or no idle one is left. One that
  // takes a message at this very moment has `limit` to end it.
  void shrink_to(int count, Duration limit);
  void stop_all(Duration limit);

  int workers() const;  // that were started and not told to end
  Manned manned() const;
  std::vector<std::pair<std::string, worker::Card>> cards() const;
  bool has(pid_t pid) const;
  pid_t pid_of(const std::string& worker) const;  // -1: it does not run
  bool is_empty() const { return members_.empty(); }

 private:
  struct Member {
    int number;
    std::unique_ptr<Keeper> keeper;
    bool leaving = false;
    bool ended = false;
  };

  Member& add(int number);
  int lowest_free() const;
  void member_stopped(int number);
  void bury();
  // The card of the process that runs now; nullopt: unknown.
  std::optional<worker::Card> card_of(const Member& member) const;
  std::optional<worker::State> state_of(const Member& member) const;  // of one that stays

  Setting setting_;
  Callbacks callbacks_;
  std::vector<Member> members_;  // by number
  process::TimerId burial_ = 0;
};

}  // namespace selvage::supervisor
