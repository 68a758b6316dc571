// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/failures.h"

#include <fmt/core.h>

#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {

Error damaged(const std::string& directory, std::string what) {
  // RocksDB looks for a missing table under its former name too, and then tells that one.
  if (const size_t former = what.find(".ldb"); former != what.npos) what.replace(former, 4, ".sst");
  return Error{ErrorCode::kCorruption,
               fmt::format("{} is damaged ({}): restore a backup, or look closer with `selvage "
                           "doctor --data {}`",
                           directory, what, directory)};
}

Error open_failure(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  if (status.IsNoSpace()) return disk_full(directory);
  // RocksDB's own lock: somebody opened queues/ without ours.
  if (text.find("lock hold by current process") != text.npos ||
      text.find("While lock file") != text.npos)
    return Error{ErrorCode::kInUse,
                 fmt::format("{} is open in another process: stop that one first", directory)};
  // An invalid argument is a missing CURRENT or column family, as the arguments are constants.
  if (status.IsCorruption() || status.IsInvalidArgument() || status.IsPathNotFound())
    return damaged(directory, text);
  return Error{ErrorCode::kSettings,
               fmt::format("cannot open {} ({}): let this user read and write it or choose another "
                           "--data directory",
                           directory, text)};
}

Error write_failure(const rocksdb::Status& status, const std::string& directory) {
  if (status.IsNoSpace()) return disk_full(directory);
  if (status.IsCorruption()) return damaged(directory, status.ToString());
  return Error{ErrorCode::kRetry,
               fmt::format("cannot write to {} ({}): look at its disk; everything acknowledged so "
                           "far is safe",
                           directory, status.ToString())};
}

Result<void> FailureLatch::sound() {
  const std::lock_guard lock(mutex_);
  if (first_) return std::unexpected(*first_);
  return {};
}

std::unexpected<Error> FailureLatch::latch(const rocksdb::Status& status) {
  const std::lock_guard lock(mutex_);
  if (!first_) first_ = write_failure(status, directory_);
  return std::unexpected(*first_);
}

void FailureLatch::OnIOError(const rocksdb::IOErrorInfo& info) {
  using rocksdb::FileOperationType;
  const bool is_append =
      info.operation == FileOperationType::kAppend || info.operation == FileOperationType::kFlush;
  // Only a log's append: it is called from Write(), which holds nothing that SyncWAL() waits for.
  if (!is_append || !info.file_path.ends_with(".log")) return;
  (void)latch(info.io_status);
  const std::lock_guard until_no_sync_is_under_way(syncing_);
}

}  // namespace selvage::store_rocksdb
