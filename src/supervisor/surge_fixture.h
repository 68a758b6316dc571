// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: a stage in virtual time. Messages come at a rate that a story gives, workers take a
// while to start and a while for each message, and a real meter and a real scaler decide each
// second how many there are. What is counted is what the issue asks for.

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "supervisor/load.h"
#include "supervisor/scaler.h"

namespace selvage::supervisor {

class SurgeModel {
 public:
  struct Settings {
    workflow::Stage stage;
    double attempt_seconds = 1;
    double start_seconds = 2;
    std::function<double(double second)> rate = {};  // messages a second
    int64_t waiting = 0;                             // from the start
    std::optional<uint64_t> seed = {};  // messages come by chance (Poisson); absent: evenly
  };
  // The world after one second.
  struct Second {
    double at = 0;
    int workers = 0;
    int busy = 0;
    int64_t waiting = 0;
    int64_t ended = 0;
  };

  explicit SurgeModel(Settings settings)
      : settings_(std::move(settings)),
        random_(settings_.seed.value_or(0)),
        meter_({.expect = settings_.stage.expect, .age = settings_.stage.target.age}),
        scaler_(settings_.stage),
        waiting_(settings_.waiting),
        sent_(settings_.waiting),
        workers_(static_cast<size_t>(scaler_.base())) {}

  void run(double seconds) {
    for (const double end = now_ + seconds; now_ < end;) step();
  }
  const std::vector<Second>& history() const { return history_; }
  int stopped() const { return stopped_; }
  int busy_stopped() const { return busy_stopped_; }

 private:
  struct Worker {
    double ready = 0;            // when it has started
    std::optional<double> done;  // when its message is
  };

  double chance() { return static_cast<double>(random_.next() >> 11) / 9007199254740992.0; }
  void step() {
    now_ += 1;
    arrive();
    Ends ends;
    work(ends);
    decide(ends);
    history_.push_back({now_, static_cast<int>(workers_.size()), busy(), waiting_, ends.done});
  }
  void arrive() {
    const double rate = settings_.rate(now_);
    if (!settings_.seed) {
      due_ += rate;
      for (; due_ >= 1; due_ -= 1) ++waiting_, ++sent_;
      return;
    }
    // Several in a second are as likely as they should be: e^-rate is divided by chance.
    for (double left = std::exp(-rate), p = chance(); p > left; p *= chance()) ++waiting_, ++sent_;
  }
  void work(Ends& ends) {
    for (Worker& worker : workers_) {
      if (worker.done && *worker.done <= now_) {
        worker.done.reset();
        ++ends.done;
        ends.busy += std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(settings_.attempt_seconds));
      }
      if (!worker.done && worker.ready <= now_ && waiting_ > 0) {
        --waiting_;
        worker.done = now_ + settings_.attempt_seconds;
      }
    }
  }
  int busy() const {
    return static_cast<int>(std::ranges::count_if(
        workers_, [](const Worker& worker) { return worker.done.has_value(); }));
  }
  void decide(const Ends& ends) {
    const Instant now =
        Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(now_)));
    meter_.observe(now, {.visible = waiting_, .in_flight = busy(), .delayed = 0, .sent = sent_},
                   ends);
    const auto starting = std::ranges::count_if(
        workers_, [this](const Worker& worker) { return worker.ready > now_; });
    const Scaling scaling = scaler_.decide(
        now, meter_.load(), {static_cast<int>(workers_.size()), static_cast<int>(starting)});
    const auto target = static_cast<size_t>(scaling.target);
    while (workers_.size() < target) workers_.push_back({now_ + settings_.start_seconds, {}});
    end_surplus(static_cast<int>(workers_.size() - target));
  }
  void end_surplus(int surplus) {
    std::vector<std::optional<worker::State>> states;
    for (const Worker& worker : workers_) states.emplace_back(state_of(worker));
    for (const size_t index : choose_leavers(states, surplus)) {
      if (workers_[index].done) ++busy_stopped_;
      ++stopped_;
      workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
  worker::State state_of(const Worker& worker) const {
    if (worker.done) return worker::State::kBusy;
    return worker.ready > now_ ? worker::State::kStarting : worker::State::kIdle;
  }

  Settings settings_;
  SeededRandom random_;
  LoadMeter meter_;
  Scaler scaler_;
  int64_t waiting_;
  int64_t sent_;
  double now_ = 0;
  double due_ = 0;
  int stopped_ = 0;
  int busy_stopped_ = 0;
  std::vector<Worker> workers_;
  std::vector<Second> history_;
};

}  // namespace selvage::supervisor
