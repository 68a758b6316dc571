// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands on whole queues: `selvage queue …`.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/link.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::app {

struct ListQueues {
  BrokerPlace at = {};
  std::string prefix = {};
  bool json = false;
};
ExitCode list_queues(const ListQueues& settings);

// What is absent stays as it is, or as Amazon has it for a new queue. Durations in whole seconds.
struct QueueOptions {
  std::optional<Duration> visibility = {};
  std::optional<Duration> delay = {};
  std::optional<Duration> retention = {};
  std::optional<Duration> wait = {};
  std::optional<int64_t> max_size = {};  // bytes
  std::string dead_letters = {};         // a queue's name; empty: none given
  bool no_dead_letters = false;
  int max_receives = 10;  // with dead_letters
  bool content_deduplication = false;
  std::vector<std::pair<std::string, std::string>> tags = {};
};
struct ChangeQueue {
  BrokerPlace at = {};
  std::string name = {};
  bool fifo = false;  // also when the name ends in .fifo; looked at by create_queue only
  QueueOptions options = {};
  bool json = false;
};
ExitCode create_queue(const ChangeQueue& settings);
ExitCode set_queue(const ChangeQueue& settings);

struct ShowQueue {
  BrokerPlace at = {};
  std::string name = {};
  bool json = false;
};
ExitCode show_queue(const ShowQueue& settings);

// Needs `yes`, or a person at a terminal who says it. When one queue does not exist nothing is
// done.
struct RemoveQueues {
  BrokerPlace at = {};
  std::vector<std::string> names = {};
  bool yes = false;
  bool json = false;
};
ExitCode delete_queues(const RemoveQueues& settings);
ExitCode purge_queues(const RemoveQueues& settings);

}  // namespace selvage::app
