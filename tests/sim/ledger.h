// SPDX-License-Identifier: Apache-2.0
#pragma once
// The model: every letter that somebody sent, and what is known of it from what arrived at the
// broker's door and what left it.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "tests/sim/call.h"
#include "tests/sim/site.h"

namespace selvage::sim {

// One body, known again wherever it turns up by the number in it.
struct Letter {
  uint64_t number = 0;
  std::string queue;  // where it was sent
  std::string group;
  std::string deduplication_id;
  Duration delay{0};               // the least that it was sent with
  Instant first_arrival = kNever;  // of a request with it
  uint32_t arrivals = 0;           // more than one: the standard queue may have as many copies
  bool is_known = false;           // an answer has shown it: from then on it may not vanish
  std::set<CallId> leaving;        // calls that may have taken it out of every queue
  std::set<std::string> places;    // the queues in which it may be
  Duration retention{0};           // the least among them
  bool is_damaged = false;         // its body, or that of a copy: nobody may ever see it again
};

class Ledger {
 public:
  explicit Ledger(Site& site) : site_(site) {}

  // A new letter for `queue`, and the message that carries it.
  queue::NewMessage write(const std::string& queue, const std::string& group, bool has_id);
  // The same letter once more.
  queue::NewMessage copy(uint64_t number) const;

  Letter* find(const std::string& payload);  // null, and a failure: no letter was written so
  Letter* find(MessageId id);                // null: not known
  Letter* find(const queue::Receipt& receipt);
  void damage(const std::string& payload);
  uint64_t damaged() const { return damaged_; }  // how often
  std::map<uint64_t, Letter>& letters() { return letters_; }

  void on_arrival(const Call& call);
  void on_answer(const Call& call, const queue::Reply& reply);
  // An answer shows a message; null, and a failure, if it is not what anybody sent.
  Letter* learn(const queue::Delivery& delivery);

 private:
  static std::string text_of(uint64_t number);
  void sent(const Call& call, const std::string& queue, const queue::NewMessage& message);
  void may_move(Letter& letter, const std::set<std::string>& places);
  void leaves(const Call& call, Letter* letter);
  void revoked(const Call& call, const queue::Reply& reply);
  void all_leave(const Call& call, const std::string& queue);
  void stays(const Call& call, Letter* letter);

  Site& site_;
  std::map<uint64_t, Letter> letters_;
  std::map<MessageId, uint64_t> by_id_;
  std::map<std::pair<QueueId, Seq>, uint64_t> by_place_;
  std::set<std::tuple<QueueId, Seq, LeaseToken>> revoked_;  // receipts that delete nothing
  uint64_t last_ = 0;
  uint64_t damaged_ = 0;
};

}  // namespace selvage::sim
