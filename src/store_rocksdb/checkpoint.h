// SPDX-License-Identifier: Apache-2.0
#pragma once
// A copy of an open database, as Store::checkpoint() promises it.
//
// The tables of RocksDB never change once they are written, so they get a second name (a hard link)
// where the copy is on the same file system. The manifest and the logs still grow: of these the
// bytes of one moment are copied. Nothing is flushed first: opening the copy replays its logs, as
// after a crash.

#include <rocksdb/db.h>

#include <stop_token>
#include <string>

#include "base/error.h"
#include "store_rocksdb/failures.h"

namespace selvage::store_rocksdb {

// Makes the directory `queues` and copies the database into it.
// Failure: see Store::checkpoint(); the source is as before in any case.
Result<void> copy_database(rocksdb::DB& db, FailureLatch& failures, const std::string& queues,
                           const std::stop_token& stop);

}  // namespace selvage::store_rocksdb
