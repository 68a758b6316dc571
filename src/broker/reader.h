// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the engine wants to see of the store: pages of lanes, and single messages by what is known
// of them, with everything that was decided before.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/open_batch.h"
#include "queue/reads.h"

namespace selvage::broker {

// Not thread-safe.
class Reader {
 public:
  Reader(OpenBatch& batch, ShardIndex shard) : batch_(batch), shard_(shard) {}

  // Failure, of each: the store's, or kCorruption.
  Result<std::vector<queue::Located>> page(const queue::Page& page) const;
  // What was not found is left out.
  Result<queue::Found> find(const queue::Reads& reads) const;
  // Every artifact that some message refers to.
  Result<std::set<ArtifactId>> artifacts() const;

 private:
  Result<void> find(const queue::Lookup& lookup, std::vector<queue::Located>& found) const;
  Result<void> find_at(QueueId queue, Seq seq, std::vector<queue::Located>& found) const;
  Result<std::vector<queue::PutDeduplication>> find(const std::vector<queue::IdPlace>& ids) const;

  OpenBatch& batch_;
  ShardIndex shard_;
};

}  // namespace selvage::broker
