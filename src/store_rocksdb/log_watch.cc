// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/log_watch.h"

#include <rocksdb/write_batch.h>

#include <bit>
#include <cstring>

namespace selvage::store_rocksdb {
namespace {

// A batch begins with the number of its first record: 8 bytes, little-endian. All other parts of it
// have accessors.
uint64_t first_of(const rocksdb::WriteBatch& batch) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t first = 0;
  if (batch.Data().size() >= sizeof first) std::memcpy(&first, batch.Data().data(), sizeof first);
  return first;
}

}  // namespace

// check-length: the parameters are RocksDB's
rocksdb::WalFilter::WalProcessingOption LogWatch::LogRecordFound(unsigned long long /*number*/,
                                                                 const std::string& file,
                                                                 const rocksdb::WriteBatch& batch,
                                                                 rocksdb::WriteBatch* /*changed*/,
                                                                 bool* /*has_changed*/) {
  const uint64_t first = first_of(batch);
  has_gap_ = has_gap_ || (last_ != 0 && first != last_ + 1);
  if (has_gap_) return WalProcessingOption::kCorruptedRecord;
  file_ = file;
  last_ = first + batch.Count() - 1;
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace selvage::store_rocksdb
