// SPDX-License-Identifier: Apache-2.0
#pragma once
// RocksDB's errors as ours, and the memory of the first one: after it nothing is written any more.

#include <rocksdb/listener.h>
#include <rocksdb/status.h>

#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"

namespace selvage::store_rocksdb {

Error open_failure(const rocksdb::Status& status, const std::string& directory);
Error write_failure(const rocksdb::Status& status, const std::string& directory);
Error damaged(const std::string& directory, std::string what);

// Holds the first failed write or sync for good, because nobody knows what the disk then holds of
// what the kernel had in memory. Thread-safe.
//
// It also listens to RocksDB's file errors. RocksDB 7.8 does not expect a SyncWAL() after a failed
// append to the log: an assertion, on in Debian's build, stops the process. Between the failed
// append and the return of Write() another thread could begin one. So the append itself is held up:
// it latches the failure, then waits for the sync that is under way; each later one is refused by
// sound().
class FailureLatch final : public rocksdb::EventListener {
 public:
  explicit FailureLatch(std::string directory) : directory_(std::move(directory)) {}

  // The first failure, if there was one.
  Result<void> sound();
  // Remembers a failure if it is the first; returns the first.
  std::unexpected<Error> latch(const rocksdb::Status& status);
  // To be held during sound() and SyncWAL(), by nobody who writes at the same time.
  std::mutex& syncing() { return syncing_; }

 private:
  bool ShouldBeNotifiedOnFileIO() override { return true; }
  void OnIOError(const rocksdb::IOErrorInfo& info) override;

  const std::string directory_;
  std::mutex syncing_;
  std::mutex mutex_;
  std::optional<Error> first_;  // under mutex_
};

}  // namespace selvage::store_rocksdb
