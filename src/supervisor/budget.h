// SPDX-License-Identifier: Apache-2.0
#pragma once
// Shares what the host has among the stages. Pure. Every stage gets min + spare, whatever it costs;
// then workers are given one by one to the stage that would take longest to drain, as long as they
// fit; a stage that fails (breaker, crash loop) comes after all others. So it cannot starve one.

#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/load.h"

namespace selvage::supervisor {

// What workers may use, all together.
struct Host {
  double cpus = 0;
  int64_t memory_kib = 0;
};

struct Claim {
  int base = 0;    // min + spare
  int target = 0;  // what the scaler would have
  bool fails = false;
  Load load;
  int64_t memory_kib = 0;  // of a worker; 0: unknown, then it counts as the runner alone
};

struct Grant {
  int workers = 0;
  bool short_of_cpus = false;                // that is why it is less than the target
  bool short_of_memory = false;              // or that
  std::optional<double> drain_seconds = {};  // with so many workers; nullopt: it grows
};

// One grant per claim, in their order; never less than base, never more than the larger of base and
// target.
std::vector<Grant> share(const Host& host, const std::vector<Claim>& claims);

// Until nothing waits, with so many workers; nullopt: never.
std::optional<double> drain_seconds(const Load& load, int workers);

}  // namespace selvage::supervisor
