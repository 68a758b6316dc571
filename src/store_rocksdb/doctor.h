// SPDX-License-Identifier: Apache-2.0
#pragma once
// A data directory looked at from outside: opened without writing a byte, every file of the
// database verified. What the records say is store/inspect.h's business.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/inspect.h"
#include "store/store.h"
#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {

struct Examination {
  Fd lock;  // no server starts on the directory meanwhile; none when the directory has no lock file
  int format = 0;
  std::string engine;      // "RocksDB 7.8.3": which wrote last; empty when that is not known
  uint64_t files = 0;      // that hold records
  uint64_t bytes = 0;      // of everything in queues/
  uint64_t log_bytes = 0;  // of these, what a start has to replay
  std::vector<store::Finding> findings;   // about files
  std::unique_ptr<store::Store> records;  // to be scanned; null when they cannot be reached
};

// Failure: kInUse (a server has it open), kVersion (another version's, or not ours), kSettings (no
// such directory, nothing in it, or unreadable). Damage is no failure but a finding.
Result<Examination> examine(const std::string& directory);

}  // namespace selvage::store_rocksdb
