// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gives back to the disk what deleted records take. RocksDB by itself keeps them, and their logs,
// until so much new is written that they are in its way: after a backlog is drained, for ever.

#include <rocksdb/db.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"

namespace selvage::store_rocksdb {

// A thread that looks now and then. When little was written since its last look, it has large
// memtables written out, so that their logs can go, and compacts each table in which a sixteenth of
// what lives is dead, and what ranges were dropped. It does nothing for which the disk has no room.
// Thread-safe.
class Reclaimer {
 public:
  // `db` and `tables` outlive it. `directory`: where the database is.
  Reclaimer(rocksdb::DB& db, std::vector<rocksdb::ColumnFamilyHandle*> tables,
            std::string directory, Duration interval);
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;
  ~Reclaimer();

  // Records from `first` to before `last` were dropped.
  void dropped(rocksdb::ColumnFamilyHandle* table, std::string first, std::string last);

 private:
  struct Range {
    rocksdb::ColumnFamilyHandle* table;
    std::string first, last;
  };
  struct Content {
    uint64_t bytes = 0;       // in files
    uint64_t dead_bytes = 0;  // of them, about
  };

  void run(Duration interval);
  void look();
  bool is_quiet();
  void write_out();
  void compact_dropped();
  void compact_if_dead(rocksdb::ColumnFamilyHandle* table);
  Content content_of(rocksdb::ColumnFamilyHandle* table) const;
  uint64_t number(rocksdb::ColumnFamilyHandle* table, const std::string& property) const;
  void compact(rocksdb::ColumnFamilyHandle* table, const rocksdb::Slice* first,
               const rocksdb::Slice* last);
  bool has_room(uint64_t bytes) const;

  rocksdb::DB& db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> tables_;
  const std::string directory_;
  uint64_t last_sequence_ = 0;

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;                // under mutex_
  std::vector<Range> dropped_;           // under mutex_
  std::atomic<bool> cancelled_ = false;  // for RocksDB
  std::thread thread_;
};

}  // namespace selvage::store_rocksdb
