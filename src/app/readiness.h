// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a server takes what is sent to it: what /readyz says.

#include <atomic>
#include <string_view>

namespace selvage::app {

// Thread-safe. Draining is for good; being read-only may come and go.
class Readiness {
 public:
  enum class State { kStarting, kReady, kReadOnly, kDraining };

  void set_started() { started_ = true; }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  void set_draining() { draining_ = true; }

  State state() const {
    if (draining_) return State::kDraining;
    if (!started_) return State::kStarting;
    return read_only_ ? State::kReadOnly : State::kReady;
  }
  // A sentence for whoever asks; says nothing of queues or files.
  static std::string_view describe(State state) {
    switch (state) {
      case State::kStarting:
        return "not ready: starting, the data is being read";
      case State::kReady:
        return "ready";
      case State::kReadOnly:
        return "not ready: read-only, the disk is full; messages are still delivered and deleted";
      case State::kDraining:
        return "not ready: draining, the server is about to stop";
    }
    return "not ready";
  }

 private:
  std::atomic<bool> started_ = false;
  std::atomic<bool> read_only_ = false;
  std::atomic<bool> draining_ = false;
};

}  // namespace selvage::app
