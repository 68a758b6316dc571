// SPDX-License-Identifier: Apache-2.0
#pragma once
// The queues of the simulated world: few, and each there for what is special in it.

#include <set>
#include <string>
#include <vector>

#include "queue/queue_commands.h"

namespace selvage::sim {

struct Lot {
  std::string name;
  queue::ConfigPatch config;

  bool is_fifo() const { return config.fifo; }
  Duration retention() const { return config.retention.value_or(std::chrono::days(4)); }
  Duration delay() const { return config.delay.value_or(Duration{0}); }
  const queue::Redrive* redrive() const {
    return config.redrive && *config.redrive ? &**config.redrive : nullptr;
  }
};

// In the order in which they can be made: dead-letter queues first.
const std::vector<Lot>& town();
const Lot& lot(const std::string& name);
bool is_dead_letter_queue(const std::string& name);
// The queue, where its dead letters go, and where those are moved on to: b and f.fifo.
std::set<std::string> reach(const std::string& name);

inline const std::string kScratch = "scratch";  // made and deleted by operators all the time
inline const std::string kBrief = "brief";      // with a tiny retention

}  // namespace selvage::sim
