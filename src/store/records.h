// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the engine's mutations stand in a store: keys that sort as the engine reads them, values that
// name their own version. docs/internals/records.md shows one of each to the byte.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "queue/mutation.h"
#include "store/store.h"

namespace selvage::store {

// Keys. Every key starts with the shard, so that a shard is a range; in kState, kBody and kEvidence
// the queue follows, so that a queue is one too.
std::string queue_key(ShardIndex shard, QueueId queue);
std::string message_key(ShardIndex shard, QueueId queue, Instant vest, Seq seq);
std::string payload_key(ShardIndex shard, QueueId queue, Seq seq);
std::string evidence_key(ShardIndex shard, QueueId queue, Seq seq, Instant at);

// In kMeta, behind the queue's own record and behind the shard's (queue 0) stand small ones.
std::string deduplication_key(ShardIndex shard, QueueId queue, std::string_view key);
std::string move_task_key(ShardIndex shard, MoveTaskId task);

// What a key of kMeta is of.
enum class MetaKind : uint8_t { kQueue, kDeduplication, kMoveTask, kUnknown };
MetaKind meta_kind(std::string_view key);

using KeyRange = std::pair<std::string, std::string>;  // first, one past the last
KeyRange shard_range(ShardIndex shard);
KeyRange queue_range(ShardIndex shard, QueueId queue);
KeyRange evidence_range(ShardIndex shard, QueueId queue, Seq seq);

// The end of the range of all keys that start with `prefix`.
std::string prefix_end(std::string prefix);

std::string encode(const queue::QueueRecord& record);
std::string encode(const queue::Message& message);
// Failure (kCorruption): the record is not what this version writes.
Result<queue::QueueRecord> decode_queue(std::string_view value);
Result<queue::Message> decode_message(std::string_view value);
std::string encode(const queue::PutDeduplication& known);
Result<queue::PutDeduplication> decode_deduplication(std::string_view value);
std::string encode(const queue::MoveTask& task);
Result<queue::MoveTask> decode_move_task(std::string_view value);

struct MessagePlace {
  QueueId queue;
  Seq seq;
};
// What a key of kState says; its vesting time stands in the value as well.
MessagePlace decode_message_key(std::string_view key);

}  // namespace selvage::store
