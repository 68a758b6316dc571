// SPDX-License-Identifier: Apache-2.0
// Retention: nothing is shown or given that is past its time. That nothing goes before it is what
// check_loss.cc says.
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
  void on_survey(const Survey& survey) override {
    // What is not in memory goes when its turn comes (docs/decisions/0010): nobody is given it
    // meanwhile, but it may still be shown.
    if (site_.memory.most < queue::MemoryLimits{}.most) return;
    for (const auto& [name, queue] : survey.queues)
      for (const queue::Delivery& shown : queue.messages) look_at(shown, survey.arrived);
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
