// SPDX-License-Identifier: Apache-2.0
#pragma once
// Opens RocksDB so that nothing that was acknowledged is dropped in silence. What a power cut left
// of writes that were never acknowledged is dropped, and nobody needs to know.
//
//   read the log strictly ──all of it can be read──▶ up to the mark? ──▶ open
//        │ not all                                        │ no: the end or a file is gone
//        ▼                                                ▼
//   look how far it can be read ──not to the mark──▶ refuse
//        │ up to the mark: only what was never synced is torn
//        ▼
//   open up to there
//
// What cannot be read is only looked at, so that whatever lies behind it is still there for whoever
// can mend it.

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "store_rocksdb/log_watch.h"

namespace selvage::store_rocksdb {

struct Database {
  std::unique_ptr<LogWatch> watch;  // RocksDB keeps a pointer to it
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> tables;  // the caller destroys them, before db
};

struct RecoveryOptions {
  std::string directory;     // for sentences
  std::string queues;        // where RocksDB's files are
  uint64_t synced = 0;       // the number of the last record that is known to have been synced
  bool accept_loss = false;  // open what can be read although acknowledged records are missing
};

// `options` for the database in `recovery.queues`. Failure: as open_rocksdb().
Result<Database> open_database(rocksdb::DBOptions options, const RecoveryOptions& recovery);

}  // namespace selvage::store_rocksdb
