// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every RocksDB setting in one place, each measured for this load (docs/decisions).

#include <rocksdb/db.h>

#include <string>
#include <vector>

#include "store/store.h"

namespace selvage::store_rocksdb {

// For a database in `directory`, which exists; `create` makes one when there is none in it.
rocksdb::DBOptions database_options(const std::string& directory, bool create);

// One column family per table, in the order of the enum; the first is RocksDB's own default.
std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

}  // namespace selvage::store_rocksdb
