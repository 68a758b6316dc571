// SPDX-License-Identifier: Apache-2.0
#pragma once
// Time as an argument. Whatever decides takes an Instant; only the edges ask a Clock for one.

#include <chrono>
#include <cstdint>

namespace selvage {

// A length of time. Microseconds: fine enough to report a recovery, coarse enough for a year.
using Duration = std::chrono::microseconds;

// The epoch of Instant: Unix time (UTC), so that an Instant means the same after a restart.
struct UnixEpoch {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<UnixEpoch, Duration>;
  static constexpr bool is_steady = false;
};

// A point in time, comparable across processes and restarts of one machine.
using Instant = UnixEpoch::time_point;

// "Never" as a deadline: later than every real instant.
inline constexpr Instant kNever = Instant::max();

constexpr int64_t to_millis(Instant t) {
  return std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
constexpr int64_t to_micros(Instant t) {
  return t.time_since_epoch().count();
}
constexpr Instant from_micros(int64_t us) {
  return Instant(Duration(us));
}

}  // namespace selvage
