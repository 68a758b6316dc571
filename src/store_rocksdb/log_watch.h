// SPDX-License-Identifier: Apache-2.0
#pragma once
// Looks on while RocksDB reads its write-ahead log: which file it is at, and whether the records
// follow one another without a gap. RocksDB itself does not look between the files.

#include <rocksdb/wal_filter.h>

#include <cstdint>
#include <string>

namespace selvage::store_rocksdb {

// Used for one opening, by one thread.
class LogWatch final : public rocksdb::WalFilter {
 public:
  // The last file of which something was read, by its name; empty: of none.
  const std::string& file() const { return file_; }
  // The number of the last record; 0: none was read.
  uint64_t last() const { return last_; }
  // What follows is not the next record: some between are missing.
  bool has_gap() const { return has_gap_; }

  const char* Name() const override { return "selvage"; }
  // check-length: the parameters are RocksDB's
  WalProcessingOption LogRecordFound(unsigned long long number, const std::string& file,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch*,
                                     bool*) override;

 private:
  std::string file_;
  uint64_t last_ = 0;
  bool has_gap_ = false;
};

}  // namespace selvage::store_rocksdb
