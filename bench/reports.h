// SPDX-License-Identifier: Apache-2.0
#pragma once
// A program of a stage that says when it runs, and ends when it is told to; and who listens to it.

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "process/fd.h"

namespace selvage::bench {

// One run of the program, in its own words.
struct Report {
  pid_t pid = -1;
  std::string message;  // its id
  int attempt = 0;
  std::string worker;
  int64_t at_ns = 0;  // when it had read its input to the end: the message is inside
  sockaddr_un from{};
  socklen_t from_size = 0;
};

class Reports {
 public:
  Reports();
  // What the program needs as the argument behind `--worker`.
  const std::string& name() const { return name_; }
  // The next report, in the order in which they were made; nullopt when there was none in time.
  std::optional<Report> next(std::chrono::milliseconds at_most) const;
  // Lets the program of this report end with success. One that has died is fine.
  void finish(const Report& report) const;

 private:
  process::Fd socket_;
  std::string name_;
};

// The program. Its output is the id of its message. Returns the exit code.
int report_and_wait(const std::string& name);

}  // namespace selvage::bench
