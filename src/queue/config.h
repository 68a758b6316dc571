// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a queue is set to. Defaults and ranges are Amazon's where the setting is Amazon's
// (docs of SetQueueAttributes), ours where it is ours.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  uint32_t deaths = 5;  // attempts that their worker did not survive, whatever `attempts` says
  Duration backoff_min =
      std::chrono::milliseconds(200);  // before the second redo; the first is at once
  Duration backoff_max = std::chrono::seconds(30);
  bool operator==(const Retry&) const = default;
};

// Amazon's redrive-allow policy, on a dead-letter queue: whose it may be.
struct RedriveAllow {
  enum class Permission : uint8_t { kAll, kNone, kByQueue };
  Permission permission = Permission::kAll;
  std::vector<std::string> sources;  // by name, for kByQueue
  bool operator==(const RedriveAllow&) const = default;
};

// Until a time, no more than so many of a queue's messages may be in flight: 0 shuts it, 1 lets one
// through to try. It ends by itself, so that nobody who shut a queue and died leaves it shut.
struct Gate {
  uint32_t most_in_flight = 0;
  Instant until{};
  bool operator==(const Gate&) const = default;
};

// What makes a queue a FIFO queue.
struct Fifo {
  bool content_based_deduplication = false;
  bool deduplicates_per_group = false;  // else over the whole queue
  bool throughput_per_group = false;    // Amazon's limit counts per group; else per queue
  bool operator==(const Fifo&) const = default;
};

// Kept and shown as Amazon does; encryption at rest is the disk's business.
struct Encryption {
  bool managed = true;  // SqsManagedSseEnabled; never together with a key
  std::string kms_key;
  Duration kms_reuse = std::chrono::seconds(300);
  bool operator==(const Encryption&) const = default;
};

struct QueueConfig {
  Duration visibility = std::chrono::seconds(30);
  Duration delay{0};
  Duration retention = std::chrono::days(4);
  Duration receive_wait{0};
  uint32_t max_message_bytes = 1 << 20;
  std::optional<Redrive> redrive;
  Retry retry;
  RedriveAllow redrive_allow;
  std::optional<Fifo> fifo;  // absent: a standard queue; fixed when the queue is made
  Encryption encryption;
  std::string policy;  // a JSON document, unread here; empty: none
  Gate gate;

  bool sends_dead_letters_to(const std::string& queue) const {
    return redrive && redrive->dead_letter_queue == queue;
  }
  bool operator==(const QueueConfig&) const = default;
};

// A change: what is absent stays as it is. `redrive` present but empty removes the policy; a KMS
// key switches managed encryption off and the reverse.
struct ConfigPatch {
  std::optional<Duration> visibility;
  std::optional<Duration> delay;
  std::optional<Duration> retention;
  std::optional<Duration> receive_wait;
  std::optional<uint32_t> max_message_bytes;
  std::optional<std::optional<Redrive>> redrive;
  std::optional<Retry> retry;
  std::optional<RedriveAllow> redrive_allow = {};
  bool fifo = false;  // of a queue that is being made
  std::optional<bool> content_based_deduplication = {};
  std::optional<bool> deduplicates_per_group = {};
  std::optional<bool> throughput_per_group = {};
  std::optional<bool> sse_managed = {};
  std::optional<std::string> kms_key = {};
  std::optional<Duration> kms_reuse = {};
  std::optional<std::string> policy = {};

  bool names_fifo_settings() const {
    return fifo || content_based_deduplication || deduplicates_per_group || throughput_per_group;
  }
  QueueConfig applied_to(QueueConfig base) const;
};

}  // namespace selvage::queue
