// SPDX-License-Identifier: Apache-2.0
#pragma once
// A `selvage` of one's own: in a directory that is removed afterwards, on a free port, on a disk.

#include <string>
#include <vector>

#include "http/client.h"
#include "process/fd.h"
#include "process/spawn.h"

namespace selvage::bench {

// The path of this program, and of the selvage that it measures: $SELVAGE, else ../selvage beside
// it.
std::string own_path();
std::string selvage_path();

// A new directory beside this program, or in $SELVAGE_BENCH_DIR. One in memory ends the program:
// an fsync would cost nothing there.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A running `selvage up` or `selvage serve`, ready to answer. What it logs goes to selvage.log in
// its directory, and to standard error when the program gives up. It does not outlive us.
class Selvage {
 public:
  // `up` with this text as its workflow file; data in `data` of the directory.
  static Selvage up(const Directory& directory, const std::string& workflow);
  static Selvage serve(const Directory& directory);
  // Another program that says where it listens as selvage does; nothing is added to its words.
  static Selvage other(const Directory& directory, const std::vector<std::string>& argv);
  ~Selvage();
  Selvage(Selvage&&) = default;

  pid_t pid() const { return child_.pid; }
  const http::Endpoint& endpoint() const { return endpoint_; }
  process::Ended stop();  // SIGTERM, and waits; not to be called twice

 private:
  Selvage(const Directory& directory, const std::vector<std::string>& argv);

  process::Child child_;
  http::Endpoint endpoint_;
};

}  // namespace selvage::bench
