// SPDX-License-Identifier: Apache-2.0
#include "broker/commit.h"

#include <algorithm>

#include "base/check.h"
#include "store/records.h"

namespace selvage::broker {

using store::Table;

namespace {

// Whether the mutation reads what earlier commands wrote.
bool reads_store(const queue::Mutation& mutation) {
  if (std::holds_alternative<queue::MovePayload>(mutation)) return true;
  const auto* const drop = std::get_if<queue::DropPayload>(&mutation);
  return drop != nullptr && drop->has_evidence;
}

}  // namespace

Result<void> Commit::add(const queue::Mutations& mutations) {
  // A dropped queue's range is deleted before the writes of its batch, so earlier writes go first.
  const auto goes_alone = [](const queue::Mutation& m) {
    return reads_store(m) || std::holds_alternative<queue::DropQueue>(m);
  };
  if (std::ranges::any_of(mutations, goes_alone)) SELVAGE_TRY(apply());
  for (const queue::Mutation& mutation : mutations)
    SELVAGE_TRY(std::visit([&](const auto& m) { return put(m); }, mutation));
  return {};
}

Result<void> Commit::apply() {
  if (batch_.empty()) return {};
  return store_.apply(shard_, epoch_, std::exchange(batch_, {}));
}

void Commit::write(Table table, std::string key, std::optional<std::string> value) {
  batch_.writes.push_back({table, std::move(key), std::move(value)});
}

Result<void> Commit::put(const queue::PutQueue& m) {
  write(Table::kMeta, store::queue_key(shard_, m.record.id), store::encode(m.record));
  return {};
}

Result<void> Commit::put(const queue::DropQueue& m) {
  write(Table::kMeta, store::queue_key(shard_, m.queue), std::nullopt);
  const auto [first, last] = store::queue_range(shard_, m.queue);
  for (const Table table : {Table::kState, Table::kBody, Table::kEvidence})
    batch_.ranges.push_back({table, first, last});
  return {};
}

Result<void> Commit::put(const queue::PutMessage& m) {
  write(Table::kState, store::message_key(shard_, m.queue, m.message.vest, m.seq),
        store::encode(m.message));
  return {};
}

Result<void> Commit::put(const queue::DropMessage& m) {
  write(Table::kState, store::message_key(shard_, m.queue, m.vest, m.seq), std::nullopt);
  return {};
}

Result<void> Commit::put(const queue::PutPayload& m) {
  write(Table::kBody, store::payload_key(shard_, m.queue, m.seq), m.payload);
  return {};
}

Result<void> Commit::put(const queue::DropPayload& m) {
  write(Table::kBody, store::payload_key(shard_, m.queue, m.seq), std::nullopt);
  if (!m.has_evidence) return {};
  const auto [first, last] = store::evidence_range(shard_, m.queue, m.seq);
  return store_.scan(Table::kEvidence, first, last, [&](std::string_view key, std::string_view) {
    write(Table::kEvidence, std::string(key), std::nullopt);
    return true;
  });
}

Result<void> Commit::put(const queue::MovePayload& m) {
  const std::string from = store::payload_key(shard_, m.from_queue, m.from);
  const std::string to = store::payload_key(shard_, m.to_queue, m.to);
  auto found = store_.read(Table::kBody, {from});
  if (!found) return std::unexpected(std::move(found).error());
  if (!found->front())
    return failure(ErrorCode::kCorruption, "a message's payload is missing from the store");
  write(Table::kBody, to, std::move(found->front()));
  write(Table::kBody, from, std::nullopt);
  if (!m.has_evidence) return {};
  const auto [first, last] = store::evidence_range(shard_, m.from_queue, m.from);
  return store_.scan(Table::kEvidence, first, last,
                     [&](std::string_view key, std::string_view value) {
                       const std::string_view at = key.substr(from.size());
                       write(Table::kEvidence, to + std::string(at), std::string(value));
                       write(Table::kEvidence, std::string(key), std::nullopt);
                       return true;
                     });
}

Result<void> Commit::put(const queue::AddEvidence& m) {
  write(Table::kEvidence, store::evidence_key(shard_, m.queue, m.seq, m.at), m.evidence);
  return {};
}

Result<void> Commit::put(const queue::KeepArtifact& m) {
  SELVAGE_CHECK(artifacts_ != nullptr);
  kept_ = true;
  return artifacts_->keep(m.artifact);
}

Result<void> Commit::put(const queue::ReleaseArtifact& m) {
  released_.push_back(m.artifact);
  return {};
}

}  // namespace selvage::broker
