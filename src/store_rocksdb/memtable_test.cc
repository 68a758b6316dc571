// SPDX-License-Identifier: Apache-2.0
// Records and dropped ranges in memtables that remember where they inserted: tuning.h says why the
// two must not share what is remembered. Compared with the reference store.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "base/clock.h"
#include "store/memory_store.h"
#include "store/records.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

using store::Batch;
using store::KeyRange;
using store::Store;
using store::Table;

constexpr ShardIndex kShard{1};
constexpr std::array kTables{Table::kWaiting, Table::kHeld, Table::kBody, Table::kMeta};
constexpr uint64_t kQueues = 600;  // more than share a place

class Memtables : public ::testing::Test {
 protected:
  void apply(const Batch& batch) {
    ASSERT_TRUE(store_->apply(kShard, epoch_, batch));
    ASSERT_TRUE(reference_->apply(kShard, reference_epoch_, batch));
  }
  static std::vector<std::pair<std::string, std::string>> all(Store& store, Table table) {
    std::vector<std::pair<std::string, std::string>> found;
    const KeyRange range = store::shard_range(kShard);
    EXPECT_TRUE(store.scan(table, range.first, range.second, [&](auto key, auto value) {
      found.emplace_back(key, value);
      return true;
    }));
    return found;
  }
  void expect_same() {
    for (const Table table : kTables)
      EXPECT_TRUE(all(*store_, table) == all(*reference_, table)) << static_cast<int>(table);
  }
  std::string some_key() {
    return store::payload_key(kShard, QueueId{1 + random_.next() % kQueues},
                              Seq{random_.next() % 50});
  }
  Table some_table() { return kTables[random_.next() % kTables.size()]; }
  // Writes among which one key comes again and again.
  Batch some_batch() {
    Batch batch;
    for (int i = 0; i < 40; ++i) {
      const bool drops = random_.next() % 3 == 0;
      batch.writes.push_back(
          {some_table(), some_key(),
           drops ? std::nullopt : std::optional(std::to_string(random_.next()))});
      if (i % 4 == 0) batch.writes.push_back(batch.writes[random_.next() % batch.writes.size()]);
    }
    return batch;
  }

  Scratch scratch_;
  SeededRandom random_{7};
  const std::unique_ptr<Store> store_ = open_rocksdb(scratch_ / "data").value();
  const std::unique_ptr<Store> reference_ = std::make_unique<store::MemoryStore>();
  const uint64_t epoch_ = store_->claim(kShard).value();
  const uint64_t reference_epoch_ = reference_->claim(kShard).value();
};

TEST_F(Memtables, HoldWhatIsLeftOfManyWritesToFewKeys) {
  for (int i = 0; i < 200; ++i) apply(some_batch());
  expect_same();
}

TEST_F(Memtables, HoldWhatIsLeftWhenQueuesAreDroppedAmongTheWrites) {
  for (int i = 0; i < 200; ++i) {
    Batch batch = some_batch();
    for (int drops = 0; drops < 3; ++drops) {
      auto [first, last] = store::queue_range(kShard, QueueId{1 + random_.next() % kQueues});
      batch.ranges.push_back({some_table(), std::move(first), std::move(last)});
    }
    apply(batch);
  }
  expect_same();
}

TEST_F(Memtables, HoldWhatIsLeftWhenRangesBeginWithinAQueue) {
  for (int i = 0; i < 200; ++i) {
    Batch batch = some_batch();
    for (int drops = 0; drops < 3; ++drops)
      batch.ranges.push_back({some_table(), some_key(), some_key()});
    apply(batch);
  }
  expect_same();
}

}  // namespace
}  // namespace selvage::store_rocksdb
