// SPDX-License-Identifier: Apache-2.0
// One holder per lease at a time: nobody is given a message whose lease another one still holds.
#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class HolderChecker final : public Checker {
 public:
  HolderChecker(const Knowledge& k) : Checker(k.site, k.ledger, "holder"), book_(k.book) {}

  void on_delivery(const Call& call, const queue::Delivery& given, const Letter& letter) override {
    const Lease* const former = book_.find(given.message.id);
    const auto& command = std::get<queue::Receive>(call.command);
    if (!given.receipt.token) fail("letter {} is given without a lease", letter.number);
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
  const LeaseBook& book_;
};

}  // namespace

CheckerPtr check_holders(const Knowledge& k) {
  return std::make_unique<HolderChecker>(k);
}

}  // namespace selvage::sim
