// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include "base/bytes.h"
#include "base/check.h"

namespace selvage::store {
namespace {

constexpr uint8_t kQueueVersion = 1;
constexpr uint8_t kMessageVersion = 1;
constexpr size_t kShardBytes = 2;
constexpr uint8_t kLeased = 1;
constexpr uint8_t kHasEvidence = 2;

std::string shard_prefix(ShardIndex shard) {
  SELVAGE_CHECK(shard.value <= UINT16_MAX);
  std::string key;
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
  out.u8(config.redrive ? 1 : 0);
  if (config.redrive) out.text(config.redrive->dead_letter_queue).u32(config.redrive->max_receives);
  out.u32(config.retry.attempts);
  out.i64(config.retry.backoff_min.count()).i64(config.retry.backoff_max.count());
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
  config.retry.backoff_min = Duration(in.i64());
  config.retry.backoff_max = Duration(in.i64());
  return config;
}

template <typename Totals, typename Each>
void each_total(Totals& t, Each&& each) {
  for (auto* const total : {&t.sent, &t.received, &t.deleted, &t.handed_over, &t.returned,
                            &t.failed, &t.revoked, &t.dead_lettered, &t.expired})
    each(*total);
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

std::string message_key(ShardIndex shard, QueueId queue, Instant vest, Seq seq) {
  std::string key = queue_prefix(shard, queue);
  Encoder(key).i64(to_micros(vest)).u64(seq.value);
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
  if (!in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "a queue's record has the wrong length");
  return record;
}

std::string encode(const queue::Message& message) {
  std::string value;
  Encoder out(value);
  const int flags = (message.leased ? kLeased : 0) | (message.has_evidence ? kHasEvidence : 0);
  out.u8(kMessageVersion).u8(static_cast<uint8_t>(flags)).raw(bytes_of(message.id));
  out.i64(to_micros(message.sent)).i64(to_micros(message.vest));
  out.i64(to_micros(message.first_received)).i64(to_micros(message.leased_at));
  out.i64(to_micros(message.freed)).u32(message.size).u32(message.taken).u32(message.failed);
  out.u64(message.token.value).u64(message.session.value);
  out.raw(bytes_of(message.artifact)).text(message.source);
  return value;
}

Result<queue::Message> decode_message(std::string_view value) {
  Decoder in(value);
  if (in.u8() != kMessageVersion)
    return failure(ErrorCode::kCorruption, "a message's record is of an unknown version");
  queue::Message message;
  const uint8_t flags = in.u8();
  message.leased = (flags & kLeased) != 0;
  message.has_evidence = (flags & kHasEvidence) != 0;
  message.id = decode_uuid(in);
  message.sent = from_micros(in.i64());
  message.vest = from_micros(in.i64());
  message.first_received = from_micros(in.i64());
  message.leased_at = from_micros(in.i64());
  message.freed = from_micros(in.i64());
  message.size = in.u32();
  message.taken = in.u32();
  message.failed = in.u32();
  message.token = {in.u64()};
  message.session = {in.u64()};
  message.artifact = decode_uuid(in);
  message.source = in.text();
  if (!in.ok() || !in.at_end())
    return failure(ErrorCode::kCorruption, "a message's record has the wrong length");
  return message;
}

MessagePlace decode_message_key(std::string_view key) {
  Decoder in(key);
  in.raw(kShardBytes);
  const QueueId queue{in.u64()};
  in.i64();
  const Seq seq{in.u64()};
  SELVAGE_CHECK(in.ok() && in.at_end());
  return {queue, seq};
}

}  // namespace selvage::store
