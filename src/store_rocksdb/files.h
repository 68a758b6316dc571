// SPDX-License-Identifier: Apache-2.0
#pragma once
// The few things that the data directory needs of a file system, each with a sentence that a person
// can act on when it fails. Where the directory and a name are asked for, the sentence names the
// directory: that is what people know.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace selvage::store_rocksdb {

// Owns a file descriptor; -1 is none.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// kDiskFull, the same sentence wherever it happens.
Error disk_full(const std::string& directory);

// `doing` what in `directory` failed, with the errno `error`: kDiskFull or kSettings.
Error os_failure(std::string_view doing, const std::string& directory, int error);

// Creates the directory for its owner only, and its parents, so that they survive a loss of power.
// An existing directory is fine and left as it is.
Result<void> make_directories(const std::string& directory);

// The names in a directory, in no order.
Result<std::vector<std::string>> list(const std::string& directory);

// The first bytes of a small file (at most 256); nullopt when there is none.
Result<std::optional<std::string>> read_small(const std::string& directory, std::string_view name);

// Creates or replaces a file; it and its name are durable on return.
Result<void> write_synced(const std::string& directory, std::string_view name,
                          std::string_view text);

// Gives a file another name in the same directory, durable on return.
Result<void> rename_synced(const std::string& directory, std::string_view from,
                           std::string_view to);

// Locks a file that is created as needed and holds our pid from then on. The kernel drops the lock
// when the last copy of the descriptor closes. Failure: kInUse, naming the holder.
Result<Fd> lock(const std::string& directory, std::string_view name);

// As long as it is held nobody can lock() the file. Writes nothing; holds nothing when there is no
// such file. Failure: kInUse, naming the holder.
Result<Fd> lock_out(const std::string& directory, std::string_view name);

}  // namespace selvage::store_rocksdb
