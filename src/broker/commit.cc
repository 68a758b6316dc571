// SPDX-License-Identifier: Apache-2.0
#include "broker/commit.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "queue/message_id.h"
#include "store/records.h"

namespace selvage::broker {

using store::Table;

Result<void> Commit::add(queue::Mutations& mutations) {
  for (queue::Mutation& mutation : mutations)
    SELVAGE_TRY(std::visit([&](auto& m) { return put(m); }, mutation));
  mutations.clear();
  return {};
}

Result<void> Commit::apply() {
  return batch_.empty() ? Result<void>() : close();
}

Result<void> Commit::close() {
  return store_.apply(shard_, epoch_, batch_.take());
}

void Commit::write(Table table, std::string key, std::optional<std::string> value) {
  batch_.write(table, std::move(key), std::move(value));
}

Result<void> Commit::put(const queue::PutQueue& m) {
  write(Table::kMeta, store::queue_key(shard_, m.record.id), store::encode(m.record));
  return {};
}

Result<void> Commit::put(const queue::DropQueue& m) {
  batch_.drop(Table::kMeta, store::queue_range(shard_, m.queue));
  for (const queue::Minute minute : m.minutes)
    batch_.drop(Table::kIds, store::id_range(shard_, m.queue, minute));
  return put(queue::DropMessages{m.queue});
}

Result<void> Commit::put(const queue::DropMessages& m) {
  bodies_.clear();  // nobody empties queues all the time
  const store::KeyRange files = store::artifact_range(shard_, m.queue);
  Result<void> outcome;
  SELVAGE_TRY(batch_.scan(Table::kIndex, files, [&](std::string_view, std::string_view id) {
    const auto artifact = store::decode_id(id);
    if (artifact)
      released_.push_back(*artifact);
    else
      outcome = std::unexpected(artifact.error());
    return outcome.has_value();
  }));
  SELVAGE_TRY(outcome);
  for (const Table table : {Table::kWaiting, Table::kHeld, Table::kBody, Table::kEvidence})
    batch_.drop(table, store::queue_range(shard_, m.queue));
  batch_.drop(Table::kIndex, store::alias_range(shard_, m.queue));
  batch_.drop(Table::kIndex, files);
  return {};
}

Result<void> Commit::put(const queue::PutMessage& m) {
  const Table table = store::table_of(m.place);
  std::string key = store::message_key(shard_, m.queue, m.place, m.seq);
  // One that is received in the turn in which it came never stands anywhere to wait.
  if (std::exchange(newest_, {}) == std::pair(m.queue, m.seq))
    batch_.add(table, std::move(key), store::encode(m.message));
  else
    write(table, std::move(key), store::encode(m.message));
  return {};
}

Result<void> Commit::put(const queue::DropMessage& m) {
  batch_.remove(store::table_of(m.place), store::message_key(shard_, m.queue, m.place, m.seq));
  return {};
}

Result<void> Commit::put(queue::PutPayload& m) {
  newest_ = {m.queue, m.seq};
  write(Table::kBody, store::payload_key(shard_, m.queue, m.seq),
        store::encode_payload(m.place, m.payload));
  bodies_.put(m.queue, m.seq, std::move(m.payload));
  if (!m.artifact) return {};
  SELVAGE_CHECK(artifacts_ != nullptr);
  kept_ = true;
  write(Table::kIndex, store::artifact_key(shard_, m.queue, m.seq), store::encode(m.artifact));
  return artifacts_->keep(m.artifact);
}

Result<void> Commit::put(const queue::PlacePayload& m) {
  const std::string key = store::payload_key(shard_, m.queue, m.seq);
  return place(key, key, m.place);
}

// Whose place is damaged stays so: nothing may be found where it does not stand.
Result<void> Commit::put(queue::ReplacePayload& m) {
  const std::string key = store::payload_key(shard_, m.queue, m.seq);
  auto found = batch_.read(Table::kBody, key);
  if (!found) return std::unexpected(std::move(found).error());
  const std::string value = std::move(*found).value_or("");
  const auto placed = store::decode_payload(value);
  if (!placed) {
    log_error("a message with a damaged body {} keeps it", to_hex(key));
    return {};
  }
  write(Table::kBody, key, store::encode_payload(placed->place, m.payload));
  bodies_.forget(m.queue, m.seq);
  return {};
}

Result<void> Commit::place(const std::string& from, const std::string& to,
                           const queue::Place& place) {
  auto found = batch_.read(Table::kBody, from);
  if (!found) return std::unexpected(std::move(found).error());
  const std::string value = std::move(*found).value_or("");
  const auto placed = store::decode_payload(value);
  if (!placed) {  // damaged: it is never delivered, and everything else goes on
    log_error("a message moves on without its body {}", to_hex(from));
    return {};
  }
  write(Table::kBody, to, store::encode_payload(place, placed->payload));
  return {};
}

void Commit::write_alias(QueueId queue, Seq seq, MessageId id) {
  if (queue::place_of(id) != seq)
    write(Table::kIndex, store::alias_key(shard_, queue, id), store::encode(seq));
}

void Commit::drop_alias(QueueId queue, Seq seq, MessageId id) {
  if (queue::place_of(id) != seq)
    write(Table::kIndex, store::alias_key(shard_, queue, id), std::nullopt);
}

Result<std::map<std::string, std::string>> Commit::evidence_in(const store::KeyRange& range) {
  std::map<std::string, std::string> found;
  SELVAGE_TRY(
      batch_.scan(Table::kEvidence, range, [&](std::string_view key, std::string_view value) {
        found.emplace(key, value);
        return true;
      }));
  return found;
}

Result<void> Commit::put(const queue::DropPayload& m) {
  bodies_.forget(m.queue, m.seq);
  write(Table::kBody, store::payload_key(shard_, m.queue, m.seq), std::nullopt);
  drop_alias(m.queue, m.seq, m.id);
  if (m.artifact) {
    write(Table::kIndex, store::artifact_key(shard_, m.queue, m.seq), std::nullopt);
    released_.push_back(m.artifact);
  }
  if (!m.has_evidence) return {};
  auto evidence = evidence_in(store::evidence_range(shard_, m.queue, m.seq));
  if (!evidence) return std::unexpected(std::move(evidence).error());
  for (const auto& [key, value] : *evidence) write(Table::kEvidence, key, std::nullopt);
  return {};
}

Result<void> Commit::put(const queue::MovePayload& m) {
  bodies_.forget(m.from_queue, m.from);
  const std::string from = store::payload_key(shard_, m.from_queue, m.from);
  const std::string to = store::payload_key(shard_, m.to_queue, m.to);
  SELVAGE_TRY(place(from, to, m.place));
  write(Table::kBody, from, std::nullopt);
  drop_alias(m.from_queue, m.from, m.former_id);
  write_alias(m.to_queue, m.to, m.id);
  if (m.artifact) {
    write(Table::kIndex, store::artifact_key(shard_, m.from_queue, m.from), std::nullopt);
    write(Table::kIndex, store::artifact_key(shard_, m.to_queue, m.to), store::encode(m.artifact));
  }
  if (!m.has_evidence) return {};
  auto evidence = evidence_in(store::evidence_range(shard_, m.from_queue, m.from));
  if (!evidence) return std::unexpected(std::move(evidence).error());
  for (auto& [key, value] : *evidence) {
    write(Table::kEvidence, to + key.substr(from.size()), std::move(value));
    write(Table::kEvidence, key, std::nullopt);
  }
  return {};
}

Result<void> Commit::put(const queue::AddEvidence& m) {
  write(Table::kEvidence, store::evidence_key(shard_, m.queue, m.seq, m.at), m.evidence);
  return {};
}

Result<void> Commit::put(const queue::PutDeduplication& m) {
  write(Table::kIds, store::id_key(shard_, m.at), store::encode(m));
  return {};
}

Result<void> Commit::put(const queue::DropDeduplications& m) {
  batch_.drop(Table::kIds, store::id_range_before(shard_, m.before));
  return {};
}

Result<void> Commit::put(const queue::PutMoveTask& m) {
  write(Table::kMeta, store::move_task_key(shard_, m.task.id), store::encode(m.task));
  return {};
}

Result<void> Commit::put(const queue::DropMoveTask& m) {
  write(Table::kMeta, store::move_task_key(shard_, m.task), std::nullopt);
  return {};
}

}  // namespace selvage::broker
