// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/recovery.h"

#include <fmt/format.h>

#include "base/log.h"
#include "store_rocksdb/failures.h"
#include "store_rocksdb/tuning.h"

namespace selvage::store_rocksdb {
namespace {

using rocksdb::WALRecoveryMode;

class Recovery {
 public:
  Recovery(rocksdb::DBOptions options, const RecoveryOptions& how)
      : options_(std::move(options)), how_(how) {}

  Result<Database> open();

 private:
  rocksdb::Status open(WALRecoveryMode mode, bool only_look);
  Result<Database> open_up_to_the_tear(const rocksdb::Status& strict);
  Result<Database> checked();
  Error lost(uint64_t readable) const;
  void close();

  rocksdb::DBOptions options_;
  const RecoveryOptions& how_;
  Database opened_;
};

Result<Database> Recovery::open() {
  const rocksdb::Status strict = open(WALRecoveryMode::kAbsoluteConsistency, false);
  if (strict.ok()) return checked();
  if (strict.IsCorruption()) return open_up_to_the_tear(strict);
  return std::unexpected(open_failure(strict, how_.directory));
}

rocksdb::Status Recovery::open(WALRecoveryMode mode, bool only_look) {
  opened_.watch = std::make_unique<LogWatch>();
  options_.wal_recovery_mode = mode;
  options_.wal_filter = opened_.watch.get();
  // A log that is shorter than RocksDB remembers is a loss that was accepted.
  options_.track_and_verify_wals_in_manifest = !how_.accept_loss;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      only_look ? rocksdb::DB::OpenForReadOnly(options_, how_.queues, column_families(),
                                               &opened_.tables, &db)
                : rocksdb::DB::Open(options_, how_.queues, column_families(), &opened_.tables, &db);
  opened_.db.reset(db);
  return status;
}

// Looks first, because opening turns what can be read into tables and deletes the logs.
Result<Database> Recovery::open_up_to_the_tear(const rocksdb::Status& strict) {
  const rocksdb::Status looked = open(WALRecoveryMode::kPointInTimeRecovery, true);
  if (!looked.ok()) return std::unexpected(open_failure(strict, how_.directory));
  const uint64_t readable = opened_.db->GetLatestSequenceNumber();
  if (readable < how_.synced && !how_.accept_loss) {
    const Error error = lost(readable);
    close();
    return std::unexpected(error);
  }
  close();
  const rocksdb::Status status = open(WALRecoveryMode::kPointInTimeRecovery, false);
  if (!status.ok()) return std::unexpected(open_failure(status, how_.directory));
  return checked();
}

Result<Database> Recovery::checked() {
  const uint64_t readable = opened_.db->GetLatestSequenceNumber();
  if (readable >= how_.synced) return std::move(opened_);
  const Error error = lost(readable);
  if (!how_.accept_loss) {
    close();
    return std::unexpected(error);
  }
  log_warn("the loss is accepted: {}", error.message);
  return std::move(opened_);
}

Error Recovery::lost(uint64_t readable) const {
  const std::string& file = opened_.watch->file();
  const std::string where = file.empty()
                                ? "the write-ahead logs (*.log) below " + how_.queues
                                : fmt::format("the write-ahead log {} or one after it", file);
  return Error{
      ErrorCode::kCorruption,
      fmt::format("{} is damaged: {} cannot be read to the end, so that at least {} records which "
                  "were acknowledged are missing; restore a backup, look closer with `selvage "
                  "doctor --data {}`, or go on without them with `selvage serve --data {} "
                  "--accept-loss`",
                  how_.directory, where, how_.synced - readable, how_.directory, how_.directory)};
}

void Recovery::close() {
  for (rocksdb::ColumnFamilyHandle* table : opened_.tables)
    opened_.db->DestroyColumnFamilyHandle(table);
  opened_ = {};
}

}  // namespace

Result<Database> open_database(rocksdb::DBOptions options, const RecoveryOptions& recovery) {
  return Recovery(std::move(options), recovery).open();
}

}  // namespace selvage::store_rocksdb
