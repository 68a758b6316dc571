// SPDX-License-Identifier: Apache-2.0
// No delivery before the vesting time: the delay of a send, of a return, of a failure, of an
// operator's hand is waited for.
#include <algorithm>

#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class VestingChecker final : public Checker {
 public:
  VestingChecker(const Knowledge& k) : Checker(k.site, k.ledger, "vesting"), book_(k.book) {}

  void on_arrival(const Call& call) override {
    if (const auto* const c = std::get_if<queue::Reschedule>(&call.command))
      for (const auto& item : c->items) {
        floors_[item.id] = {};
        // A move task may give it another id, by which nobody knows of the change.
        if (Letter* const letter = ledger_.find(item.id)) letter->delay = Duration{0};
      }
    // What it may have been given back at is not known before the answer.
    if (const auto* const c = std::get_if<queue::Return>(&call.command))
      for (const auto& item : c->items) forget(item.receipt);
    if (const auto* const c = std::get_if<queue::Fail>(&call.command))
      for (const auto& item : c->items) forget(item.receipt);
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    if (const auto* const c = std::get_if<queue::Return>(&call.command)) {
      const auto* const results = std::get_if<queue::ItemResults>(&reply);
      for (size_t i = 0; results != nullptr && i < c->items.size(); ++i)
        if (results->at(i)) wait(c->items.at(i).receipt, call.arrived + c->items.at(i).delay);
    }
    if (const auto* const c = std::get_if<queue::Fail>(&call.command)) {
      const auto* const results = std::get_if<std::vector<queue::OrRefusal<queue::Failed>>>(&reply);
      for (size_t i = 0; results != nullptr && i < c->items.size(); ++i)
        if (const auto& one = results->at(i); one && !one->dead)
          wait(c->items.at(i).receipt, call.arrived + one->delay);
    }
    if (const auto* const c = std::get_if<queue::Reschedule>(&call.command)) {
      const auto* const results = std::get_if<queue::ItemResults>(&reply);
      for (size_t i = 0; results != nullptr && i < c->items.size(); ++i)
        if (const auto& item = c->items.at(i); results->at(i) && item.delay)
          floors_[item.id] = {call.arrived + *item.delay, ""};
    }
  }
  void on_delivery(const Call&, const queue::Delivery& given, const Letter& letter) override {
    const Instant at = given.message.leased_at;
    const auto floor = floors_.find(given.message.id);
    if (floor == floors_.end()) {
      if (given.queue == letter.queue && at < letter.first_arrival + letter.delay)
        fail("letter {}, which first came at {} with a delay of {}, is given at {}", letter.number,
             to_micros(letter.first_arrival), letter.delay.count(), to_micros(at));
      return;
    }
    const auto& [until, queue] = floor->second;
    if ((queue.empty() || queue == given.queue) && at < until)
      fail("letter {} is given at {} although it had to wait until {}", letter.number,
           to_micros(at), to_micros(until));
  }

 private:
  struct Floor {
    Instant until{};
    std::string queue;  // only there; empty: anywhere
  };
  const Lease* lease_of(const queue::Receipt& receipt) const {
    const Lease* found = nullptr;
    book_.for_each([&](const Lease& lease) {
      if (lease.receipt == receipt) found = &lease;
    });
    return found;
  }
  void forget(const queue::Receipt& receipt) {
    if (const Lease* const lease = lease_of(receipt)) floors_[lease->id] = {};
  }
  void wait(const queue::Receipt& receipt, Instant until) {
    if (const Lease* const lease = lease_of(receipt)) floors_[lease->id] = {until, lease->queue};
  }

  const LeaseBook& book_;
  std::map<MessageId, Floor> floors_;
};

}  // namespace

CheckerPtr check_vesting(const Knowledge& k) {
  return std::make_unique<VestingChecker>(k);
}

}  // namespace selvage::sim
