// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who holds which message as far as can be known at the broker's door, and until when nobody else
// may be given it. Where that is not known the book errs on the early side.

#include <map>
#include <optional>
#include <vector>

#include "tests/sim/checker.h"

namespace selvage::sim {

struct Lease {
  queue::Receipt receipt;
  SessionId session;
  Instant since{};
  Instant end{};              // the least that it can be
  Instant released = kNever;  // from then on it may have ended by its holder's doing
  CallId call = 0;            // the receive that gave it
  std::string queue;
  std::string group;
  MessageId id;
};

class LeaseBook {
 public:
  explicit LeaseBook(Site& site) : site_(site) {}

  void on_arrival(const Call& call);
  void on_answer(const Call& call, const queue::Reply& reply);  // before deliveries are booked
  void on_broker_up(uint64_t broker);
  void book(const Call& call, const queue::Delivery& delivery);

  const Lease* find(MessageId id) const;  // the latest
  // From when on somebody else may be given the message.
  Instant end_of(const Lease& lease) const;
  template <typename Each>
  void for_each(Each&& each) const {
    for (const auto& [id, lease] : leases_) each(lease);
  }

 private:
  struct Session {
    Instant released = kNever;   // somebody asked to close it
    Instant abandoned = kNever;  // a restart's grace is over, unless it is resumed
    uint64_t broker = 0;         // that opened or resumed it last
    struct Resume {
      CallId call;
      Instant arrived;
      std::vector<queue::Receipt> holding;
    };
    std::vector<Resume> resumes;
  };
  struct Change {  // of a visibility, not answered yet or never
    CallId call;
    uint64_t broker;
    Instant end;
  };
  using Place = std::pair<QueueId, Seq>;
  static Place place_of(const queue::Receipt& receipt) { return {receipt.queue, receipt.seq}; }

  // An answer of a broker shows that the session lives there.
  void alive(SessionId id, uint64_t broker, bool resumed);
  Lease* at(const queue::Receipt& receipt);
  void release(const queue::Receipt& receipt, Instant when);
  void changed(const Call& call, const queue::ChangeVisibility& command, const queue::Reply& reply);

  Site& site_;
  std::map<MessageId, Lease> leases_;
  std::map<Place, MessageId> ids_;
  std::map<Place, std::vector<Change>> changes_;
  std::map<SessionId, Session> sessions_;
  uint64_t broker_ = 0;
  Instant grace_over_ = kNever;  // of what the present broker found
};

}  // namespace selvage::sim
