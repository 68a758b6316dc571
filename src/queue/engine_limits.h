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

struct EngineOptions {
  // Amazon's waits and throttles too, which exist only because of how its service is built.
  bool aws_timers = false;
};

}  // namespace selvage::queue
