// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the engine's mutations to one batch of records.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "artifact/artifacts.h"
#include "broker/body_cache.h"
#include "broker/open_batch.h"
#include "queue/mutation.h"
#include "store/records.h"
#include "store/store.h"

namespace selvage::broker {

// Of bodies for those who receive them soon.
inline constexpr size_t kCachedBytes = size_t{4} << 20;

// Gathers the mutations of many commands for one commit of one shard.
class Commit {
 public:
  // `artifacts` may be null: then no message has one.
  Commit(store::Store& store, const artifact::Artifacts* artifacts, ShardIndex shard,
         uint64_t epoch)
      : store_(store), artifacts_(artifacts), shard_(shard), epoch_(epoch), batch_(store) {}

  // Takes the mutations of one command and leaves none. Failure: the store's; it refuses everything
  // from then on.
  Result<void> add(queue::Mutations& mutations);
  // Writes what was gathered. Visible from now on, durable after the next sync.
  Result<void> apply();
  // The same at the end of a turn; fails even if nothing was gathered when somebody else owns the
  // shard meanwhile, because then what the turn has read is old.
  Result<void> close();
  // Artifacts to release once a sync has covered what was applied; forgets them.
  std::vector<ArtifactId> take_released() { return std::exchange(released_, {}); }
  // True when an artifact was kept since the last call: its directory has to be synced too.
  bool take_kept() { return std::exchange(kept_, false); }
  // The store with what was gathered.
  OpenBatch& batch() { return batch_; }
  // Of messages that came lately and are still there.
  BodyCache& bodies() { return bodies_; }

 private:
  Result<void> put(const queue::PutQueue& m);
  Result<void> put(const queue::DropQueue& m);
  Result<void> put(const queue::DropMessages& m);
  Result<void> put(const queue::PutMessage& m);
  Result<void> put(const queue::DropMessage& m);
  Result<void> put(queue::PutPayload& m);
  Result<void> put(const queue::PlacePayload& m);
  Result<void> put(queue::ReplacePayload& m);
  Result<void> put(const queue::DropPayload& m);
  Result<void> put(const queue::MovePayload& m);
  Result<void> put(const queue::AddEvidence& m);
  Result<void> put(const queue::PutDeduplication& m);
  Result<void> put(const queue::DropDeduplications& m);
  Result<void> put(const queue::PutMoveTask& m);
  Result<void> put(const queue::DropMoveTask& m);
  void write(store::Table table, std::string key, std::optional<std::string> value);
  void write_alias(QueueId queue, Seq seq, MessageId id);
  void drop_alias(QueueId queue, Seq seq, MessageId id);
  // Writes the payload that stands at `from` to `to`, if it is sound.
  Result<void> place(const std::string& from, const std::string& to, const queue::Place& place);
  Result<std::map<std::string, std::string>> evidence_in(const store::KeyRange& range);

  store::Store& store_;
  const artifact::Artifacts* artifacts_;
  ShardIndex shard_;
  uint64_t epoch_;
  OpenBatch batch_;
  BodyCache bodies_{kCachedBytes};
  std::pair<QueueId, Seq> newest_;  // whose payload has come and whose record has not yet
  std::vector<ArtifactId> released_;
  bool kept_ = false;
};

}  // namespace selvage::broker
