// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amazon's limits that the engine keeps, and which of them only on request.

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace selvage::queue {

// SQS bounds what one standard queue has in flight (SQS quotas page).
inline constexpr uint64_t kMaxInFlight = 120'000;
// What SQS waits for after a queue's deletion or purge (CreateQueue, PurgeQueue).
inline constexpr Duration kQueuePause = std::chrono::seconds(60);
// Calls per second and action on a FIFO queue without throughput per group (SQS quotas page).
inline constexpr uint32_t kFifoCallsPerSecond = 300;
// SQS advises 50 tags and refuses more.
inline constexpr size_t kMaxTags = 50;
// The longest a lease can be stretched, counted from its receive (ChangeMessageVisibility).
inline constexpr Duration kMaxLease = std::chrono::hours(12);

// Page reads of one command, and of one turn.
inline constexpr size_t kMaxPagesAtOnce = 64;

// What of all that waits is in memory, in messages of about 500 bytes each. Tests make it tiny.
struct MemoryLimits {
  // Of all queues. Above half of it pages are small, and no queue is looked through for a free
  // group any more; above all of it only the very next ones of each lane are kept, and queues that
  // are not worked on give up theirs.
  size_t most = 32'768;
  // A lane keeps the first many without asking the store, and grows up to the largest by reading.
  uint32_t first_page = 256;
  uint32_t largest_page = 2048;
  // When memory is short, and when a lane is looked at for the first time.
  uint32_t smallest_page = 16;
  // Of one queue, received before, back, and waiting for the next receive.
  size_t idle_held = 16'384;
  // What tells new deduplication ids without the store, in bytes: enough for 15 million in five
  // minutes. Above it the oldest of them are looked for in the store.
  size_t filters = 48 << 20;
};

struct EngineOptions {
  // Amazon's waits and throttles too, which exist only because of how its service is built.
  bool aws_timers = false;
  MemoryLimits memory = {};
};

}  // namespace selvage::queue
