// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace selvage::store {
namespace {

constexpr uint8_t kQueueVersion = 4;
constexpr uint8_t kMessageVersion = 4;
constexpr uint8_t kDeduplicationVersion = 2;
constexpr uint8_t kMoveTaskVersion = 1;
constexpr size_t kShardBytes = 2;
constexpr size_t kQueueBytes = 8;
constexpr size_t kPlaceBytes = 2 + 8;  // before a payload
// The second byte of a message's record: what it says by itself, and which parts follow.
constexpr uint8_t kLeased = 1;
constexpr uint8_t kHasEvidence = 2;
constexpr uint8_t kReceived = 4;
constexpr uint8_t kRetainedFrom = 8;  // else from when it was sent
constexpr uint8_t kMoved = 16;
constexpr uint8_t kNamed = 32;  // by its group or its deduplication id
constexpr uint8_t kArtifact = 64;
constexpr size_t kUsualMessage = 96;  // bytes
constexpr size_t kLongestKey = 40;    // of those that are made often
// The byte after the queue in a key of kMeta.
constexpr uint8_t kMoveTaskKind = 2;
// The byte after the shard in a key of kIndex.
constexpr uint8_t kAliasKind = 1;
constexpr uint8_t kArtifactKind = 2;
constexpr size_t kLaneWords = queue::kVisibleLanes / 64;

uint8_t flag(bool value) {
  return value ? 1 : 0;
}
std::string shard_prefix(ShardIndex shard) {
  SELVAGE_CHECK(shard.value <= UINT16_MAX);
  std::string key;
  key.reserve(kLongestKey);
  Encoder(key).u16(static_cast<uint16_t>(shard.value));
  return key;
}

std::string queue_prefix(ShardIndex shard, QueueId queue) {
  std::string key = shard_prefix(shard);
  Encoder(key).u64(queue.value);
  return key;
}

KeyRange range_of(std::string prefix) {
  std::string end = prefix_end(prefix);
  return {std::move(prefix), std::move(end)};
}

void encode_config(const queue::QueueConfig& config, Encoder& out) {
  out.i64(config.visibility.count()).i64(config.delay.count()).i64(config.retention.count());
  out.i64(config.receive_wait.count()).u32(config.max_message_bytes);
  out.u8(flag(config.redrive.has_value()));
  if (config.redrive) out.text(config.redrive->dead_letter_queue).u32(config.redrive->max_receives);
  out.u32(config.retry.attempts).u32(config.retry.deaths);
  out.i64(config.retry.backoff_min.count()).i64(config.retry.backoff_max.count());
  out.u8(static_cast<uint8_t>(config.redrive_allow.permission));
  out.u32(static_cast<uint32_t>(config.redrive_allow.sources.size()));
  for (const std::string& source : config.redrive_allow.sources) out.text(source);
  out.u8(flag(config.fifo.has_value()));
  if (config.fifo)
    out.u8(flag(config.fifo->content_based_deduplication))
        .u8(flag(config.fifo->deduplicates_per_group))
        .u8(flag(config.fifo->throughput_per_group));
  out.u8(flag(config.encryption.managed)).text(config.encryption.kms_key);
  out.i64(config.encryption.kms_reuse.count()).text(config.policy);
  out.u32(config.gate.most_in_flight).i64(to_micros(config.gate.until));
}

void decode_later_settings(Decoder& in, queue::QueueConfig& config) {
  config.redrive_allow.permission = static_cast<queue::RedriveAllow::Permission>(in.u8());
  for (uint32_t left = in.u32(); left > 0 && in.ok(); --left)
    config.redrive_allow.sources.emplace_back(in.text());
  if (in.u8() != 0) {
    config.fifo.emplace();
    config.fifo->content_based_deduplication = in.u8() != 0;
    config.fifo->deduplicates_per_group = in.u8() != 0;
    config.fifo->throughput_per_group = in.u8() != 0;
  }
  config.encryption.managed = in.u8() != 0;
  config.encryption.kms_key = in.text();
  config.encryption.kms_reuse = Duration(in.i64());
  config.policy = in.text();
  config.gate.most_in_flight = in.u32();
  config.gate.until = from_micros(in.i64());
}

queue::QueueConfig decode_config(Decoder& in) {
  queue::QueueConfig config;
  config.visibility = Duration(in.i64());
  config.delay = Duration(in.i64());
  config.retention = Duration(in.i64());
  config.receive_wait = Duration(in.i64());
  config.max_message_bytes = in.u32();
  if (in.u8() != 0) {
    config.redrive.emplace();
    config.redrive->dead_letter_queue = in.text();
    config.redrive->max_receives = in.u32();
  }
  config.retry.attempts = in.u32();
  config.retry.deaths = in.u32();
  config.retry.backoff_min = Duration(in.i64());
  config.retry.backoff_max = Duration(in.i64());
  decode_later_settings(in, config);
  return config;
}

template <typename Totals, typename Each>
void each_total(Totals& t, Each&& each) {
  for (auto* const total :
       {&t.sent, &t.received, &t.deleted, &t.handed_over, &t.returned, &t.failed, &t.revoked,
        &t.dead_lettered, &t.expired, &t.moved, &t.empty_receives})
    each(*total);
}

// A queue without groups has its one lane, and one byte says so.
void encode_lanes(const queue::LaneSet& lanes, Encoder& out) {
  const bool has_groups = (lanes >> 1).any();
  out.u8(flag(lanes.test(0))).u8(flag(has_groups));
  if (!has_groups) return;
  const queue::LaneSet word(UINT64_MAX);
  for (size_t i = 0; i < kLaneWords; ++i) out.u64(((lanes >> (64 * i)) & word).to_ullong());
}

queue::LaneSet decode_lanes(Decoder& in) {
  queue::LaneSet lanes;
  lanes.set(0, in.u8() != 0);
  if (in.u8() == 0) return lanes;
  for (size_t i = 0; i < kLaneWords; ++i) lanes |= queue::LaneSet(in.u64()) << (64 * i);
  return lanes;
}

void encode_extent(const queue::Extent& extent, Encoder& out) {
  out.u64(extent.visible).u64(extent.delayed);
  out.i64(to_micros(extent.floor)).i64(to_micros(extent.last_time));
  encode_lanes(extent.lanes, out);
}

queue::Extent decode_extent(Decoder& in) {
  queue::Extent extent;
  extent.visible = in.u64();
  extent.delayed = in.u64();
  extent.floor = from_micros(in.i64());
  extent.last_time = from_micros(in.i64());
  extent.lanes = decode_lanes(in);
  return extent;
}

std::string index_prefix(ShardIndex shard, uint8_t kind) {
  std::string key = shard_prefix(shard);
  Encoder(key).u8(kind);
  return key;
}

std::string index_prefix(ShardIndex shard, uint8_t kind, QueueId queue) {
  std::string key = index_prefix(shard, kind);
  Encoder(key).u64(queue.value);
  return key;
}

std::string lane_prefix(ShardIndex shard, QueueId queue, queue::Lane lane) {
  std::string key = queue_prefix(shard, queue);
  Encoder(key).u16(lane);
  return key;
}

uint8_t parts_of(const queue::Message& m) {
  const bool received = m.first_received != Instant{} || m.leased_at != Instant{} ||
                        m.freed != Instant{} || m.taken != 0 || m.failed != 0 || m.deaths != 0 ||
                        m.token || m.session;
  const auto part = [](bool there, uint8_t bit) { return there ? bit : uint8_t{0}; };
  return part(m.leased, kLeased) | part(m.has_evidence, kHasEvidence) | part(received, kReceived) |
         part(m.retained_from != m.sent, kRetainedFrom) |
         part(!m.source.empty() || m.taken_before != 0, kMoved) |
         part(!m.group.empty() || !m.deduplication_id.empty(), kNamed) |
         part(static_cast<bool>(m.artifact), kArtifact);
}

std::string minute_prefix(ShardIndex shard, queue::Minute minute) {
  std::string key = shard_prefix(shard);
  Encoder(key).u32(minute);
  return key;
}

std::string id_prefix(ShardIndex shard, queue::Minute minute, QueueId queue) {
  std::string key = minute_prefix(shard, minute);
  Encoder(key).u64(queue.value);
  return key;
}

Uuid decode_uuid(Decoder& in) {
  Uuid id;
  const std::string_view bytes = in.raw(id.bytes.size());
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

std::string_view bytes_of(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

}  // namespace

std::string queue_key(ShardIndex shard, QueueId queue) {
  return queue_prefix(shard, queue);
}

Table table_of(const queue::Place& place) {
  return place.is_held() ? Table::kHeld : Table::kWaiting;
}

std::string message_key(ShardIndex shard, QueueId queue, const queue::Place& place, Seq seq) {
  if (place.is_held()) return payload_key(shard, queue, seq);
  std::string key = lane_prefix(shard, queue, place.lane);
  Encoder(key).i64(to_micros(place.time)).u64(seq.value);
  return key;
}

std::string alias_key(ShardIndex shard, QueueId queue, MessageId id) {
  std::string key = index_prefix(shard, kAliasKind, queue);
  Encoder(key).raw(bytes_of(id));
  return key;
}

std::string artifact_key(ShardIndex shard, QueueId queue, Seq seq) {
  std::string key = index_prefix(shard, kArtifactKind, queue);
  Encoder(key).u64(seq.value);
  return key;
}

std::string payload_key(ShardIndex shard, QueueId queue, Seq seq) {
  std::string key = queue_prefix(shard, queue);
  Encoder(key).u64(seq.value);
  return key;
}

std::string evidence_key(ShardIndex shard, QueueId queue, Seq seq, Instant at) {
  std::string key = payload_key(shard, queue, seq);
  Encoder(key).i64(to_micros(at));
  return key;
}

KeyRange shard_range(ShardIndex shard) {
  return range_of(shard_prefix(shard));
}
KeyRange queue_range(ShardIndex shard, QueueId queue) {
  return range_of(queue_prefix(shard, queue));
}
KeyRange evidence_range(ShardIndex shard, QueueId queue, Seq seq) {
  return range_of(payload_key(shard, queue, seq));
}
KeyRange alias_range(ShardIndex shard, QueueId queue) {
  return range_of(index_prefix(shard, kAliasKind, queue));
}
KeyRange artifact_range(ShardIndex shard, QueueId queue) {
  return range_of(index_prefix(shard, kArtifactKind, queue));
}
KeyRange artifact_range(ShardIndex shard) {
  return range_of(index_prefix(shard, kArtifactKind));
}
KeyRange page_range(ShardIndex shard, const queue::Page& page) {
  return {message_key(shard, page.queue, {page.lane, page.from.time}, page.from.seq),
          prefix_end(lane_prefix(shard, page.queue, page.lane))};
}

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  SELVAGE_CHECK(!prefix.empty());
  ++prefix.back();
  return prefix;
}

std::string encode(const queue::QueueRecord& record) {
  std::string value;
  Encoder out(value);
  out.u8(kQueueVersion).u64(record.id.value).text(record.name);
  encode_config(record.config, out);
  out.i64(to_micros(record.created)).i64(to_micros(record.modified)).u64(record.last_seq.value);
  each_total(record.totals, [&](uint64_t total) { out.u64(total); });
  out.u32(static_cast<uint32_t>(record.tags.size()));
  for (const auto& [key, tag] : record.tags) out.text(key).text(tag);
  encode_extent(record.extent, out);
  return value;
}

Result<queue::QueueRecord> decode_queue(std::string_view value) {
  Decoder in(value);
  if (in.u8() != kQueueVersion)
    return failure(ErrorCode::kCorruption, "a queue's record is of an unknown version");
  queue::QueueRecord record;
  record.id = {in.u64()};
  record.name = in.text();
  record.config = decode_config(in);
  record.created = from_micros(in.i64());
  record.modified = from_micros(in.i64());
  record.last_seq = {in.u64()};
  each_total(record.totals, [&](uint64_t& total) { total = in.u64(); });
  for (uint32_t left = in.u32(); left > 0 && in.ok(); --left) {
    const std::string key(in.text());
    record.tags[key] = in.text();
  }
  record.extent = decode_extent(in);
  if (!in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "a queue's record has the wrong length");
  if (record.config.redrive_allow.permission > queue::RedriveAllow::Permission::kByQueue)
    return failure(ErrorCode::kCorruption, "a queue's record has an unknown redrive permission");
  return record;
}

std::string encode(const queue::Message& message) {
  std::string value;
  value.reserve(kUsualMessage + message.source.size() + message.group.size() +
                message.deduplication_id.size());
  const uint8_t parts = parts_of(message);
  Encoder out(value);
  out.u8(kMessageVersion).u8(parts).raw(bytes_of(message.id));
  out.i64(to_micros(message.sent)).i64(to_micros(message.vest)).u32(message.size);
  if (parts & kReceived) {
    out.i64(to_micros(message.first_received)).i64(to_micros(message.leased_at));
    out.i64(to_micros(message.freed)).u32(message.taken).u32(message.failed).u32(message.deaths);
    out.u64(message.token.value).u64(message.session.value);
  }
  if (parts & kRetainedFrom) out.i64(to_micros(message.retained_from));
  if (parts & kMoved) out.text(message.source).u32(message.taken_before);
  if (parts & kNamed) out.text(message.group).text(message.deduplication_id);
  if (parts & kArtifact) out.raw(bytes_of(message.artifact));
  return value;
}

Result<queue::Message> decode_message(std::string_view value) {
  Decoder in(value);
  if (in.u8() != kMessageVersion)
    return failure(ErrorCode::kCorruption, "a message's record is of an unknown version");
  queue::Message message;
  const uint8_t parts = in.u8();
  message.leased = (parts & kLeased) != 0;
  message.has_evidence = (parts & kHasEvidence) != 0;
  message.id = decode_uuid(in);
  message.sent = from_micros(in.i64());
  message.vest = from_micros(in.i64());
  message.size = in.u32();
  if (parts & kReceived) {
    message.first_received = from_micros(in.i64());
    message.leased_at = from_micros(in.i64());
    message.freed = from_micros(in.i64());
    message.taken = in.u32();
    message.failed = in.u32();
    message.deaths = in.u32();
    message.token = {in.u64()};
    message.session = {in.u64()};
  }
  message.retained_from = parts & kRetainedFrom ? from_micros(in.i64()) : message.sent;
  if (parts & kMoved) message.source = in.text();
  if (parts & kMoved) message.taken_before = in.u32();
  if (parts & kNamed) message.group = in.text();
  if (parts & kNamed) message.deduplication_id = in.text();
  if (parts & kArtifact) message.artifact = decode_uuid(in);
  if (!in.ok() || !in.at_end() || parts != parts_of(message))
    return failure(ErrorCode::kCorruption, "a message's record has not the parts that it names");
  return message;
}

std::string id_key(ShardIndex shard, const queue::IdPlace& at) {
  std::string key = id_prefix(shard, at.minute, at.queue);
  Encoder(key).raw(at.key);
  return key;
}
KeyRange id_range(ShardIndex shard, QueueId queue, queue::Minute minute) {
  return range_of(id_prefix(shard, minute, queue));
}
KeyRange id_range_before(ShardIndex shard, queue::Minute minute) {
  return {shard_prefix(shard), minute_prefix(shard, minute)};
}

std::string move_task_key(ShardIndex shard, MoveTaskId task) {
  std::string key = queue_prefix(shard, QueueId{});
  Encoder(key).u8(kMoveTaskKind).u64(task.value);
  return key;
}

MetaKind meta_kind(std::string_view key) {
  const std::string_view rest = key.substr(std::min(key.size(), kShardBytes + kQueueBytes));
  if (rest.empty()) return MetaKind::kQueue;
  if (rest.front() == kMoveTaskKind) return MetaKind::kMoveTask;
  return MetaKind::kUnknown;
}

std::string encode(const queue::PutDeduplication& known) {
  std::string value;
  Encoder out(value);
  out.u8(kDeduplicationVersion).raw(bytes_of(known.id)).i64(to_micros(known.until));
  return value;
}

Result<queue::PutDeduplication> decode_deduplication(queue::IdPlace at, std::string_view value) {
  Decoder in(value);
  const uint8_t version = in.u8();
  queue::PutDeduplication known{.at = std::move(at), .id = {}};
  known.id = decode_uuid(in);
  known.until = from_micros(in.i64());
  if (version != kDeduplicationVersion || !in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "the record of a deduplication id is damaged");
  return known;
}

std::string encode(const queue::MoveTask& task) {
  std::string value;
  Encoder out(value);
  out.u8(kMoveTaskVersion).u64(task.id.value).text(task.source).text(task.destination);
  out.u32(task.max_per_second).u8(static_cast<uint8_t>(task.status));
  out.u64(task.moved).u64(task.to_move).i64(to_micros(task.started)).text(task.failure);
  return value;
}

Result<queue::MoveTask> decode_move_task(std::string_view value) {
  Decoder in(value);
  const uint8_t version = in.u8();
  queue::MoveTask task;
  task.id = {in.u64()};
  task.source = in.text();
  task.destination = in.text();
  task.max_per_second = in.u32();
  const uint8_t status = in.u8();
  task.status = static_cast<queue::MoveTask::Status>(status);
  task.moved = in.u64();
  task.to_move = in.u64();
  task.started = from_micros(in.i64());
  task.failure = in.text();
  constexpr auto kLast = static_cast<uint8_t>(queue::MoveTask::Status::kFailed);
  if (version != kMoveTaskVersion || status > kLast || !in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "the record of a message move task is damaged");
  return task;
}

std::string encode_payload(const queue::Place& place, std::string_view payload) {
  std::string value;
  value.reserve(sizeof place.lane + sizeof(int64_t) + payload.size());
  Encoder(value).u16(place.lane).i64(to_micros(place.time)).raw(payload);
  return value;
}

Result<PlacedPayload> decode_payload(std::string_view value) {
  Decoder in(value);
  PlacedPayload placed;
  placed.place.lane = in.u16();
  placed.place.time = from_micros(in.i64());
  placed.payload = in.raw(value.size() - std::min(value.size(), kPlaceBytes));
  if (!in.ok() || placed.place.lane >= queue::kVisibleLanes)
    return failure(ErrorCode::kCorruption, "a payload does not say where its message stands");
  return placed;
}

std::string encode(Seq seq) {
  std::string value;
  Encoder(value).u64(seq.value);
  return value;
}

Result<Seq> decode_seq(std::string_view value) {
  Decoder in(value);
  const Seq seq{in.u64()};
  if (!in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "the record of a moved message is damaged");
  return seq;
}

std::string encode(const Uuid& id) {
  return std::string(bytes_of(id));
}

Result<Uuid> decode_id(std::string_view value) {
  Decoder in(value);
  const Uuid id = decode_uuid(in);
  if (!in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "the record of an artifact's message is damaged");
  return id;
}

MessagePlace decode_message_key(Table table, std::string_view key) {
  Decoder in(key);
  in.raw(kShardBytes);
  MessagePlace at{.queue = {in.u64()}, .place = queue::kHeldPlace, .seq = {}};
  if (table == Table::kWaiting) {
    at.place.lane = in.u16();
    at.place.time = from_micros(in.i64());
  }
  at.seq = {in.u64()};
  SELVAGE_CHECK(in.ok() && in.at_end());
  return at;
}

}  // namespace selvage::store
