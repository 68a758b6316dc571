// SPDX-License-Identifier: Apache-2.0
#pragma once
// RocksDB's own account of what it does: DIR/queues/LOG, for whoever has to look.
// Not RocksDB's logger: in Debian's build (7.8, assertions on) that one stops the process with its
// second line on a full disk, just when we owe a clear sentence.

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace selvage::store_rocksdb {

// At most this much, twice: LOG, and LOG.old before it.
inline constexpr int64_t kInfoLogBytes = 4 << 20;

// Appends to the LOG in `directory`. A line that cannot be written is dropped. Thread-safe.
std::shared_ptr<rocksdb::Logger> open_info_log(const std::string& directory);

}  // namespace selvage::store_rocksdb
