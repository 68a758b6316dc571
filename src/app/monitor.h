// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gathers what /metrics says. A thread of its own asks the broker for its queues, a few hundred at
// a time, and writes the page: neither the threads that serve nor the one that syncs pay for it.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/readiness.h"
#include "http/server.h"
#include "metrics/commits.h"
#include "metrics/requests.h"
#include "sqs/backend.h"
#include "store/store.h"

namespace selvage::app {

// Thread-safe.
class Monitor {
 public:
  explicit Monitor(const Readiness& readiness);
  ~Monitor();  // pages that were asked for are answered with 503

  // What to count in; both live as long as the monitor.
  metrics::Requests& requests() { return requests_; }
  metrics::Commits& commits() { return commits_; }

  // Where queues and sizes are from now on: until detach(), which waits for the page that is being
  // written. Before and after there are no such figures.
  using Statistics = std::function<store::Statistics()>;
  void attach(sqs::Backend& backend, Statistics statistics);
  void detach();

  // Answers with the page, later.
  void answer(http::Responder responder);
  std::string page();

 private:
  using Queues = std::vector<queue::QueueInfo>;
  void work();
  std::optional<Queues> ask_for_queues();
  std::optional<Queues> ask_for_queues(const std::string& after);

  const Readiness& readiness_;
  metrics::Requests requests_;
  metrics::Commits commits_;

  std::mutex sources_mutex_;  // held while a page is written
  sqs::Backend* backend_ = nullptr;
  Statistics statistics_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<http::Responder> asked_;  // under mutex_, like the next
  bool stopping_ = false;
  std::thread thread_;
};

// The page of docs/reference that lists what it says.
std::string metrics_reference();

}  // namespace selvage::app
