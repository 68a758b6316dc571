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
    const auto end = in.lower_bound(range.last);
    for (auto at = in.lower_bound(range.first); at != end; at = in.erase(at))
      bytes_ -= at->first.size() + at->second.size();
  }
  for (Write& write : batch.writes) {
    SELVAGE_CHECK(!write.key.empty());
    Records& in = records(write.table);
    if (const auto former = in.find(write.key); former != in.end()) {
      bytes_ -= former->first.size() + former->second.size();
      in.erase(former);
    }
    if (!write.value) continue;
    bytes_ += write.key.size() + write.value->size();
    in.emplace(std::move(write.key), *std::move(write.value));
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
  return {.bytes_on_disk = 0, .bytes_in_memory = bytes_};
}

}  // namespace selvage::store
