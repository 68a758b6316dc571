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

using KeyRange = std::pair<std::string, std::string>;  // first, one past the last

// Keys. Every key starts with the shard, so that a shard is a range; except in kIndex and kIds, the
// queue follows, so that a queue is one too.
std::string queue_key(ShardIndex shard, QueueId queue);
// In kWaiting or kHeld, as the place says.
Table table_of(const queue::Place& place);
std::string message_key(ShardIndex shard, QueueId queue, const queue::Place& place, Seq seq);
std::string payload_key(ShardIndex shard, QueueId queue, Seq seq);
std::string evidence_key(ShardIndex shard, QueueId queue, Seq seq, Instant at);

// In kIndex: the value is a seq, or an artifact's id.
std::string alias_key(ShardIndex shard, QueueId queue, MessageId id);
std::string artifact_key(ShardIndex shard, QueueId queue, Seq seq);

// In kMeta, ahead of all queues.
std::string move_task_key(ShardIndex shard, MoveTaskId task);

// In kIds: ahead of the queue stands the minute, so that what has expired is one range.
std::string id_key(ShardIndex shard, const queue::IdPlace& at);
KeyRange id_range(ShardIndex shard, QueueId queue, queue::Minute minute);
KeyRange id_range_before(ShardIndex shard, queue::Minute minute);

// What a key of kMeta is of.
enum class MetaKind : uint8_t { kQueue, kMoveTask, kUnknown };
MetaKind meta_kind(std::string_view key);

KeyRange shard_range(ShardIndex shard);
KeyRange queue_range(ShardIndex shard, QueueId queue);
KeyRange evidence_range(ShardIndex shard, QueueId queue, Seq seq);
KeyRange alias_range(ShardIndex shard, QueueId queue);
KeyRange artifact_range(ShardIndex shard, QueueId queue);
KeyRange artifact_range(ShardIndex shard);
// The records of a page and what follows them in their lane.
KeyRange page_range(ShardIndex shard, const queue::Page& page);

// The end of the range of all keys that start with `prefix`.
std::string prefix_end(std::string prefix);

std::string encode(const queue::QueueRecord& record);
std::string encode(const queue::Message& message);
// Failure (kCorruption): the record is not what this version writes.
Result<queue::QueueRecord> decode_queue(std::string_view value);
Result<queue::Message> decode_message(std::string_view value);
std::string encode(const queue::PutDeduplication& known);  // but for where it stands
Result<queue::PutDeduplication> decode_deduplication(queue::IdPlace at, std::string_view value);
std::string encode(const queue::MoveTask& task);
Result<queue::MoveTask> decode_move_task(std::string_view value);

// A payload with the place that it names, see queue::PutPayload.
std::string encode_payload(const queue::Place& place, std::string_view payload);
struct PlacedPayload {
  queue::Place place;
  std::string_view payload;  // within the value
};
Result<PlacedPayload> decode_payload(std::string_view value);

std::string encode(Seq seq);
Result<Seq> decode_seq(std::string_view value);
std::string encode(const Uuid& id);
Result<Uuid> decode_id(std::string_view value);

struct MessagePlace {
  QueueId queue;
  queue::Place place;
  Seq seq;
};
// What a key of kWaiting or kHeld says.
MessagePlace decode_message_key(Table table, std::string_view key);

}  // namespace selvage::store
