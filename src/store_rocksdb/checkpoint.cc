// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/checkpoint.h"

#include <fmt/format.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <system_error>
#include <vector>

#include "base/copy.h"

namespace selvage::store_rocksdb {
namespace {

using Files = std::vector<rocksdb::LiveFileStorageInfo>;

// While it lives no file of the database goes away.
class KeptFiles {
 public:
  explicit KeptFiles(rocksdb::DB& db) : db_(db) {}
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;
  ~KeptFiles() {
    if (begun_) db_.EnableFileDeletions(/*force=*/false);
  }
  rocksdb::Status begin() {
    const rocksdb::Status status = db_.DisableFileDeletions();
    begun_ = status.ok();
    return status;
  }

 private:
  rocksdb::DB& db_;
  bool begun_ = false;
};

Error source_failure(const rocksdb::Status& status) {
  return {
      status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kRetry,
      fmt::format("the store cannot say which files it has ({}): try again", status.ToString())};
}

// The files of one moment. Syncs the log on its way, hence the lock: see FailureLatch.
Result<Files> list_files(rocksdb::DB& db, FailureLatch& failures) {
  const std::lock_guard lock(failures.syncing());
  SELVAGE_TRY(failures.sound());
  rocksdb::LiveFilesStorageInfoOptions options;
  options.wal_size_for_flush = std::numeric_limits<uint64_t>::max();  // never flush: it would stall
  Files files;
  const rocksdb::Status status = db.GetLiveFilesStorageInfo(options, &files);
  if (!status.ok()) return std::unexpected(source_failure(status));
  return files;
}

Result<void> copy_file(const rocksdb::LiveFileStorageInfo& file, const std::string& queues) {
  const std::string from = file.directory + "/" + file.relative_filename;
  const std::string to = queues + "/" + file.relative_filename;
  if (!file.replacement_contents.empty()) return write_new(to, file.replacement_contents);
  const bool never_changes = file.file_type == rocksdb::kTableFile;
  return never_changes ? link_or_copy(from, to) : copy_head(from, to, file.size);
}

}  // namespace

Result<void> copy_database(rocksdb::DB& db, FailureLatch& failures, const std::string& queues,
                           const std::stop_token& stop) {
  if (::mkdir(queues.c_str(), 0700) != 0)
    return failure(ErrorCode::kSettings, fmt::format("cannot create {}: {}", queues,
                                                     std::generic_category().message(errno)));
  KeptFiles kept(db);
  if (const rocksdb::Status begun = kept.begin(); !begun.ok())
    return std::unexpected(source_failure(begun));
  const Result<Files> files = list_files(db, failures);
  if (!files) return std::unexpected(files.error());
  for (const rocksdb::LiveFileStorageInfo& file : *files) {
    if (stop.stop_requested()) return failure(ErrorCode::kGiveUp, "the server stops");
    SELVAGE_TRY(copy_file(file, queues));
  }
  return sync_directory(queues);
}

}  // namespace selvage::store_rocksdb
