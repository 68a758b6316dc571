// SPDX-License-Identifier: Apache-2.0
#pragma once
// What everything in a simulated world shares: time, chance, the disk, the weather, and where it is
// said what happened.

#include "queue/engine_limits.h"
#include "tests/sim/chance.h"
#include "tests/sim/disk.h"
#include "tests/sim/marks.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/trace.h"

namespace selvage::sim {

// How bad things are at present, in percent of the requests.
struct Weather {
  uint64_t request_lost = 0;
  uint64_t request_twice = 0;
  uint64_t request_late = 0;
  uint64_t reply_lost = 0;
  Duration slowest_sync = std::chrono::milliseconds(3);
  Duration slowest_turn = std::chrono::microseconds(400);  // then many calls share the next one
};

struct Site {
  Site(uint64_t seed, bool printed)
      : chance(seed),
        broker_chance(~seed),
        trace(printed),
        disk(chance, marks),
        memory(seed % 4 == 0 ? queue::MemoryLimits{} : kHardlyAny) {}
  Instant now() { return scheduler.now(); }
  template <typename... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    trace.line(now(), format, std::forward<Args>(args)...);
  }

  Scheduler scheduler;
  Chance chance;
  Chance broker_chance;  // the broker's own: ids, tokens, jitter
  Trace trace;
  Verdict verdict;
  Marks marks;
  SimStore disk;
  Weather weather;
  const queue::MemoryLimits memory;  // in most worlds so little that pages are read all the time

 private:
  static constexpr queue::MemoryLimits kHardlyAny{.most = 12,
                                                  .first_page = 2,
                                                  .largest_page = 4,
                                                  .smallest_page = 1,
                                                  .idle_held = 4,
                                                  .filters = 24 << 10};  // of three minutes
};

}  // namespace selvage::sim
