// SPDX-License-Identifier: Apache-2.0
#pragma once
// "I am alive", as a locked file: the kernel drops the lock the moment its holder dies, and no pid
// can be mistaken for another.

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "process/fd.h"

namespace selvage::process {

// Held as long as the object lives. The file stays behind (an unlocked file means nothing).
class LockFile {
 public:
  // Creates the file if needed, locks it (flock(2)) and writes our pid into it.
  // Failure: kInUse with the holder's pid in the message; kSettings when it cannot be created.
  static Result<LockFile> acquire(const std::string& path);

 private:
  explicit LockFile(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// The pid of the living process that holds the lock at `path`; nullopt when nobody does.
std::optional<pid_t> lock_holder(const std::string& path);

}  // namespace selvage::process
