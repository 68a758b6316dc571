// SPDX-License-Identifier: Apache-2.0
// Retention: nothing is given that is past its time. (What is not in memory is shown until its turn
// comes: docs/decisions/0010.) That nothing goes before it is what check_loss.cc says.
#include "tests/sim/checkers.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

class RetentionChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_delivery(const Call&, const queue::Delivery& given, const Letter&) override {
    look_at(given, given.message.leased_at);
  }

 private:
  void look_at(const queue::Delivery& shown, Instant now) {
    if (shown.message.retained_from + lot(shown.queue).retention() <= now)
      fail("'{}' is shown past its retention", shown.payload);
    if (shown.message.retained_from < shown.message.sent)
      fail("'{}' was retained before it was sent", shown.payload);
  }
};

}  // namespace

CheckerPtr check_retention(const Knowledge& k) {
  return std::make_unique<RetentionChecker>(k.site, k.ledger, "retention");
}

}  // namespace selvage::sim
