// SPDX-License-Identifier: Apache-2.0
#pragma once
// The reference implementation of the store port: sorted maps. Keeps nothing when the process ends.
// Read store.h first.

#include <array>
#include <map>
#include <mutex>

#include "store/store.h"

namespace selvage::store {

// Every record, in memory. One lock over everything, also while scan() calls back: whatever the
// contract allows to run at the same time may do so.
class MemoryStore final : public Store {
 public:
  Result<uint64_t> claim(ShardIndex shard) override;
  Result<void> apply(ShardIndex shard, uint64_t epoch, Batch batch) override;
  Result<void> sync() override { return {}; }
  Result<void> scan(Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override;
  Result<std::vector<std::optional<std::string>>> read(
      Table table, const std::vector<std::string>& keys) override;
  Statistics statistics() override;

 private:
  using Records = std::map<std::string, std::string, std::less<>>;
  Records& records(Table table) { return tables_[static_cast<size_t>(table)]; }

  std::mutex mutex_;
  std::array<Records, kTables> tables_;
  uint64_t bytes_ = 0;                     // of all keys and values
  std::map<ShardIndex, uint64_t> epochs_;  // of every shard that was ever claimed, from 1
};

}  // namespace selvage::store
