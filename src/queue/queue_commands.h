// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be asked about whole queues, and about moving what is in them. See command.h.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "queue/config.h"
#include "queue/message.h"

namespace selvage::queue {

// ---- queues
using Tags = std::map<std::string, std::string>;
struct CreateQueue {
  std::string name;
  ConfigPatch given;
  Tags tags = {};
};
struct DeleteQueue {
  std::string queue;
};
struct ListQueues {
  std::string prefix;
  std::string after;  // only names beyond this one
  size_t max = 1000;
  std::string dead_letter_queue = {};  // only those whose redrive policy names it
};
struct GetQueue {
  std::string queue;
};
struct SetQueue {
  std::string queue;
  ConfigPatch patch;
  std::optional<std::string> if_policy = {};  // only if the policy is still this one
  struct Gate {
    uint32_t most_in_flight = 0;
    Duration lasts{0};  // none: open
  };
  std::optional<Gate> gate = {};
};
struct PurgeQueue {
  std::string queue;
};
struct EditTags {
  std::string queue;
  Tags put;
  std::vector<std::string> remove;
};

struct QueueInfo {
  std::string name;
  QueueConfig config;
  Instant created{};
  Instant modified{};
  uint64_t visible = 0;
  uint64_t in_flight = 0;
  uint64_t delayed = 0;
  Totals totals;
  Tags tags = {};
  // When the retention of the oldest message began, in flight or not; kNever when there is none.
  Instant oldest = kNever;
};
// CreateQueue met a queue of the name with another value of a given setting.
struct QueueConflict {
  QueueInfo existing;
};

// ---- message move tasks: from a dead-letter queue back, or elsewhere, over time
struct MoveTask {
  enum class Status : uint8_t { kRunning, kCompleted, kCancelled, kFailed };
  MoveTaskId id;
  std::string source;
  std::string destination;      // empty: each message's own source
  uint32_t max_per_second = 0;  // 0: as fast as is kind to others
  Status status = Status::kRunning;
  uint64_t moved = 0;
  uint64_t to_move = 0;  // what was there at the start
  Instant started{};
  std::string failure;  // Amazon's code, when it failed
  bool operator==(const MoveTask&) const = default;
};
struct StartMove {
  std::string source;
  std::string destination;
  uint32_t max_per_second = 0;
};
struct CancelMove {
  MoveTaskId id;
  std::string source;  // of the task; another one is no task
};
struct ListMoves {
  std::string source;
  uint32_t max = 1;
};

// Policy documents by the queue that has them.
using Policies = std::map<std::string, std::string>;

}  // namespace selvage::queue
