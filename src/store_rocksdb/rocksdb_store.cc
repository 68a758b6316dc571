// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>

#include "base/bytes.h"
#include "base/check.h"
#include "store_rocksdb/checkpoint.h"
#include "store_rocksdb/data_directory.h"
#include "store_rocksdb/failures.h"
#include "store_rocksdb/log_space.h"
#include "store_rocksdb/reclaimer.h"
#include "store_rocksdb/recovery.h"
#include "store_rocksdb/synced_mark.h"
#include "store_rocksdb/ticker.h"
#include "store_rocksdb/tuning.h"

namespace selvage::store_rocksdb {
namespace {

using store::Batch;
using store::RangeDelete;
using store::Table;
using store::Write;
using Epochs = std::map<ShardIndex, uint64_t>;

// The epochs of all shards are one record of the default column family, under the empty key: it
// sorts before every other key, and no caller has an empty one.
//   u64 shard, u64 epoch; again for each shard that was ever claimed, in order of the shards
constexpr std::string_view kEpochsKey;
// The lowest key that a caller can have: ranges of callers begin here at the earliest.
constexpr std::string_view kLowestKey{"\0", 1};
constexpr std::chrono::milliseconds kPeriod{1000};  // of syncing in the background

std::string encode_epochs(const Epochs& epochs) {
  std::string record;
  Encoder out(record);
  for (const auto& [shard, epoch] : epochs) out.u64(shard.value).u64(epoch);
  return record;
}

std::optional<Epochs> decode_epochs(std::string_view record) {
  Epochs epochs;
  Decoder in(record);
  while (!in.at_end()) {
    const ShardIndex shard{in.u64()};
    epochs[shard] = in.u64();
  }
  if (!in.ok()) return std::nullopt;
  return epochs;
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}
rocksdb::Slice first_of(std::string_view first) {
  return slice(std::max(first, kLowestKey));
}

// The last write of each key, in the order of the tables and keys: a memtable takes a record much
// faster behind the one that it has just taken.
std::vector<const Write*> last_writes(const Batch& batch) {
  std::vector<const Write*> writes;
  writes.reserve(batch.writes.size());
  for (const Write& write : batch.writes) {
    SELVAGE_CHECK(!write.key.empty());
    writes.push_back(&write);
  }
  // Of one key the last comes first, for unique() to keep.
  std::ranges::sort(writes, [](const Write* a, const Write* b) {
    if (a->table != b->table) return a->table < b->table;
    const int order = a->key.compare(b->key);
    return order != 0 ? order < 0 : a > b;
  });
  const auto again = std::ranges::unique(writes, [](const Write* a, const Write* b) {
    return a->table == b->table && a->key == b->key;
  });
  writes.erase(again.begin(), again.end());
  return writes;
}

// About what RocksDB makes of it.
size_t encoded_size(const Batch& batch) {
  constexpr size_t kHeader = 12, kRecord = 12;
  size_t size = kHeader;
  for (const RangeDelete& range : batch.ranges)
    size += kRecord + range.first.size() + range.last.size();
  for (const Write& write : batch.writes)
    size += kRecord + write.key.size() + (write.value ? write.value->size() : 0);
  return size;
}

// Invariants:
//  1. An apply() that passed the check of its epoch has been written before a claim() of that shard
//     begins (write_mutex_), so that nothing of a fenced owner appears later.
//  2. After the first error of a write or a sync nothing is written any more: nobody knows what the
//     disk holds of what the kernel had in memory.
//  3. A sync() that is skipped had nothing to sync: synced_ is never ahead of what was flushed.
// Threads: as store.h says; apply() also from several.
class RocksdbStore final : public store::Store {
 public:
  RocksdbStore(DataDirectory directory, const RocksdbOptions& options)
      : directory_(std::move(directory)),
        options_(options),
        failures_(std::make_shared<FailureLatch>(directory_.path())) {}
  ~RocksdbStore() override {
    reclaimer_.reset();
    ticker_.reset();
    if (db_ && options_.syncs_in_background) std::ignore = sync_now();  // a clean end loses nothing
    for (rocksdb::ColumnFamilyHandle* handle : tables_) db_->DestroyColumnFamilyHandle(handle);
  }

  // Comes first, once. Failure: as open_rocksdb(); the store is then of no use.
  Result<void> open();

  Result<uint64_t> claim(ShardIndex shard) override;
  Result<void> apply(ShardIndex shard, uint64_t epoch, Batch batch) override;
  Result<void> sync() override;
  Result<void> scan(Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override;
  Result<std::vector<std::optional<std::string>>> read(
      Table table, const std::vector<std::string>& keys) override;
  store::Statistics statistics() override;
  Result<void> checkpoint(const std::string& path, const std::stop_token& stop) override;

 private:
  rocksdb::ColumnFamilyHandle* handle(Table table) const {
    return tables_[static_cast<size_t>(table)];
  }
  Result<void> load_epochs();
  Result<void> sync_now();
  Result<void> write(rocksdb::WriteBatch batch);
  Result<rocksdb::WriteBatch> encode(const Batch& batch);

  DataDirectory directory_;  // outlives db_: the lock goes last
  const RocksdbOptions options_;
  const std::shared_ptr<FailureLatch> failures_;
  std::unique_ptr<rocksdb::Env> env_;    // outlives db_
  std::unique_ptr<LogWatch> log_watch_;  // likewise
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> tables_;

  std::mutex write_mutex_;
  Epochs epochs_;                      // under write_mutex_
  std::atomic<uint64_t> applied_ = 0;  // batches that RocksDB has taken

  uint64_t synced_ = 0;             // of applied_; under failures_->syncing()
  std::optional<SyncedMark> mark_;  // likewise; there once open
  std::optional<Ticker> ticker_;
  std::optional<Reclaimer> reclaimer_;
};

Result<void> RocksdbStore::open() {
  SELVAGE_TRY(make_directories(directory_.queues()));
  auto mark = SyncedMark::open(directory_.queues());
  if (!mark) return std::unexpected(std::move(mark).error());
  rocksdb::DBOptions options = database_options(directory_.queues(), directory_.is_new());
  options.listeners = {failures_};
  if (!options_.syncs_in_background) {
    env_ = rocksdb::NewCompositeEnv(std::make_shared<LogFileSystem>());
    options.env = env_.get();
  }
  auto opened = open_database(std::move(options), {.directory = directory_.path(),
                                                   .queues = directory_.queues(),
                                                   .synced = mark->found(),
                                                   .accept_loss = options_.accept_loss});
  if (!opened) return std::unexpected(std::move(opened).error());
  log_watch_ = std::move(opened->watch);
  db_ = std::move(opened->db);
  tables_ = std::move(opened->tables);
  mark_.emplace(*std::move(mark));
  if (options_.accept_loss) mark_->write(db_->GetLatestSequenceNumber());
  SELVAGE_CHECK(tables_.size() == store::kTables);
  SELVAGE_TRY(load_epochs());
  if (directory_.is_new()) SELVAGE_TRY(directory_.mark_created());
  // Whoever waits for an answer goes first: what is flushed and merged can wait for a core.
  for (const auto pool : {rocksdb::Env::LOW, rocksdb::Env::HIGH})
    std::ignore = db_->GetEnv()->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow);
  // A failure is latched: the next apply() or sync() reports it.
  if (options_.syncs_in_background) ticker_.emplace(kPeriod, [this] { std::ignore = sync_now(); });
  reclaimer_.emplace(*db_, tables_, directory_.queues(), options_.reclaim_interval);
  return {};
}

Result<void> RocksdbStore::load_epochs() {
  std::string record;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), handle(Table::kMeta), slice(kEpochsKey), &record);
  if (status.IsNotFound()) return {};
  if (!status.ok()) return std::unexpected(open_failure(status, directory_.path()));
  std::optional<Epochs> epochs = decode_epochs(record);
  if (!epochs) return std::unexpected(damaged(directory_.path(), "the epochs of its shards"));
  epochs_ = *std::move(epochs);
  return {};
}

Result<uint64_t> RocksdbStore::claim(ShardIndex shard) {
  const std::lock_guard lock(write_mutex_);
  const uint64_t epoch = ++epochs_[shard];  // if it cannot be kept, no owner writes any more anyway
  rocksdb::WriteBatch record;
  record.Put(handle(Table::kMeta), slice(kEpochsKey), encode_epochs(epochs_));
  SELVAGE_TRY(write(std::move(record)));
  SELVAGE_TRY(sync_now());
  return epoch;
}

Result<void> RocksdbStore::apply(ShardIndex shard, uint64_t epoch, Batch batch) {
  const std::lock_guard lock(write_mutex_);
  const auto owner = epochs_.find(shard);
  if (owner == epochs_.end() || owner->second != epoch)
    return std::unexpected(store::stale_epoch(shard, epoch));
  auto encoded = encode(batch);
  if (!encoded) return std::unexpected(std::move(encoded).error());
  SELVAGE_TRY(write(*std::move(encoded)));
  for (RangeDelete& range : batch.ranges)
    reclaimer_->dropped(handle(range.table), std::move(range.first), std::move(range.last));
  return {};
}

// Under write_mutex_. Never with WriteOptions::sync, which would sync beside
// FailureLatch::syncing().
Result<void> RocksdbStore::write(rocksdb::WriteBatch batch) {
  SELVAGE_TRY(failures_->sound());
  if (batch.Count() == 0) return {};
  const rocksdb::Status status = db_->Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) return failures_->latch(status);
  applied_.fetch_add(1);
  return {};
}

Result<rocksdb::WriteBatch> RocksdbStore::encode(const Batch& batch) {
  rocksdb::WriteBatch encoded(encoded_size(batch));
  for (const RangeDelete& range : batch.ranges) {
    const rocksdb::Slice first = first_of(range.first);
    // RocksDB refuses an inverted range only after it is in the log.
    if (first.compare(range.last) >= 0) continue;
    if (can_drop_as_range(range.table, view(first))) {
      encoded.DeleteRange(handle(range.table), first, range.last);
    } else {
      SELVAGE_TRY(scan(range.table, range.first, range.last, [&](std::string_view key, auto) {
        encoded.Delete(handle(range.table), slice(key));
        return true;
      }));
    }
  }
  for (const Write* write : last_writes(batch)) {
    if (write->value)
      encoded.Put(handle(write->table), write->key, *write->value);
    else
      encoded.Delete(handle(write->table), write->key);
  }
  return encoded;
}

Result<void> RocksdbStore::sync() {
  return options_.syncs_in_background ? failures_->sound() : sync_now();
}

Result<void> RocksdbStore::sync_now() {
  const std::lock_guard lock(failures_->syncing());
  SELVAGE_TRY(failures_->sound());
  // Before the flush: what comes during it may miss it.
  const uint64_t applied = applied_.load();
  const uint64_t sequence = db_->GetLatestSequenceNumber();
  if (applied == synced_) return {};
  const rocksdb::Status status = db_->SyncWAL();
  if (!status.ok()) return failures_->latch(status);
  synced_ = applied;
  mark_->write(sequence);
  return {};
}

Result<void> RocksdbStore::scan(Table table, std::string_view first, std::string_view last,
                                FunctionRef<bool(std::string_view, std::string_view)> each) {
  const rocksdb::Slice bound = slice(last);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &bound;  // never walks the tombstones behind the range
  options.fill_cache = false;            // read ahead once: it would only push out what is re-read
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, handle(table)));
  for (at->Seek(first_of(first)); at->Valid(); at->Next()) {
    if (!each(view(at->key()), view(at->value()))) return {};
  }
  if (!at->status().ok())
    return std::unexpected(damaged(directory_.path(), at->status().ToString()));
  return {};
}

Result<std::vector<std::optional<std::string>>> RocksdbStore::read(
    Table table, const std::vector<std::string>& keys) {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db_->MultiGet(rocksdb::ReadOptions(), handle(table), keys.size(), slices.data(), found.data(),
                statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok())
      values[i] = found[i].ToString();
    else if (!statuses[i].IsNotFound())
      return std::unexpected(damaged(directory_.path(), statuses[i].ToString()));
  }
  return values;
}

store::Statistics RocksdbStore::statistics() {
  store::Statistics result;
  std::error_code error;  // files come and go meanwhile: what cannot be asked is not counted
  std::filesystem::directory_iterator at(directory_.queues(), error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (const uintmax_t size = at->file_size(gone); !gone) result.bytes_on_disk += size;
  }
  uint64_t memtables = 0, cache = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &memtables);
  db_->GetIntProperty(rocksdb::DB::Properties::kBlockCacheUsage, &cache);  // one for all tables
  result.bytes_in_memory = memtables + cache;
  return result;
}

Result<void> RocksdbStore::checkpoint(const std::string& path, const std::stop_token& stop) {
  SELVAGE_TRY(make_directories(path));
  SELVAGE_TRY(copy_database(*db_, *failures_, path + "/queues", stop));
  return mark_copy(path);  // the last step, as when a directory is created
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_rocksdb(const std::string& path,
                                                   const RocksdbOptions& options) {
  Result<DataDirectory> directory = DataDirectory::open(path);
  if (!directory) return std::unexpected(directory.error());
  auto opened = std::make_unique<RocksdbStore>(*std::move(directory), options);
  SELVAGE_TRY(opened->open());
  return opened;
}

}  // namespace selvage::store_rocksdb
