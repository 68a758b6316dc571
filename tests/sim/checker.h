// SPDX-License-Identifier: Apache-2.0
#pragma once
// A checker tests one property against what was seen at the broker's door.

#include <map>
#include <string>
#include <vector>

#include "tests/sim/ledger.h"

namespace selvage::sim {

// Everything that was there at one moment: all queues, looked at in one turn.
struct Survey {
  struct Queue {
    queue::QueueInfo info;
    std::vector<queue::Delivery> messages;  // their receipts have no token
    uint64_t size() const { return info.visible + info.in_flight + info.delayed; }
  };
  CallId first = 0;   // of the calls that asked
  Instant arrived{};  // it was decided between these two
  Instant answered{};
  uint64_t broker = 0;
  std::map<std::string, Queue> queues;
};

class Checker : public Observer {
 public:
  Checker(Site& site, Ledger& ledger, const char* name)
      : site_(site), ledger_(ledger), name_(name) {}

  // A consumer is given a message; after on_answer() of the ledger, before this one's.
  virtual void on_delivery(const Call&, const queue::Delivery&, const Letter&) {}
  // Somebody looks at a message.
  virtual void on_shown(const Letter&) {}
  virtual void on_survey(const Survey&) {}
  virtual void at_end() {}

 protected:
  template <typename... Args>
  void fail(fmt::format_string<Args...> format, Args&&... args) {
    site_.verdict.fail(name_, fmt::format(format, std::forward<Args>(args)...));
  }
  Site& site_;
  Ledger& ledger_;

 private:
  const char* name_;
};

}  // namespace selvage::sim
