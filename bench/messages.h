// SPDX-License-Identifier: Apache-2.0
#pragma once
// Messages in, messages out, counters: the client's side of a benchmark.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "process/reactor.h"

namespace selvage::bench {

// One try to send the message `number`, the first word of its body.
struct Send {
  int64_t number = 0;
  int64_t begun_ns = 0;
  int64_t ended_ns = 0;       // 0: under way
  bool acknowledged = false;  // false when ended: nobody knows whether it took effect
};

// Several connections, each of which sends one message after the other. A failed try is not
// repeated: its number is given up, and after a moment the next one is sent.
class Load {
 public:
  struct Settings {
    http::Endpoint endpoint;
    std::string queue;
    int connections = 8;
    int64_t limit = INT64_MAX;  // tries
    size_t body_bytes = 100;
  };
  Load(process::Reactor& reactor, Settings settings);

  void start();
  void stop() { stopped_ = true; }
  bool is_idle() const { return under_way_ == 0; }
  const std::vector<Send>& sends() const { return sends_; }
  // When the first of the sends that began after `begun_ns` was acknowledged; 0: none yet.
  int64_t first_acknowledged(int64_t begun_ns) const;

 private:
  void send_next(client::Client& client);

  process::Reactor& reactor_;
  Settings settings_;
  std::vector<std::unique_ptr<client::Client>> clients_;
  std::vector<Send> sends_;
  int under_way_ = 0;
  bool stopped_ = false;
};

// Sends `count` messages; a failure ends the program.
void fill(const http::Endpoint& endpoint, const std::string& queue, int64_t count);

// Counters of a queue; all zero when there is no such queue.
client::QueueStatistics statistics_of(const http::Endpoint& endpoint, const std::string& queue);

// Takes every message out of a queue; calls back with each body. Ends when the queue is empty.
void drain(const http::Endpoint& endpoint, const std::string& queue,
           const std::function<void(const std::string& body)>& each);

}  // namespace selvage::bench
