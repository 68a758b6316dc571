// SPDX-License-Identifier: Apache-2.0
#pragma once
// Receives that wait for a message: who is first in line for a queue, and until when.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "queue/command.h"

namespace selvage::broker {

// Names a submitted command for cancel(). Given by the caller, never used again; later ones are
// greater.
using Ticket = uint64_t;
using Done = std::move_only_function<void(queue::Reply)>;

struct Waiter {
  queue::Receive command;  // it stands in line for each of its queues
  Instant deadline;
  Done done;
};

// Not thread-safe.
class Waiters {
 public:
  void park(Ticket ticket, Waiter waiter);
  Waiter take(Ticket ticket);  // out of every line
  bool contains(Ticket ticket) const { return waiters_.contains(ticket); }
  const Waiter& at(Ticket ticket) const { return waiters_.at(ticket); }

  // Who has waited longest for a message of this queue.
  std::optional<Ticket> first_for(const std::string& queue) const;
  std::vector<Ticket> all_for(const std::string& queue) const;
  std::vector<Ticket> all_of(SessionId session) const;
  // Whose wait is over by `now`.
  std::optional<Ticket> first_due(Instant now) const;
  Instant next_deadline() const;  // kNever when nobody waits

 private:
  std::map<Ticket, Waiter> waiters_;
  std::map<std::string, std::set<Ticket>> lines_;
  std::set<std::pair<Instant, Ticket>> by_deadline_;
};

}  // namespace selvage::broker
