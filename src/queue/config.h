// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a queue is set to. Defaults and ranges are Amazon's where the setting is Amazon's
// (docs of SetQueueAttributes), ours where it is ours.

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace selvage::queue {

// Amazon's redrive policy: a message taken more than `max_receives` times goes to another queue.
struct Redrive {
  std::string dead_letter_queue;  // by name; need not exist yet: until it does, nothing is moved
  uint32_t max_receives = 10;
  bool operator==(const Redrive&) const = default;
};

// Our retry policy: counts failed attempts, not deliveries. The dead-letter queue is the redrive's.
struct Retry {
  uint32_t attempts = 5;
  Duration backoff_min =
      std::chrono::milliseconds(200);  // before the second redo; the first is at once
  Duration backoff_max = std::chrono::seconds(30);
  bool operator==(const Retry&) const = default;
};

struct QueueConfig {
  Duration visibility = std::chrono::seconds(30);
  Duration delay{0};
  Duration retention = std::chrono::days(4);
  Duration receive_wait{0};
  uint32_t max_message_bytes = 1 << 20;
  std::optional<Redrive> redrive;
  Retry retry;
  bool operator==(const QueueConfig&) const = default;
};

// A change: what is absent stays as it is. `redrive` present but empty removes the policy.
struct ConfigPatch {
  std::optional<Duration> visibility;
  std::optional<Duration> delay;
  std::optional<Duration> retention;
  std::optional<Duration> receive_wait;
  std::optional<uint32_t> max_message_bytes;
  std::optional<std::optional<Redrive>> redrive;
  std::optional<Retry> retry;

  QueueConfig applied_to(QueueConfig base) const;
};

}  // namespace selvage::queue
