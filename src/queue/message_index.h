// SPDX-License-Identifier: Apache-2.0
#pragma once
// The messages of one queue in vesting order. Everything about when a message may be received is
// its vesting time; visible, delayed and leased differ in nothing else.

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "queue/message.h"

namespace selvage::queue {

// 1. Every message is in exactly one of ready (vested) and pending (not yet), ordered by (vest,
// seq).
// 2. in_flight and delayed count the pending ones; both are exact after advance(now).
// Not thread-safe.
class MessageIndex {
 public:
  // `message` must outlive no change: pointers are valid until the message is removed.
  void insert(Seq seq, Message message, Instant now);
  void remove(Seq seq);
  // The only way to change a message: takes it out of the order, lets `change` edit it, puts it
  // back.
  template <typename Change>
  void update(Seq seq, Instant now, Change&& change) {
    Message& message = unlink(seq);
    change(message);
    link(seq, message, now);
  }

  // Moves what has vested by `now` to ready; returns the leases that ran out on the way.
  std::vector<Seq> advance(Instant now);

  const Message* find(Seq seq) const;
  std::optional<Seq> first_ready() const;
  // The longest waiting message by time of sending; nullopt when there is none.
  std::optional<std::pair<Instant, Seq>> oldest() const;
  Instant next_vesting() const;  // of the pending ones; kNever when there are none

  uint64_t visible() const { return ready_.size(); }
  uint64_t in_flight() const { return in_flight_; }
  uint64_t delayed() const { return pending_.size() - in_flight_; }
  size_t size() const { return messages_.size(); }
  template <typename Each>
  void for_each(Each&& each) const {
    for (const auto& [at, seq] : by_age_) each(seq, messages_.at(seq));
  }
  void audit(Instant now) const;  // CHECKs the invariants

 private:
  using Order = std::set<std::pair<Instant, Seq>>;
  Message& unlink(Seq seq);
  void link(Seq seq, Message& message, Instant now);

  std::unordered_map<Seq, Message> messages_;
  Order ready_;
  Order pending_;
  Order by_age_;  // (sent, seq)
  uint64_t in_flight_ = 0;
};

}  // namespace selvage::queue
