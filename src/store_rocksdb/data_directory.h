// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose directory is this? Answered before anything in it is touched.
//
//   DIR/FORMAT        "selvage-data 4\n": ours, and complete
//   DIR/FORMAT.new    the same text: ours, but its creation has not ended
//   DIR/broker.lock   locked while open; the pid of the holder
//   DIR/queues/       RocksDB's files; SYNCED, see synced_mark.h
//   DIR/reserve       blocks for bad times, see disk_room.h; may be missing
//   DIR/run, work, artifacts, *.lock   the runtime's, beside the store
//
//   empty --FORMAT.new--> begun --queues/ exists, rename--> ours
//
// FORMAT is the last step, so that a directory which has it must have its queues: when they are
// gone, something has been lost, and it is not created anew in silence.

#include <string>
#include <string_view>

#include "base/error.h"
#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {

inline constexpr std::string_view kLock = "broker.lock";  // locked while it is open

enum class Contents {
  kFree,   // nothing that is a store's: a new one may be created here
  kBegun,  // ours, but its creation has not ended
  kOurs,
};
// Looks at the marks and changes nothing.
// Failure: kVersion (foreign, or another version), kSettings (unreadable).
Result<Contents> inspect(const std::string& directory);

// Gives a directory that has a whole copy of the store in it the mark of one that is ours.
Result<void> mark_copy(const std::string& directory);

// A data directory that is ours alone until the object dies.
class DataDirectory {
 public:
  // Creates the directory if needed, checks that it is ours or free, and locks it.
  // Failure: as open_rocksdb(); a foreign directory and one of another version keep every byte.
  static Result<DataDirectory> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string queues() const { return path_ + "/queues"; }
  // Creation has not ended: queues() is missing or of no value, until mark_created().
  bool is_new() const { return is_new_; }
  Result<void> mark_created();

 private:
  DataDirectory(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Fd lock_;
  bool is_new_ = false;
};

}  // namespace selvage::store_rocksdb
