// SPDX-License-Identifier: Apache-2.0
#pragma once
// Stops feeding messages to a stage that fails most of them, so that they are not burnt, and finds
// out by itself when it works again. Pure.
//
//          more than half of the last 20 attempts failed          the wait is over
//   closed ─────────────────────────────────────────────▶ open ─────────────────────▶ probing
//     ▲      first wait 1 s, then twice the last, up to 60 s  ▲  nothing is taken        │ one
//     message │                                                       └── the probe failed ──────┤
//     at a time └───────────────────────────── the probe succeeded ───────────────────────────────┘

#include <deque>
#include <optional>

#include "base/time.h"
#include "supervisor/load.h"

namespace selvage::supervisor {

class Breaker {
 public:
  static constexpr size_t kAttempts = 20;
  static constexpr size_t kTolerated = kAttempts / 2;  // failed ones among them
  static constexpr Duration kFirstWait = std::chrono::seconds(1);
  static constexpr Duration kLongestWait = std::chrono::minutes(1);
  // Who stayed closed so many times longer than it last waited starts with the first wait again.
  static constexpr int kPatience = 10;

  enum class State { kClosed, kOpen, kProbing };
  struct View {
    State state = State::kClosed;
    int failed = 0;        // among `attempts`; once it has opened: as it was then
    int attempts = 0;      // the last ones, at most kAttempts
    Duration wait{0};      // kOpen: what is left of it; kProbing: what it was
    int probes = 0;        // that failed since it opened
    bool changed = false;  // with this look
  };

  View decide(Instant now, const Ends& ends);

 private:
  void remember(const Ends& ends);
  void open(Instant now);
  void close(Instant now);
  View view(Instant now, State before) const;

  State state_ = State::kClosed;
  std::deque<bool> last_;  // true: failed
  size_t failed_ = 0;      // of them
  Duration wait_{0};       // the latest; zero: none yet
  Instant until_{};        // kOpen
  Instant closed_{};       // when it closed last
  int probes_ = 0;
};

// The most messages in flight that the breaker lets through; nullopt: as many as like.
std::optional<int> gate_of(Breaker::State state);

}  // namespace selvage::supervisor
