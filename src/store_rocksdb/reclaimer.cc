// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/reclaimer.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace selvage::store_rocksdb {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// Up to so many records between two looks are little.
constexpr uint64_t kQuiet = 10'000;
// Of a table's live bytes: as much again is written for it, sixteen times.
constexpr uint64_t kDeadShare = 16;
// Less than this is not worth the while.
constexpr uint64_t kWorthWritingOut = 4 * kMiB;
constexpr uint64_t kWorthCompacting = 16 * kMiB;
// More dropped ranges than this are left to RocksDB.
constexpr size_t kRanges = 1000;
// What must stay free for others beside what a step itself may need.
constexpr uint64_t kMargin = 16 * kMiB;

}  // namespace

Reclaimer::Reclaimer(rocksdb::DB& db, std::vector<rocksdb::ColumnFamilyHandle*> tables,
                     std::string directory, Duration interval)
    : db_(db), tables_(std::move(tables)), directory_(std::move(directory)) {
  thread_ = std::thread([this, interval] { run(interval); });
}

Reclaimer::~Reclaimer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  cancelled_ = true;
  stop_.notify_one();
  thread_.join();
}

void Reclaimer::run(Duration interval) {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval, [&] { return stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void Reclaimer::dropped(rocksdb::ColumnFamilyHandle* table, std::string first, std::string last) {
  const std::scoped_lock lock(mutex_);
  if (dropped_.size() < kRanges) dropped_.push_back({table, std::move(first), std::move(last)});
}

void Reclaimer::look() {
  if (!is_quiet()) return;
  write_out();
  compact_dropped();
  for (rocksdb::ColumnFamilyHandle* table : tables_) compact_if_dead(table);
}

bool Reclaimer::is_quiet() {
  const uint64_t former = std::exchange(last_sequence_, db_.GetLatestSequenceNumber());
  return last_sequence_ - former <= kQuiet;
}

void Reclaimer::write_out() {
  uint64_t bytes = 0;
  for (rocksdb::ColumnFamilyHandle* table : tables_)
    bytes += number(table, rocksdb::DB::Properties::kCurSizeAllMemTables);
  if (bytes < kWorthWritingOut || !has_room(bytes)) return;
  // What fails here is told by the next write.
  db_.Flush(rocksdb::FlushOptions(), tables_).PermitUncheckedError();
}

// The compaction first writes out the memtable that has the tombstone.
void Reclaimer::compact_dropped() {
  std::vector<Range> ranges;
  {
    const std::scoped_lock lock(mutex_);
    ranges.swap(dropped_);
  }
  for (const Range& range : ranges) {
    const rocksdb::Slice first(range.first), last(range.last);
    if (has_room(0)) compact(range.table, &first, &last);
  }
}

void Reclaimer::compact_if_dead(rocksdb::ColumnFamilyHandle* table) {
  const Content content = content_of(table);
  const uint64_t live = content.bytes - content.dead_bytes;
  if (content.dead_bytes >= kWorthCompacting && content.dead_bytes >= live / kDeadShare &&
      has_room(live))
    compact(table, nullptr, nullptr);
}

// A deletion kills one record before it, of the usual size, and has hardly any itself.
Reclaimer::Content Reclaimer::content_of(rocksdb::ColumnFamilyHandle* table) const {
  using Properties = rocksdb::DB::Properties;
  rocksdb::TablePropertiesCollection files;
  if (!db_.GetPropertiesOfAllTables(table, &files).ok()) return {};
  Content content;
  uint64_t records = number(table, Properties::kNumEntriesActiveMemTable) +
                     number(table, Properties::kNumEntriesImmMemTables);
  uint64_t deletions = number(table, Properties::kNumDeletesActiveMemTable) +
                       number(table, Properties::kNumDeletesImmMemTables);
  for (const auto& [name, file] : files) {
    content.bytes += file->data_size;
    records += file->num_entries;
    deletions += file->num_deletions;
  }
  const uint64_t puts = records - std::min(deletions, records);
  const uint64_t dead = std::min(deletions, puts);
  if (puts == 0)
    content.dead_bytes = content.bytes;
  else
    content.dead_bytes = static_cast<uint64_t>(
        static_cast<double>(content.bytes) * static_cast<double>(dead) / static_cast<double>(puts));
  return content;
}

uint64_t Reclaimer::number(rocksdb::ColumnFamilyHandle* table, const std::string& property) const {
  uint64_t value = 0;
  db_.GetIntProperty(table, property, &value);
  return value;
}

void Reclaimer::compact(rocksdb::ColumnFamilyHandle* table, const rocksdb::Slice* first,
                        const rocksdb::Slice* last) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &cancelled_;
  db_.CompactRange(options, table, first, last).PermitUncheckedError();
}

bool Reclaimer::has_room(uint64_t bytes) const {
  std::error_code error;
  const auto space = std::filesystem::space(directory_, error);
  return !error && space.available >= bytes + kMargin;
}

}  // namespace selvage::store_rocksdb
