// SPDX-License-Identifier: Apache-2.0
#pragma once
// "I am alive", as a locked file: the kernel drops the lock the moment its holder dies, and no pid
// can be mistaken for another.

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "process/fd.h"

namespace selvage::process {

// Held as long as the object lives and our process does: the descriptor is close-on-exec, so no
// program that we spawn keeps it. The file stays behind (an unlocked file means nothing).
class LockFile {
 public:
  // Creates the file if needed, locks it and writes our pid into it.
  // Failure: kInUse with the holder's pid in the message; kSettings when it cannot be created or
  // locked, kDiskFull when the pid does not fit; the lock is then not held.
  static Result<LockFile> acquire(const std::string& path);

 private:
  explicit LockFile(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// The pid of the living process that holds the lock at `path`; nullopt when nobody does (or there
// is no readable file). Does not disturb the lock. May wait some milliseconds for a new holder's
// pid.
std::optional<pid_t> lock_holder(const std::string& path);

}  // namespace selvage::process
