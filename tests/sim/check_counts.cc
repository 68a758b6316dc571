// SPDX-License-Identifier: Apache-2.0
// Counts equal content: what a queue says of itself is what is in it, every message that came has
// left by a counted way or is there, and no counter runs backwards.
#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

using queue::MessageState;
using queue::Totals;

constexpr std::array kTotals = {
    &Totals::sent,   &Totals::received, &Totals::deleted, &Totals::handed_over,   &Totals::returned,
    &Totals::failed, &Totals::revoked,  &Totals::expired, &Totals::dead_lettered, &Totals::moved};
// Empty receives are kept with the queue's next change only, so they may run backwards.
static_assert(sizeof(Totals) == (kTotals.size() + 1) * sizeof(uint64_t), "name the new total");

class CountChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_survey(const Survey& survey) override {
    for (const auto& [name, queue] : survey.queues) {
      const queue::QueueInfo& info = queue.info;
      uint64_t visible = 0;
      uint64_t in_flight = 0;
      uint64_t delayed = 0;
      for (const queue::Delivery& shown : queue.messages)
        ++(shown.state == MessageState::kVisible    ? visible
           : shown.state == MessageState::kInFlight ? in_flight
                                                    : delayed);
      const auto equal = [&](uint64_t there, uint64_t said) {
        return there <= said && said <= there + ledger_.damaged();  // which are counted, not shown
      };
      if (!equal(visible, info.visible) || !equal(in_flight, info.in_flight) ||
          !equal(delayed, info.delayed))
        fail("{} says {} visible, {} in flight, {} delayed but has {}, {}, {}", name, info.visible,
             info.in_flight, info.delayed, visible, in_flight, delayed);
      const Totals& t = info.totals;
      const uint64_t left = t.deleted + t.handed_over + t.dead_lettered + t.expired + t.moved;
      if (t.sent != left + queue.size())
        fail("{} was sent {}, {} have left and {} are there", name, t.sent, left, queue.size());
      if (t.expired > 0) site_.marks.hit(Mark::kRetained);
      const auto before = last_.find({name, info.created});
      for (const auto total : kTotals)
        if (before != last_.end() && t.*total < before->second.*total)
          fail("a counter of {} runs backwards", name);
      last_[{name, info.created}] = t;
    }
  }

 private:
  std::map<std::pair<std::string, Instant>, Totals> last_;
};

}  // namespace

CheckerPtr check_counts(const Knowledge& k) {
  return std::make_unique<CountChecker>(k.site, k.ledger, "counts");
}

}  // namespace selvage::sim
