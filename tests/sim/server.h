// SPDX-License-Identifier: Apache-2.0
#pragma once
// One incarnation of the broker: the real shard, and the two loops of broker.cc as steps of one
// thread in virtual time. Read broker/broker.h first.
//
//   submit ─▶ inbox ─▶ turn: submit*, tick, commit ─▶ applied ─▶ sync begins ─▶ sync ends: answers
//                       └─ turns go on while a sync is under way ─┘

#include <map>
#include <memory>
#include <vector>

#include "broker/shard.h"
#include "store/inspect.h"
#include "tests/sim/call.h"
#include "tests/sim/site.h"

namespace selvage::sim {

// 1. An answer leaves only after a sync that began after its turn was applied.
// 2. Nothing leaves a server that is down.
// 3. Nothing that was decided after fence() leaves.
class Server : public std::enable_shared_from_this<Server> {
 public:
  using OnReply = std::function<void(const queue::Reply*)>;  // null: the server went down
  struct Owner {  // who is told what happens at the door, and about the end
    Observer& observer;
    std::function<uint64_t()> lost_bodies;  // how many messages may be without
    std::function<void(const Error&)> on_down;
  };

  Server(Site& site, Owner owner, uint64_t number)
      : site_(site), owner_(std::move(owner)), number_(number) {}

  Result<void> open();
  CallId submit(CallId id, queue::Command command, OnReply on_reply);
  // What is submitted from now on is decided in a turn of its own; nothing else is due in that
  // turn.
  void separate() { inbox_.push_back({0, Arrival::kSeparate}); }
  void cancel(CallId id);
  void fence() { fenced_ = true; }  // another one owns the shard now
  void kill();                      // everything that was not answered is lost
  bool is_up() const { return up_; }
  uint64_t number() const { return number_; }
  const queue::Engine& engine() const { return shard_->engine(); }

 private:
  struct Open {
    Call call;
    OnReply on_reply;
  };
  struct Arrival {
    CallId id;
    enum { kCall, kCancel, kSeparate } kind = kCall;
  };
  struct Decided {
    broker::Turn turn;
    bool fenced;
  };

  void plan_turn(Instant when);
  void turn();
  Result<void> decide(const std::vector<Arrival>& arrivals);
  void begin_sync();
  void end_sync(uint64_t position);
  void answer(CallId id, const queue::Reply& reply);
  void audit();
  store::Census look_into_store();  // which has to hang together
  // What was told of all queues in the turn decided last is what the store has now.
  void hold_against_store();
  void fail(const Error& error);

  Site& site_;
  Owner owner_;
  uint64_t number_;
  std::unique_ptr<broker::Shard> shard_;
  std::map<CallId, Open> open_;
  std::vector<Arrival> inbox_;
  std::vector<Decided> applied_;
  std::vector<Decided> syncing_;
  Instant next_turn_ = kNever;
  Instant busy_until_{};
  uint64_t turns_ = 0;
  uint64_t turns_during_sync_ = 0;
  bool up_ = false;
  bool fenced_ = false;
};

}  // namespace selvage::sim
