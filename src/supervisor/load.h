// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a stage has to do, measured: how fast messages come, how long an attempt takes, how many
// attempts a success takes. Pure: counts and a time in, numbers out. The scaler reads them.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "worker/card.h"

namespace selvage::supervisor {

// What came to an end, since the last look.
struct Ends {
  int64_t done = 0;
  int64_t failed = 0;  // the died among them
  Duration busy{0};
  Duration cpu{0};

  int64_t attempts() const { return done + failed; }
};

// Makes differences of cards, whose counts begin anew with every runner.
class Tally {
 public:
  // What `worker` has ended since its card was seen last. A worker that is met for the first time
  // has done all of it just now, except before begin(): then it was at work before us.
  Ends since_last(const std::string& worker, const worker::Card& card);
  void begin() { begun_ = true; }

 private:
  bool begun_ = false;
  std::map<std::string, worker::Card> seen_;
};

// Of the stage's queue, as the broker counts.
struct QueueCounts {
  int64_t visible = 0;
  int64_t in_flight = 0;
  int64_t delayed = 0;
  int64_t sent = 0;  // ever
};

struct Load {
  double arrivals_fast = 0;         // A, messages a second: EWMA of 5 s
  double arrivals_slow = 0;         // … of 60 s
  double attempt_seconds = 1;       // S
  bool measured = false;            // S is; else it is what the file expects
  double attempts_per_success = 1;  // r, within 1..2
  double cpus = 0;                  // that a busy worker keeps busy; 0: unknown
  int64_t visible = 0;              // V
  int64_t in_flight = 0;
  bool too_old = false;  // a message waits longer than the target's age
};

// One stage's. Not thread-safe.
class LoadMeter {
 public:
  static constexpr Duration kFast = std::chrono::seconds(5);
  static constexpr Duration kSlow = std::chrono::minutes(1);
  static constexpr Duration kRetryWindow = std::chrono::minutes(5);
  static constexpr int64_t kSamples = 5;  // attempts until the measured mean counts
  static constexpr double kMostRetries = 2;

  struct Settings {
    Duration expect{0};  // zero: a second
    Duration age = std::chrono::seconds(10);
  };
  explicit LoadMeter(const Settings& settings);

  // `now` is later than at the call before. Rates are known from the second call on.
  void observe(Instant now, const QueueCounts& counts, const Ends& ends);
  const Load& load() const { return load_; }

 private:
  void observe_arrivals(Instant now, int64_t sent);
  void observe_attempts(Instant now, const Ends& ends);
  bool waits_too_long(Instant now) const;

  Settings settings_;
  Load load_;
  bool begun_ = false;
  Instant last_{};
  int64_t last_sent_ = 0;
  std::deque<std::pair<Instant, int64_t>> sent_;  // back to the target's age, and one before

  int64_t samples_ = 0;
  double mean_seconds_ = 0;
  double mean_cpu_ = 0;  // seconds an attempt
  struct Second {
    Instant at;
    int64_t attempts, done;
  };
  std::deque<Second> ended_;  // of the retry window
  int64_t window_attempts_ = 0;
  int64_t window_done_ = 0;
};

}  // namespace selvage::supervisor
