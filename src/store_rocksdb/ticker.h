// SPDX-License-Identifier: Apache-2.0
#pragma once
// Does something again and again on a thread of its own.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace selvage::store_rocksdb {

// The first time after one period. The destructor waits for the one that is under way.
class Ticker {
 public:
  Ticker(std::chrono::milliseconds period, std::function<void()> work)
      : thread_([this, period, work = std::move(work)](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          while (!stopped_.wait_for(lock, stop, period, [&] { return stop.stop_requested(); }))
            work();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace selvage::store_rocksdb
