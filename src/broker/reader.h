// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the engine wants to see of the store: pages of lanes, and single messages by what is known
// of them. Everything that was decided before must have been applied.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "queue/reads.h"
#include "store/store.h"

namespace selvage::broker {

// Not thread-safe.
class Reader {
 public:
  Reader(store::Store& store, ShardIndex shard) : store_(store), shard_(shard) {}

  // Failure, of each: the store's, or kCorruption.
  Result<std::vector<queue::Located>> page(const queue::Page& page) const;
  // What was not found is left out.
  Result<std::vector<queue::Located>> find(const queue::Reads& reads) const;
  // Every artifact that some message refers to.
  Result<std::set<ArtifactId>> artifacts() const;

 private:
  Result<void> find(const queue::Lookup& lookup, std::vector<queue::Located>& found) const;
  Result<void> find_at(QueueId queue, Seq seq, std::vector<queue::Located>& found) const;
  Result<std::optional<std::string>> read(store::Table table, std::string key) const;

  store::Store& store_;
  ShardIndex shard_;
};

}  // namespace selvage::broker
