// SPDX-License-Identifier: Apache-2.0
#pragma once
// The reference implementation of the store port: sorted maps. Keeps nothing when the process ends.

#include <array>
#include <map>
#include <mutex>

#include "store/store.h"

namespace selvage::store {

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
  std::mutex mutex_;
  std::array<Records, kTables> tables_;
  std::map<ShardIndex, uint64_t> epochs_;
};

}  // namespace selvage::store
