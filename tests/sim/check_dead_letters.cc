// SPDX-License-Identifier: Apache-2.0
// Dead letters: a message goes there when it was taken or has failed too often, not before and not
// later; it is then there and nowhere else, says where it came from, and its evidence is with it.
#include <algorithm>

#include "tests/sim/checkers.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

class DeadLetterChecker final : public Checker {
 public:
  DeadLetterChecker(const Knowledge& k)
      : Checker(k.site, k.ledger, "dead letters"), book_(k.book) {}

  void on_arrival(const Call& call) override {
    if (const auto* const c = std::get_if<queue::Reschedule>(&call.command))
      for (const auto& item : c->items) {
        dead_.erase(item.id);
        moved_.insert(item.id);
      }
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    const auto* const c = std::get_if<queue::Fail>(&call.command);
    const auto* const results = std::get_if<std::vector<queue::OrRefusal<queue::Failed>>>(&reply);
    if (c == nullptr || results == nullptr) return;
    for (size_t i = 0; i < results->size(); ++i)
      if (results->at(i)) failed(call, c->items.at(i), *results->at(i));
  }
  void on_delivery(const Call& call, const queue::Delivery& given, const Letter&) override {
    look_at(given, call.id);
    const queue::Redrive* const redrive = lot(given.queue).redrive();
    if (redrive != nullptr && given.message.taken > redrive->max_receives)
      fail("'{}' is given the {}th time from {}", given.payload, given.message.taken, given.queue);
    const auto known = evidence_.find(given.message.id);
    if (known == evidence_.end()) return;
    for (const std::string& one : known->second)
      if (std::ranges::find(given.evidence, one) == given.evidence.end())
        fail("'{}' has lost the evidence {}", given.payload, one);
  }
  void on_survey(const Survey& survey) override {
    for (const auto& [name, queue] : survey.queues)
      for (const queue::Delivery& shown : queue.messages) look_at(shown, survey.first);
  }

 private:
  struct Dead {
    CallId call;
    std::string from;
  };
  void failed(const Call& call, const queue::Fail::Item& item, const queue::Failed& result) {
    book_.for_each([&](const Lease& lease) {
      if (lease.receipt != item.receipt) return;
      evidence_[lease.id].push_back(item.evidence);
      const queue::Redrive* const redrive = lot(lease.queue).redrive();
      if (result.dead && redrive == nullptr) fail("{} has no dead letters", lease.queue);
      if (!result.dead && redrive != nullptr && item.poison)
        fail("poison is not sent to the dead letters of {}", lease.queue);
      if (!result.dead) return;
      site_.marks.hit(item.poison ? Mark::kPoison : Mark::kDeadByFailures);
      dead_[lease.id] = {call.id, lease.queue};
    });
  }
  void look_at(const queue::Delivery& shown, CallId call) {
    const auto dead = dead_.find(shown.message.id);
    if (dead != dead_.end() && dead->second.call < call && shown.queue == dead->second.from)
      fail("'{}' is in {} although it is dead", shown.payload, shown.queue);
    const Lot& here = lot(shown.queue);
    if (here.redrive() != nullptr && !moved_.contains(shown.message.id) &&
        shown.message.deaths >= here.config.retry->deaths)
      fail("'{}' has killed {} workers and is in {}", shown.payload, shown.message.deaths,
           shown.queue);
    const std::string& source = shown.message.source;
    if (source.empty()) return;
    const queue::Redrive* const redrive = lot(source).redrive();
    if (redrive == nullptr) fail("'{}' says that it comes from {}", shown.payload, source);
    if (is_dead_letter_queue(shown.queue) && dead == dead_.end() && shown.message.failed == 0 &&
        redrive != nullptr && shown.message.taken_before >= redrive->max_receives)
      site_.marks.hit(Mark::kDeadByReceives);
  }

  const LeaseBook& book_;
  std::map<MessageId, Dead> dead_;
  std::set<MessageId> moved_;  // by hand: its attempts elsewhere go with it
  std::map<MessageId, std::vector<std::string>> evidence_;
};

}  // namespace

CheckerPtr check_dead_letters(const Knowledge& k) {
  return std::make_unique<DeadLetterChecker>(k);
}

}  // namespace selvage::sim
