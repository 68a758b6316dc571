// SPDX-License-Identifier: Apache-2.0
#pragma once
// Copies of a running server's data directory, for the server itself: only the process that has the
// store open can make one.
//
//   PARENT/NAME.partial-x7Kq2m/copy ──▶ queues/, FORMAT ──▶ artifacts/ ──rename, synced──▶
//   PARENT/NAME
//
// Under its own name there is a whole copy or nothing.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "artifact/artifacts.h"
#include "base/error.h"
#include "store/store.h"

namespace selvage::app {

// What is copied; files and directory outlive the copying.
struct BackupSource {
  std::function<std::shared_ptr<store::Store>()> store;  // null while it is being opened anew
  const artifact::Artifacts* artifacts;                  // null: there are none
  std::string data;  // the data directory; of no meaning with a memory store
};

// One at a time, on a thread of its own. Thread-safe.
class Backups {
 public:
  using Done = std::function<void(Result<uint64_t> bytes)>;

  explicit Backups(BackupSource source) : source_(std::move(source)) {}
  ~Backups() { stop(); }

  // Copies everything that was durable when it was called, whatever happens meanwhile, to
  // `directory`, which is absolute, new or empty, and outside the data directory. Calls `done` once
  // on any thread, with the size of the copy when that is durable.
  // Failure: kSettings (the directory cannot be used), kInUse (another backup is being made),
  // kDiskFull, kGiveUp (nothing is kept on disk; the server stops), or the store's. Nothing is left
  // of what was copied.
  void start(const std::string& directory, Done done);
  // Ends the one under way, waits for its `done`, and makes no other.
  void stop();

 private:
  Result<uint64_t> make(const std::string& directory, const std::stop_token& stop) const;

  const BackupSource source_;
  std::mutex mutex_;  // over everything below
  bool stopped_ = false;
  bool busy_ = false;
  std::jthread thread_;
};

}  // namespace selvage::app
