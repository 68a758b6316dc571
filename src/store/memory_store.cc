// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include "base/check.h"

namespace selvage::store {

Result<uint64_t> MemoryStore::claim(ShardIndex shard) {
  const std::lock_guard lock(mutex_);
  return ++epochs_[shard];
}

Result<void> MemoryStore::apply(ShardIndex shard, uint64_t epoch, Batch batch) {
  const std::lock_guard lock(mutex_);
  const auto owner = epochs_.find(shard);
  if (owner == epochs_.end() || owner->second != epoch)
    return std::unexpected(stale_epoch(shard, epoch));
  for (const RangeDelete& range : batch.ranges) {
    if (range.last <= range.first) continue;
    Records& in = records(range.table);
    in.erase(in.lower_bound(range.first), in.lower_bound(range.last));
  }
  for (Write& write : batch.writes) {
    SELVAGE_CHECK(!write.key.empty());
    if (write.value)
      records(write.table).insert_or_assign(std::move(write.key), std::move(*write.value));
    else
      records(write.table).erase(write.key);
  }
  return {};
}

Result<void> MemoryStore::scan(Table table, std::string_view first, std::string_view last,
                               FunctionRef<bool(std::string_view, std::string_view)> each) {
  const std::lock_guard lock(mutex_);
  const Records& in = records(table);
  for (auto at = in.lower_bound(first); at != in.end() && at->first < last; ++at) {
    if (!each(at->first, at->second)) break;
  }
  return {};
}

Result<std::vector<std::optional<std::string>>> MemoryStore::read(
    Table table, const std::vector<std::string>& keys) {
  const std::lock_guard lock(mutex_);
  const Records& in = records(table);
  std::vector<std::optional<std::string>> values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (const auto found = in.find(keys[i]); found != in.end()) values[i] = found->second;
  }
  return values;
}

Statistics MemoryStore::statistics() {
  const std::lock_guard lock(mutex_);
  Statistics result;
  for (const Records& in : tables_) {
    for (const auto& [key, value] : in) result.bytes_in_memory += key.size() + value.size();
  }
  return result;
}

}  // namespace selvage::store
