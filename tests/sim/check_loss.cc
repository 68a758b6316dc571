// SPDX-License-Identifier: Apache-2.0
// Nothing acknowledged is lost: what an answer has shown is there until somebody takes it out or
// its time is over. Nothing is there more often than it was sent.
#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class LossChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_survey(const Survey& survey) override {
    std::map<uint64_t, uint32_t> copies;
    for (const auto& [name, queue] : survey.queues)
      for (const queue::Delivery& shown : queue.messages) {
        Letter* const letter = ledger_.find(shown.payload);
        if (letter == nullptr) return;
        ++copies[letter->number];
        // Whatever came before the survey has been decided, and has not taken it (of several copies
        // it may have taken another).
        if (letter->arrivals == 1)
          letter->leaving.erase(letter->leaving.begin(), letter->leaving.lower_bound(survey.first));
        if (!letter->places.contains(name))
          fail("letter {} is in {}, where nobody sent it", letter->number, name);
      }
    for (auto& [number, letter] : ledger_.letters()) {
      const auto found = copies.find(number);
      const uint32_t there = found == copies.end() ? 0 : found->second;
      if (there > letter.arrivals) fail("letter {} is there {} times", number, there);
      if (letter.is_damaged) continue;
      if (there > 0 || !letter.is_known || !letter.leaving.empty()) continue;
      if (letter.first_arrival + letter.retention <= survey.answered) continue;
      fail("letter {} for {} was answered and is gone", number, letter.queue);
    }
  }
};

}  // namespace

CheckerPtr check_loss(const Knowledge& k) {
  return std::make_unique<LossChecker>(k.site, k.ledger, "loss");
}

}  // namespace selvage::sim
