// SPDX-License-Identifier: Apache-2.0
#pragma once
// The messages of one queue in vesting order. Everything about when a message may be received is
// its vesting time; visible, delayed and leased differ in nothing else. Whose turn it is among
// those that have vested is the line's business: fair_line.h, group_line.h.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "queue/fair_line.h"
#include "queue/group_line.h"
#include "queue/message.h"

namespace selvage::queue {

// 1. Every message is either in the line (vested) or pending (not yet), which is ordered by (vest,
// seq).
// 2. in_flight and delayed count the pending ones; both are exact after advance(now).
// Not thread-safe.
class MessageIndex {
 public:
  explicit MessageIndex(bool is_fifo) {
    if (is_fifo) line_.emplace<GroupLine>();
  }

  // `message` must outlive no change: pointers are valid until the message is removed.
  void insert(Seq seq, Message message, Instant now);
  void remove(Seq seq);
  // The only way to change a message: takes it out of the order, lets `change` edit it, puts it
  // back. Its group must stay.
  template <typename Change>
  void update(Seq seq, Instant now, Change&& change) {
    Message& message = unlink(seq);
    by_age_.erase({message.retained_from, seq});
    change(message);
    by_age_.emplace(message.retained_from, seq);
    link(seq, message, now);
  }
  void clear();

  // Moves what has vested by `now` to the line; returns the leases that ran out on the way.
  std::vector<Seq> advance(Instant now);

  const Message* find(Seq seq) const;
  const Message* find(MessageId id, Seq& seq) const;  // sets `seq` when it is found
  // Whose turn it is; nullopt when nothing may be received now.
  std::optional<Seq> first_ready() const;
  // After a receive took one of `group`: what the same receive takes next, the rest of a FIFO
  // queue's group first.
  std::optional<Seq> next_ready(const std::string& group) const;
  // A consumer takes the message: its group has had a turn. Before the change that leases it.
  void charge(Seq seq);
  // The message whose retention began first; nullopt when there is none.
  std::optional<std::pair<Instant, Seq>> oldest() const;
  Instant next_vesting() const;  // of the pending ones; kNever when there are none

  uint64_t visible() const { return messages_.size() - pending_.size(); }
  uint64_t in_flight() const { return in_flight_; }
  uint64_t delayed() const { return pending_.size() - in_flight_; }
  size_t size() const { return messages_.size(); }
  template <typename Each>
  void for_each(Each&& each) const {
    for (const auto& [at, seq] : by_age_) each(seq, messages_.at(seq));
  }
  // From the one after `after` on (the first if absent), oldest first, until `each` returns false.
  template <typename Each>
  void walk(const std::optional<std::pair<Instant, Seq>>& after, Each&& each) const {
    auto at = after ? by_age_.upper_bound(*after) : by_age_.begin();
    while (at != by_age_.end() && each(at->second, messages_.at(at->second))) ++at;
  }
  void audit(Instant now) const;  // CHECKs the invariants

 private:
  using Order = std::set<std::pair<Instant, Seq>>;
  Message& unlink(Seq seq);
  void link(Seq seq, Message& message, Instant now);
  void to_line(Seq seq, const Message& message);
  bool from_line(Seq seq, const Message& message);
  void hold_back(Seq seq, const Message& message, bool begins);  // a pending message and its group

  std::unordered_map<Seq, Message> messages_;
  std::variant<FairLine, GroupLine> line_;
  Order pending_;
  Order by_age_;                        // (retained_from, seq)
  std::map<MessageId, Seq> elsewhere_;  // those that stand not where their id says: dead letters
  uint64_t in_flight_ = 0;
};

}  // namespace selvage::queue
