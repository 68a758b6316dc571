// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

#include "store_rocksdb/info_log.h"

namespace selvage::store_rocksdb {
namespace {

constexpr size_t kMiB = 1 << 20;

// Replayed at about 100 MB/s after a crash: within a second, whatever was in the memtables. It
// counts in the size on disk too.
constexpr uint64_t kWalSize = 64 * kMiB;
constexpr size_t kAllMemtables = 128 * kMiB;
constexpr size_t kMemtable = 32 * kMiB;  // smaller is faster and recovers sooner, larger writes
constexpr size_t kBriefMemtable =
    16 * kMiB;  // less; what is soon overwritten needs no more than this
constexpr size_t kSmallMemtable = 4 * kMiB;
constexpr size_t kBlockCache = 64 * kMiB;
// By default 4 MiB, which on a full disk may be all that somebody has just freed for us.
constexpr size_t kManifestReserve = 64 << 10;
static_assert(2 * (kMemtable + kBriefMemtable + kSmallMemtable) + kBriefMemtable <= kAllMemtables,
              "one of each table fits");

constexpr size_t kQueuePrefix = 10;  // a shard has two bytes, a queue eight: store/records.h

// Where a memtable took a record of a queue, it looks first for the place of that queue's next one.
// About 250 bytes for each "prefix" and memtable, so queues share 256 of them: here the prefix is
// not bytes of the key but what stands for them.
class PlaceOfQueue final : public rocksdb::SliceTransform {
 public:
  PlaceOfQueue() {
    for (size_t i = 0; i < places_.size(); ++i) places_[i] = static_cast<char>(i);
  }
  const char* Name() const override { return "selvage.PlaceOfQueue"; }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > kQueuePrefix; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {&places_[static_cast<unsigned char>(key[kQueuePrefix - 1])], 1};
  }

 private:
  std::array<char, 256> places_{};
};

// Has tables with many tombstones merged with what they delete; but none of level 0: what a queue
// took in and gave out meanwhile is in one such table, and it would be merged with all that waits
// between. Merged into level 1 the two ends stand in tables of their own.
class MergeTombstones final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  const char* Name() const override { return "selvage.MergeTombstones"; }
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context context) override {
    return (context.level_at_creation == 0 ? off_ : on_)->CreateTablePropertiesCollector(context);
  }

 private:
  const std::shared_ptr<rocksdb::TablePropertiesCollectorFactory>
      on_ = rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048),
      off_ = rocksdb::NewCompactOnDeletionCollectorFactory(0, 0);
};

rocksdb::BlockBasedTableOptions block_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions options;  // no filters: absent keys are hardly ever read
  options.block_size = 16 << 10;
  options.format_version = 5;
  options.block_cache = std::move(cache);
  options.cache_index_and_filter_blocks = true;  // else memory would grow with the backlog
  options.pin_l0_filter_and_index_blocks_in_cache = true;
  return options;
}

rocksdb::ColumnFamilyOptions table_options(size_t memtable, std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memtable;
  options.max_write_buffer_number = 4;
  options.min_write_buffer_number_to_merge = 1;
  options.level0_file_num_compaction_trigger = 4;
  options.target_file_size_base = 64 * kMiB;
  options.max_bytes_for_level_base = 512 * kMiB;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.table_properties_collector_factories = {std::make_shared<MergeTombstones>()};
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(block_options(std::move(cache))));
  return options;
}

// For tables in which a queue's new records stand beside each other.
rocksdb::ColumnFamilyOptions queues_options(size_t memtable,
                                            std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options = table_options(memtable, std::move(cache));
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<PlaceOfQueue>();
  return options;
}

// Deduplication ids: what is asked for is mostly not there.
rocksdb::ColumnFamilyOptions id_options(std::shared_ptr<rocksdb::Cache> cache) {
  constexpr double kBitsPerId = 10;  // one question in a hundred reads a block in vain
  rocksdb::ColumnFamilyOptions options = table_options(kBriefMemtable, cache);
  rocksdb::BlockBasedTableOptions blocks = block_options(std::move(cache));
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBitsPerId));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(const std::string& directory, bool create) {
  rocksdb::DBOptions options;
  options.create_if_missing = create;
  options.create_missing_column_families = create;
  options.allow_concurrent_memtable_write = false;  // one writes at a time: see PlaceOfQueue
  options.max_background_jobs =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 4);
  options.max_total_wal_size = kWalSize;  // also frees logs that a quiet table would hold on to
  options.db_write_buffer_size = kAllMemtables;
  options.bytes_per_sync = kMiB;   // smooth writeback of tables
  options.wal_bytes_per_sync = 0;  // sync() does it
  options.manifest_preallocation_size = kManifestReserve;
  options.max_open_files = -1;
  options.compaction_readahead_size = 2 * kMiB;
  options.paranoid_checks = true;
  options.stats_dump_period_sec = 0;
  options.info_log = open_info_log(directory);
  return options;
}

bool can_drop_as_range(store::Table table, std::string_view first) {
  const bool has_places = table == store::Table::kWaiting || table == store::Table::kHeld ||
                          table == store::Table::kBody;
  return !has_places || first.size() <= kQueuePrefix;
}

std::vector<rocksdb::ColumnFamilyDescriptor> column_families() {
  const auto cache = rocksdb::NewLRUCache(kBlockCache);
  return {{rocksdb::kDefaultColumnFamilyName, table_options(kBriefMemtable, cache)},
          {"waiting", queues_options(kMemtable, cache)},
          {"held", queues_options(kBriefMemtable, cache)},
          {"index", table_options(kSmallMemtable, cache)},
          {"body", queues_options(kMemtable, cache)},
          {"evidence", table_options(kSmallMemtable, cache)},
          {"ids", id_options(cache)}};
}

}  // namespace selvage::store_rocksdb
