// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two small memories of a FIFO queue: which receive gave what, and how often it was called.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "queue/message.h"

namespace selvage::queue {

// How long a receive can be asked for again by its id (ReceiveMessage, ReceiveRequestAttemptId).
inline constexpr Duration kAttemptWindow = std::chrono::minutes(5);

// What receives with an attempt id gave. Kept in memory only: after a restart a repeated attempt is
// a new receive, which finds the messages when their leases end. Not thread-safe.
class Attempts {
 public:
  struct Lease {
    Seq seq;
    LeaseToken token;
    Instant until;  // the lease's end as given: another one shows that it was changed since
  };
  using Leases = std::vector<Lease>;

  // nullptr: unknown, or too long ago.
  const Leases* find(const std::string& id, Instant now);
  void remember(const std::string& id, Leases leases, Instant now);
  // Of a known one: its window goes on counting from the first.
  void renew(const std::string& id, Leases leases) { known_.at(id).second = std::move(leases); }

 private:
  std::map<std::string, std::pair<Instant, Leases>> known_;  // with the end of its window
  std::deque<std::pair<Instant, std::string>> by_end_;
};

// Counts calls per second and action.
class Throttle {
 public:
  enum Action : uint8_t { kSend, kReceive, kDelete, kChangeVisibility };
  // Counts one call; true when more than `limit` came in this second.
  bool is_over(Action action, uint32_t limit, Instant now);

 private:
  Instant second_{};
  std::array<uint32_t, 4> calls_{};
};

}  // namespace selvage::queue
