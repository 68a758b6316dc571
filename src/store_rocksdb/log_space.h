// SPDX-License-Identifier: Apache-2.0
#pragma once
// The write-ahead log overwrites zeros instead of growing. An append that moves the end of a file
// makes its sync write the inode too; so the end is moved before, much at a time, on a thread that
// nobody waits for:
//
//   | records | zeros, synced or about to be           |
//             ^ position                               ^ end of the file, up to 1 MiB ahead
//
// Zeros read as the end of a log, in every mode of recovery, and a closed log has none. Where
// nothing can be filled (no room, an error) the log just grows, as it would without all this.
// RocksDB is told the position when it asks for the size of a log, so that copies end with a
// record.

#include <rocksdb/file_system.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {

// One log: how far it was written and how far it was filled. One thread appends, one fills.
class LogSpace {
 public:
  explicit LogSpace(const std::string& path);

  // For whoever appends. begin_append() waits as long as zeros are being written to where the bytes
  // will stand; it says whether more should be filled.
  bool begin_append(uint64_t bytes);
  void end_append(uint64_t bytes);
  uint64_t position() const;

  // For whoever fills: up to kAhead behind the position.
  void fill();
  void stop();  // no byte of it changes later

 private:
  bool fill_to(uint64_t from, uint64_t to) const;

  const Fd file_;  // our own: else an error of writing could be told to us instead of to RocksDB
  mutable std::mutex mutex_;
  std::condition_variable filled_up_;
  bool filling_ = false;   // under mutex_, like all that follows
  bool stopped_ = false;   // nothing can be filled or nothing should
  uint64_t position_ = 0;  // where the next record goes
  uint64_t reserved_ = 0;  // not before position_: the end of the append under way
  uint64_t filled_ = 0;    // zeros up to here, or soon
};

// RocksDB's file system, with such logs. Thread-safe.
class LogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  LogFileSystem();
  LogFileSystem(const LogFileSystem&) = delete;
  LogFileSystem& operator=(const LogFileSystem&) = delete;
  ~LogFileSystem() override;

  const char* Name() const override { return "selvage"; }
  // check-length: the parameters are RocksDB's
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options,
                                uint64_t* size, rocksdb::IODebugContext* debug) override;

 private:
  class File;
  void want_more();
  void closed(const std::string& path);
  void run();

  std::mutex mutex_;
  std::condition_variable wanted_;
  bool stopping_ = false;                                  // under mutex_, like all that follows
  bool is_short_ = false;                                  // newest_ should be filled
  std::map<std::string, std::shared_ptr<LogSpace>> open_;  // by path
  std::shared_ptr<LogSpace> newest_;                       // the only one that still grows
  std::thread thread_;                                     // last: it uses the others
};

}  // namespace selvage::store_rocksdb
