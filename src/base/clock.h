// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two ports through which time and chance enter: the simulator and the tests replace both.

#include <cstdint>

#include "base/time.h"

namespace selvage {

// Tells the time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
};

// Chance. Not thread-safe: one per thread that decides.
class Random {
 public:
  virtual ~Random() = default;
  // Returns 64 unpredictable bits.
  virtual uint64_t next() = 0;
};

// The machine's wall clock, kept from running backwards within this process: a step back of the
// system clock stands still here until real time has caught up.
class SystemClock final : public Clock {
 public:
  Instant now() override;
};

// Cryptographically strong bits of the kernel, drawn in blocks (receipts must not be guessable).
class SystemRandom final : public Random {
 public:
  uint64_t next() override;

 private:
  static constexpr int kBlock = 64;
  uint64_t block_[kBlock] = {};
  int left_ = 0;
};

// A clock that a test turns by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start = from_micros(1'700'000'000'000'000)) : now_(start) {}
  Instant now() override { return now_; }
  void advance(Duration d) { now_ += d; }

 private:
  Instant now_;
};

// A seeded generator (splitmix64): the same seed gives the same run.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override;

 private:
  uint64_t state_;
};

}  // namespace selvage
