// SPDX-License-Identifier: Apache-2.0
#pragma once
// How often something took how long, or was how much, counted by size.

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace selvage::metrics {

// What a histogram tells apart: its buckets' upper bounds, inclusive and rising, in whole units of
// which each is `unit` of what the metric is in.
struct Scale {
  std::span<const uint64_t> bounds;
  double unit;
};

inline constexpr size_t kMaxBounds = 18;

// From 100 µs, about what the fastest disks sync in, to half a minute, longer than any long poll.
inline constexpr std::array<uint64_t, 17> kMicros = {
    100,     250,     500,     1'000,     2'500,     5'000,     10'000,     25'000,    50'000,
    100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 30'000'000};
inline constexpr Scale kTimes{kMicros, 1e-6};

inline constexpr std::array<uint64_t, 13> kCountBounds = {1,   2,   5,     10,    20,    50,    100,
                                                          200, 500, 1'000, 2'000, 5'000, 10'000};
inline constexpr Scale kCounts{kCountBounds, 1};

// Thread-safe; counting is two relaxed additions. A reader may see one observation in part: then
// its sum comes a scrape later.
class Histogram {
 public:
  explicit Histogram(const Scale& scale) : scale_(scale) {}

  void observe(uint64_t value) {
    size_t at = 0;
    while (at < scale_.bounds.size() && value > scale_.bounds[at]) ++at;
    counts_[at].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }
  void observe(Duration took) {
    observe(static_cast<uint64_t>(took > Duration{0} ? took.count() : 0));
  }

  const Scale& scale() const { return scale_; }
  // How many were in the bucket at `index`; the last one has no bound.
  uint64_t count(size_t index) const { return counts_[index].load(std::memory_order_relaxed); }
  uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const Scale scale_;
  std::array<std::atomic<uint64_t>, kMaxBounds + 1> counts_ = {};
  std::atomic<uint64_t> sum_ = 0;
};
static_assert(kMicros.size() <= kMaxBounds && kCountBounds.size() <= kMaxBounds);

}  // namespace selvage::metrics
