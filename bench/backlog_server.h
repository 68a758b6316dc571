// SPDX-License-Identifier: Apache-2.0
#pragma once
// One of the two servers of bench/backlog, with its queues and the ledger of them.

#include <optional>
#include <string>
#include <string_view>

#include "bench/backlog_work.h"
#include "bench/workflow_run.h"

namespace selvage::bench {

class BacklogServer {
 public:
  struct Settings {
    int64_t queues = 1;
    int64_t groups = 0;  // above 0: FIFO queues
    size_t connections = 16;
    size_t body_bytes = 1024;
  };
  explicit BacklogServer(const Settings& settings);  // starts it, makes the queues

  pid_t pid() const { return selvage_->pid(); }
  std::string data() const { return directory_.path("data"); }
  Stock& stock() { return stock_; }
  Desk& desk() { return desk_; }

  void run(Work& work);
  // Sends messages; the last one may be delayed, each by a random part of the spread.
  void fill(int64_t count, int64_t spread_ms = 0);
  // Until nothing is left. False: the server has no more to give, and should have.
  bool drain();
  void purge();
  // Waits until it uses next to no CPU: compactions have ended. At most a minute.
  void await_calm() const;
  // SIGKILL, start, receive: milliseconds from the spawn until a message has come (it stays).
  double revive_ms();
  // Queues whose counts are not exactly those of the ledger. Nothing may be under way.
  int64_t wrong_counts();

 private:
  void start() { selvage_.emplace(Selvage::serve(directory_)); }
  std::vector<std::string> call_each(std::string_view action, std::string_view members);

  Directory directory_;
  std::optional<Selvage> selvage_;
  Stock stock_;
  Desk desk_;
  const size_t connections_;
};

}  // namespace selvage::bench
