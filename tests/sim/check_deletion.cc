// SPDX-License-Identifier: Apache-2.0
// Nothing deleted returns after its acknowledged delete: a delete by the holder of the lease, a
// hand-over, a cancel, a purge.
#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class DeletionChecker final : public Checker {
 public:
  DeletionChecker(const Knowledge& k) : Checker(k.site, k.ledger, "deletion"), book_(k.book) {}

  void on_arrival(const Call& call) override {
    const auto* const purge = std::get_if<queue::PurgeQueue>(&call.command);
    const auto* const drop = std::get_if<queue::DeleteQueue>(&call.command);
    if (purge != nullptr) remember(call, purge->queue);
    if (drop != nullptr) remember(call, drop->queue);
    if (const auto* const move = std::get_if<queue::Reschedule>(&call.command))
      for (const auto& item : move->items) homes_.erase(item.id);
  }
  void on_loss(const Call& call) override { emptied_.erase(call.id); }

  void on_answer(const Call& call, const queue::Reply& reply) override {
    if (const auto* const c = std::get_if<queue::Send>(&call.command)) note_homes(*c, reply);
    if (const auto emptied = emptied_.extract(call.id);
        !emptied.empty() && std::holds_alternative<queue::Done>(reply))
      for (const MessageId id : emptied.mapped()) bury(call, id, call.arrived);
    const auto* const results = std::get_if<queue::ItemResults>(&reply);
    if (results == nullptr) return;
    for (size_t i = 0; i < results->size(); ++i)
      if (results->at(i)) done(call, i);
  }
  void on_delivery(const Call&, const queue::Delivery& delivery, const Letter& letter) override {
    const auto grave = graves_.find(delivery.message.id);
    if (grave != graves_.end() && delivery.message.leased_at > grave->second.since)
      fail("letter {} returns after its delete was answered", letter.number);
  }
  void on_survey(const Survey& survey) override {
    for (const auto& [name, queue] : survey.queues)
      for (const queue::Delivery& shown : queue.messages) {
        const auto grave = graves_.find(shown.message.id);
        if (grave != graves_.end() && grave->second.call < survey.first)
          fail("'{}' is in {} after its delete was answered", shown.payload, name);
      }
  }

 private:
  struct Grave {
    CallId call;
    Instant since;  // no later lease may be seen
  };
  void bury(const Call& call, MessageId id, Instant since) {
    graves_.emplace(id, Grave{call.id, since});
  }
  void done(const Call& call, size_t i) {
    if (const auto* const c = std::get_if<queue::Cancel>(&call.command)) {
      site_.marks.hit(Mark::kCancelled);
      bury(call, c->ids.at(i), call.arrived);
    }
    if (const auto* const c = std::get_if<queue::HandOver>(&call.command))
      settled(call, c->items.at(i).receipt, true);
    if (const auto* const c = std::get_if<queue::Delete>(&call.command))
      settled(call, c->receipts.at(i), false);
  }
  // A delete is answered well even if its receipt was revoked before, and then it has not deleted:
  // only who still holds the lease can be sure.
  void settled(const Call& call, const queue::Receipt& receipt, bool sure) {
    book_.for_each([&](const Lease& lease) {
      if (lease.receipt == receipt && (sure || site_.now() < book_.end_of(lease)))
        bury(call, lease.id, lease.since);
    });
  }

  // Purges: what was surely in the queue when they came is gone.
  void note_homes(const queue::Send& send, const queue::Reply& reply) {
    const auto* const sent = std::get_if<std::vector<queue::OrRefusal<queue::Sent>>>(&reply);
    if (sent == nullptr) return;
    for (const auto& one : *sent)
      if (one) homes_.emplace(one->id, send.queue);
  }
  void remember(const Call& call, const std::string& queue) {
    auto& ids = emptied_[call.id];
    for (const auto& [id, home] : homes_) {
      const Letter* const letter = home == queue ? ledger_.find(id) : nullptr;
      if (letter != nullptr && letter->places.size() == 1) ids.push_back(id);
    }
  }

  const LeaseBook& book_;
  std::map<MessageId, Grave> graves_;
  std::map<MessageId, std::string> homes_;  // where those were put whose sends were answered
  std::map<CallId, std::vector<MessageId>> emptied_;
};

}  // namespace

CheckerPtr check_deletion(const Knowledge& k) {
  return std::make_unique<DeletionChecker>(k);
}

}  // namespace selvage::sim
