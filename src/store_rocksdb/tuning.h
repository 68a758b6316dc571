// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every RocksDB setting in one place, each measured for this load (docs/decisions).

#include <rocksdb/db.h>

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace selvage::store_rocksdb {

// For a database in `directory`, which exists; `create` makes one when there is none in it.
rocksdb::DBOptions database_options(const std::string& directory, bool create);

// One column family per table, in the order of the enum; the first is RocksDB's own default.
std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

// Whether a range that begins so may be dropped by one tombstone. RocksDB 7.8 keeps one hint of
// where to insert for a memtable's records and its tombstones, which stand in two lists: a
// tombstone with a hint would break the list. So none may have one. What is dropped, a queue or a
// shard, has none.
bool can_drop_as_range(store::Table table, std::string_view first);

}  // namespace selvage::store_rocksdb
