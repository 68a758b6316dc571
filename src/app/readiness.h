// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether a server takes what is sent to it: what /readyz says.

#include <atomic>
#include <string_view>

#include "broker/health.h"

namespace selvage::app {

// Thread-safe. Draining is for good; what hinders the store may come and go.
class Readiness {
 public:
  enum class State { kStarting, kReady, kReadOnly, kDown, kDraining };

  void set_started() { started_ = true; }
  void set(broker::Health::State health) { health_ = health; }
  void set_draining() { draining_ = true; }

  State state() const {
    if (draining_) return State::kDraining;
    if (!started_) return State::kStarting;
    switch (health_.load()) {
      case broker::Health::State::kOk:
        return State::kReady;
      case broker::Health::State::kReadOnly:
        return State::kReadOnly;
      case broker::Health::State::kDown:
        return State::kDown;
    }
    return State::kDown;
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
      case State::kDown:
        return "not ready: the data cannot be written; it is opened again and again until it can";
      case State::kDraining:
        return "not ready: draining, the server is about to stop";
    }
    return "not ready";
  }

 private:
  std::atomic<bool> started_ = false;
  std::atomic<broker::Health::State> health_ = broker::Health::State::kOk;
  std::atomic<bool> draining_ = false;
};

}  // namespace selvage::app
