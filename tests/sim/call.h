// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be seen at the broker's door: requests that arrive and answers that leave. The model and
// the checkers know nothing else.

#include "queue/command.h"

namespace selvage::sim {

using CallId = uint64_t;  // in the order of arrival, which is the order in which they are decided

struct Call {
  CallId id = 0;
  queue::Command command;
  Instant arrived{};
  uint64_t broker = 0;  // which incarnation it came to
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_arrival(const Call&) {}
  virtual void on_answer(const Call&, const queue::Reply&) {}
  // The broker is gone, and with it the answer: it may have taken effect or not.
  virtual void on_loss(const Call&) {}
  // Who made it is gone: if it waits, it is never answered.
  virtual void on_cancel(const Call&) {}
  virtual void on_broker_up(uint64_t /*broker*/) {}
};

}  // namespace selvage::sim
