// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a worker's program writes to standard error, kept line by line with the time and the message
// it was working on: one JSON object a line in DIR/run/logs/WORKER.log.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace selvage::incident {

std::string logs_directory(const std::string& data);
std::string log_path(const std::string& data, const std::string& worker);

struct LogLimits {
  size_t file_bytes = 4 << 20;        // then it becomes WORKER.log.1 and a new one begins
  size_t line_bytes = 8 << 10;        // longer lines are kept in pieces
  size_t bytes_per_second = 1 << 20;  // of what the program writes; more is not kept
  size_t burst_bytes = 4 << 20;       // but so much at once
};

// 1. One write(2) for all that came together; the file and FILE.1 are bounded.
// 2. It never fails its caller: lines that cannot be kept are lost, counted, and told of once here
//    and where they are missing.
// One writer for each file. Not thread-safe.
class WorkerLog {
 public:
  // Nothing is opened before there is something to write.
  explicit WorkerLog(std::string path, LogLimits limits = {});
  ~WorkerLog();
  WorkerLog(const WorkerLog&) = delete;
  WorkerLog& operator=(const WorkerLog&) = delete;

  // `bytes` as they came; `message`: the id of what it works on, empty: nothing.
  void take(Instant now, std::string_view message, std::string_view bytes);
  // The attempt is over: what has no line's end yet is a line.
  void end_line(Instant now, std::string_view message);

 private:
  bool has_budget(Instant now, size_t bytes);
  void add(Instant now, std::string_view message, std::string_view line);
  void add_pieces(Instant now, std::string_view message, std::string_view line);
  void write();
  bool open();
  bool has_room();
  bool append();
  void complain(std::string_view what);

  const std::string path_;
  const LogLimits limits_;
  int fd_ = -1;
  size_t size_ = 0;         // of the file
  std::string unended_;     // the beginning of a line
  bool skipping_ = false;   // the rest of a line whose beginning was not kept
  std::string batch_;       // to be written at once
  size_t batch_lines_ = 0;  // that are in it, or are told in it as missing
  size_t missing_ = 0;      // lines that were not kept since the last that was
  bool failing_ = false;    // and it was said
  double budget_;           // bytes that may come
  Instant budget_at_{};
};

// A line that was kept.
struct Said {
  Instant at{};
  std::string message;  // empty: between two
  std::string line;
};
// Of a line of such a file; nullopt: it is none.
std::optional<Said> parse_said(std::string_view json);

}  // namespace selvage::incident
