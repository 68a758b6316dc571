// SPDX-License-Identifier: Apache-2.0
// One holder per lease at a time: nobody is given a message whose lease another one still holds, a
// lease lasts as long as was asked, and a receipt that was given up settles nothing any more.
#include <tuple>

#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class HolderChecker final : public Checker {
 public:
  HolderChecker(const Knowledge& k) : Checker(k.site, k.ledger, "holder"), book_(k.book) {}

  void on_answer(const Call& call, const queue::Reply& reply) override {
    const auto* const results = std::get_if<queue::ItemResults>(&reply);
    const auto* const failures = std::get_if<std::vector<queue::OrRefusal<queue::Failed>>>(&reply);
    if (const auto* const c = std::get_if<queue::Return>(&call.command); c && results)
      for (size_t i = 0; i < results->size(); ++i)
        if (results->at(i)) settled(call, c->items.at(i).receipt);
    if (const auto* const c = std::get_if<queue::HandOver>(&call.command); c && results)
      for (size_t i = 0; i < results->size(); ++i)
        if (results->at(i)) settled(call, c->items.at(i).receipt);
    if (const auto* const c = std::get_if<queue::Fail>(&call.command); c && failures)
      for (size_t i = 0; i < failures->size(); ++i)
        if (failures->at(i)) settled(call, c->items.at(i).receipt);
  }
  void on_delivery(const Call& call, const queue::Delivery& given, const Letter& letter) override {
    const Lease* const former = book_.find(given.message.id);
    const auto& command = std::get<queue::Receive>(call.command);
    if (!given.receipt.token) fail("letter {} is given without a lease", letter.number);
    const Duration lasts = given.message.vest - given.message.leased_at;
    if (command.visibility && lasts < *command.visibility)
      fail("letter {} is leased for {} us only", letter.number, lasts.count());
    if (given.message.session != command.session)
      fail("letter {} is given to another session than asked", letter.number);
    if (former == nullptr) return;
    if (former->receipt == given.receipt) {
      if (command.attempt.empty()) fail("letter {}: one lease is given twice", letter.number);
      site_.marks.hit(Mark::kAttemptRepeated);
      return;
    }
    if (given.message.leased_at < former->since) return;  // told late: see LeaseBook::book()
    if (given.message.leased_at < book_.end_of(*former))
      fail("letter {} is given at {} while call {} holds it until {}", letter.number,
           to_micros(given.message.leased_at), former->call, to_micros(book_.end_of(*former)));
  }

 private:
  // Each of these ends the lease for good.
  void settled(const Call& call, const queue::Receipt& receipt) {
    const auto name = std::tuple(receipt.queue, receipt.seq, receipt.token);
    const auto [at, fresh] = settled_.emplace(name, call.id);
    if (!fresh) fail("call {} settles the lease that call {} has settled", call.id, at->second);
  }

  const LeaseBook& book_;
  std::map<std::tuple<QueueId, Seq, LeaseToken>, CallId> settled_;
};

}  // namespace

CheckerPtr check_holders(const Knowledge& k) {
  return std::make_unique<HolderChecker>(k);
}

}  // namespace selvage::sim
