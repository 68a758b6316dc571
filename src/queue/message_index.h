// SPDX-License-Identifier: Apache-2.0
#pragma once
// Those messages of one queue that are in memory, in vesting order. Everything about when a message
// may be received is its vesting time; visible, delayed and leased differ in nothing else. Whose
// turn it is among those that have vested is the line's business: fair_line.h, group_line.h; which
// messages are in memory is the window's: window.h.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "queue/fair_line.h"
#include "queue/group_line.h"
#include "queue/message.h"
#include "queue/place.h"

namespace selvage::queue {

// 1. Every message is either in the line (vested) or pending (not yet), which is ordered by (vest,
// seq).
// 2. in_flight and retrying count the pending ones among the held.
// Not thread-safe.
class MessageIndex {
 public:
  struct Entry {
    Message message;
    Place place;
  };
  // What time has done, see advance().
  struct Vested {
    std::vector<Seq> run_out;      // leases
    std::vector<Seq> delays_over;  // in the delayed lane still: the caller gives them their place
  };

  explicit MessageIndex(bool is_fifo) {
    if (is_fifo) line_.emplace<GroupLine>();
  }

  void insert(Seq seq, Entry entry, Instant now);
  void remove(Seq seq);
  // The only way to change a message: takes it out of the order, lets `change` edit the entry, puts
  // it back. Its group must stay.
  template <typename Change>
  void update(Seq seq, Instant now, Change&& change) {
    Entry& entry = unlink(seq);
    const Instant age = entry.message.retained_from;
    change(entry);
    if (entry.message.retained_from != age) {
      by_age_.erase({age, seq});
      by_age_.emplace(entry.message.retained_from, seq);
    }
    link(seq, entry, now);
  }
  void clear();

  // Moves what has vested by `now` to the line, but for what has to change its place first.
  Vested advance(Instant now);

  // Valid until the message is removed.
  const Entry* find(Seq seq) const;
  // Whose turn it is; nullopt when nothing may be received now.
  std::optional<Seq> first_ready() const;
  // After a receive took one of `group`: what the same receive takes next, the rest of a FIFO
  // queue's group first.
  std::optional<Seq> next_ready(const std::string& group) const;
  // How many stand in line. Of a FIFO queue some of them may have to wait for their group.
  size_t in_line() const {
    return std::visit([](const auto& line) { return line.size(); }, line_);
  }
  // A consumer takes the message: its group has had a turn. Before the change that leases it.
  void charge(Seq seq);
  // The message whose retention began first; nullopt when there is none.
  std::optional<std::pair<Instant, Seq>> oldest() const;
  Instant next_vesting() const;                  // of the pending ones; kNever when there are none
  std::optional<Position> last_delayed() const;  // in the order of the delayed lane

  uint64_t held() const { return held_; }
  uint64_t in_flight() const { return in_flight_; }
  uint64_t retrying() const { return retrying_; }  // held by nobody, and not vested yet
  size_t size() const { return messages_.size(); }
  // Oldest first.
  template <typename Each>
  void for_each(Each&& each) const {
    for (const auto& [at, seq] : by_age_) each(seq, messages_.at(seq));
  }
  void audit(Instant now) const;  // CHECKs the invariants

 private:
  Entry& unlink(Seq seq);
  void link(Seq seq, Entry& entry, Instant now);
  void count(const Entry& entry, int by);  // a pending one comes or goes
  bool from_line(Seq seq, const Message& message);
  void hold_back(Seq seq, const Message& message, bool begins);  // a pending message and its group

  std::unordered_map<Seq, Entry> messages_;
  std::variant<FairLine, GroupLine> line_;
  std::set<std::pair<Instant, Seq>> pending_;  // (vest, seq)
  std::set<std::pair<Instant, Seq>> by_age_;   // (retained_from, seq)
  std::set<Position> delayed_;                 // of the delayed lane
  uint64_t held_ = 0;
  uint64_t in_flight_ = 0;
  uint64_t retrying_ = 0;
};

}  // namespace selvage::queue
