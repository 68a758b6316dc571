// SPDX-License-Identifier: Apache-2.0
#include "supervisor/budget.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <tuple>

namespace selvage::supervisor {
namespace {

constexpr int64_t kRunnerKib = 6144;

double arrivals(const Load& load) {
  return std::max(load.arrivals_fast, load.arrivals_slow);
}
double seconds_per_message(const Load& load) {
  return load.attempt_seconds * load.attempts_per_success;
}

// Who comes first: the greatest. Those that fail come last; who never drains, by how far it is from
// that; of equals the first of the file.
using Rank = std::tuple<bool, double, double, int64_t, size_t>;

Rank rank_of(const std::vector<Claim>& claims, size_t index, int workers) {
  const Load& load = claims[index].load;
  const double never = std::numeric_limits<double>::infinity();
  const double offered = arrivals(load) * seconds_per_message(load);
  const double crowding = workers > 0 ? offered / workers : never;
  return {!claims[index].fails, drain_seconds(load, workers).value_or(never), crowding,
          -static_cast<int64_t>(index), index};
}

class Sharing {
 public:
  Sharing(const Host& host, const std::vector<Claim>& claims) : host_(host), claims_(claims) {
    for (const Claim& claim : claims) {
      grants_.push_back({.workers = claim.base});
      cpus_ += claim.base * claim.load.cpus;
      memory_ += claim.base * memory_of(claim);
    }
  }
  std::vector<Grant> run() {
    std::priority_queue<Rank> waiting;
    const auto queue_up = [&](size_t index) {
      if (grants_[index].workers < claims_[index].target)
        waiting.push(rank_of(claims_, index, grants_[index].workers));
    };
    for (size_t index = 0; index < claims_.size(); ++index) queue_up(index);
    while (!waiting.empty()) {
      const size_t index = std::get<size_t>(waiting.top());
      waiting.pop();
      if (give(index)) queue_up(index);
    }
    for (size_t index = 0; index < claims_.size(); ++index)
      grants_[index].drain_seconds = drain_seconds(claims_[index].load, grants_[index].workers);
    return std::move(grants_);
  }

 private:
  static int64_t memory_of(const Claim& claim) { return claim.memory_kib + kRunnerKib; }

  bool give(size_t index) {
    const Claim& claim = claims_[index];
    Grant& grant = grants_[index];
    grant.short_of_cpus = claim.load.cpus > 0 && cpus_ + claim.load.cpus > host_.cpus;
    grant.short_of_memory = memory_ + memory_of(claim) > host_.memory_kib;
    if (grant.short_of_cpus || grant.short_of_memory) return false;
    ++grant.workers;
    cpus_ += claim.load.cpus;
    memory_ += memory_of(claim);
    return true;
  }

  const Host& host_;
  const std::vector<Claim>& claims_;
  std::vector<Grant> grants_;
  double cpus_ = 0;
  int64_t memory_ = 0;
};

}  // namespace

std::optional<double> drain_seconds(const Load& load, int workers) {
  if (load.visible == 0 && arrivals(load) == 0) return 0;
  const double rate = workers / seconds_per_message(load) - arrivals(load);
  if (rate <= 0) return std::nullopt;
  return static_cast<double>(load.visible) / rate;
}

std::vector<Grant> share(const Host& host, const std::vector<Claim>& claims) {
  return Sharing(host, claims).run();
}

}  // namespace selvage::supervisor
