// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <sys/random.h>

#include <atomic>

#include "base/check.h"

namespace selvage {

Instant SystemClock::now() {
  static std::atomic<int64_t> latest{0};
  const int64_t wall =
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  int64_t seen = latest.load(std::memory_order_relaxed);
  while (wall > seen && !latest.compare_exchange_weak(seen, wall, std::memory_order_relaxed)) {
  }
  return from_micros(wall > seen ? wall : seen);
}

uint64_t SystemRandom::next() {
  if (left_ == 0) {
    // Up to 256 bytes are delivered whole and without interruption (getrandom(2)).
    for (int filled = 0; filled < kBlock; filled += kBlock / 2) {
      constexpr size_t kHalf = sizeof(block_) / 2;
      static_assert(kHalf <= 256);
      SELVAGE_CHECK(getrandom(block_ + filled, kHalf, 0) == static_cast<ssize_t>(kHalf));
    }
    left_ = kBlock;
  }
  return block_[--left_];
}

uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace selvage
