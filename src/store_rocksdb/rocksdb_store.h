// SPDX-License-Identifier: Apache-2.0
#pragma once
// The embedded default: RocksDB in a directory of ours. Writes go to the write-ahead log without
// waiting; sync() flushes that log (docs/decisions: group commit).

#include <memory>
#include <string>

#include "base/time.h"
#include "store/store.h"

namespace selvage::store_rocksdb {

// The version of the data directory's layout and records. A directory of another is refused.
inline constexpr int kFormatVersion = 4;

struct RocksdbOptions {
  // sync() returns at once, and what was applied is synced once a second: it survives the end of
  // this process, and up to a second of it is lost with the machine.
  bool syncs_in_background = false;
  // Open what can still be read of a damaged log, and go on without what was acknowledged behind
  // the damage. A log that is whole loses nothing by it.
  bool accept_loss = false;
  // How often to look for what can be given back to the disk: reclaimer.h.
  Duration reclaim_interval = std::chrono::seconds(10);
};

// Opens `directory`, creating it when it does not exist or is empty. The directory gets a file
// FORMAT that names the version; RocksDB's files lie below it.
// Failure: kInUse (open in another process), kVersion (another version of Selvage wrote it, or it
// is not ours at all: never touched), kDiskFull, kCorruption (what was acknowledged cannot be read
// any more: never touched), kSettings (permissions, not a directory); the sentence names the
// directory and what to do.
Result<std::unique_ptr<store::Store>> open_rocksdb(const std::string& directory,
                                                   const RocksdbOptions& options = {});

}  // namespace selvage::store_rocksdb
