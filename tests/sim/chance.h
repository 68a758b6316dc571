// SPDX-License-Identifier: Apache-2.0
#pragma once
// Everything that a seed decides is drawn here.

#include <vector>

#include "base/clock.h"

namespace selvage::sim {

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t n) { return random_.next() % n; }  // n > 0
  uint64_t between(uint64_t least, uint64_t most) { return least + below(most - least + 1); }
  bool percent(uint64_t n) { return below(100) < n; }
  bool one_in(uint64_t n) { return below(n) == 0; }
  Duration between(Duration least, Duration most) {
    return least +
           Duration(static_cast<int64_t>(below(static_cast<uint64_t>((most - least).count()) + 1)));
  }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  Random& random() { return random_; }

 private:
  SeededRandom random_;
};

}  // namespace selvage::sim
