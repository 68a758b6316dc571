// SPDX-License-Identifier: Apache-2.0
#pragma once
// DIR/queues/SYNCED: how far the write-ahead log was flushed, as RocksDB numbers its records. A log
// that can be read less far has lost what was acknowledged.
//
// Written after each sync and never flushed itself: after a power cut it is some seconds behind,
// but never ahead. One line of one fixed length within one sector:
//
//   00000000000000004711 3b1c9d7ee04f2a55\n     the number, a check of it

#include <cstdint>
#include <string>

#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {

class SyncedMark {
 public:
  // Reads what is there. None, as in what an older program wrote or a backup holds: 0.
  static Result<SyncedMark> open(const std::string& queues);

  // As it was found.
  uint64_t found() const { return found_; }
  // Best effort: a mark that cannot be written stays behind.
  void write(uint64_t sequence);

 private:
  explicit SyncedMark(std::string path) : path_(std::move(path)) {}

  std::string path_;
  Fd file_;  // none: could not be written so far
  uint64_t found_ = 0;
};

}  // namespace selvage::store_rocksdb
