// SPDX-License-Identifier: Apache-2.0
// A hand-over is all or nothing: its input is gone and every output is there, or the input is as it
// was and no output is anywhere.
#include <algorithm>

#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

class HandOverChecker final : public Checker {
 public:
  HandOverChecker(const Knowledge& k) : Checker(k.site, k.ledger, "hand-over"), book_(k.book) {}

  void on_arrival(const Call& call) override {
    if (const auto* const c = std::get_if<queue::PurgeQueue>(&call.command)) emptied(c->queue);
    if (const auto* const c = std::get_if<queue::DeleteQueue>(&call.command)) emptied(c->queue);
    const auto* const c = std::get_if<queue::HandOver>(&call.command);
    if (c == nullptr) return;
    for (const auto& item : c->items)
      if (!item.outputs.empty()) arrived(item);
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    const auto* const c = std::get_if<queue::HandOver>(&call.command);
    const auto* const results = std::get_if<queue::ItemResults>(&reply);
    if (c == nullptr || results == nullptr) return;
    for (size_t i = 0; i < results->size(); ++i) {
      const auto& item = c->items.at(i);
      if (item.outputs.empty()) continue;
      Deal& deal = deals_.at(number_of(item));
      (results->at(i) ? deal.is_done : deal.is_refused) = true;
      if (results->at(i) && item.outputs.size() > 1) site_.marks.hit(Mark::kHandOverDone);
      if (!results->at(i) && results->at(i).error() == queue::Refusal::kLeaseGone)
        site_.marks.hit(Mark::kFenced);
    }
  }
  void on_delivery(const Call&, const queue::Delivery& given, const Letter& letter) override {
    Instant& last = last_lease_[given.message.id];
    last = std::max(last, given.message.leased_at);
    see(letter.number);
  }
  void on_shown(const Letter& letter) override { see(letter.number); }
  void at_end() override {
    for (const auto& [number, deal] : deals_) judge(deal);
  }

 private:
  struct Deal {  // one hand-over of one input, known by its first output's number

    std::vector<uint64_t> outputs;
    MessageId input;
    Instant since{};  // of the lease it was handed over under
    uint32_t arrivals = 0;
    bool is_done = false;
    bool is_refused = false;
  };

  uint64_t number_of(const queue::HandOver::Item& item) {
    const Letter* const letter = ledger_.find(item.outputs.front().message.payload);
    return letter == nullptr ? 0 : letter->number;
  }
  void arrived(const queue::HandOver::Item& item) {
    Deal& deal = deals_[number_of(item)];
    if (++deal.arrivals > 1) return;
    for (const auto& output : item.outputs)
      if (const Letter* const letter = ledger_.find(output.message.payload)) {
        deal.outputs.push_back(letter->number);
        deal_of_[letter->number] = number_of(item);
      }
    book_.for_each([&](const Lease& lease) {
      if (lease.receipt != item.receipt) return;
      deal.input = lease.id;
      deal.since = lease.since;
    });
  }
  void emptied(const std::string& queue) {
    for (auto& [number, letter] : ledger_.letters())
      if (letter.places.contains(queue)) excused_.insert(number);
  }
  void see(uint64_t number) {
    if (!seen_.insert(number).second) return;
    const auto deal = deal_of_.find(number);
    if (deal == deal_of_.end()) return;
    const Deal& made = deals_.at(deal->second);
    if (made.is_refused && !made.is_done && made.arrivals == 1)
      fail("output {} of a refused hand-over is there", number);
  }
  bool is_excused(uint64_t number) {
    const Letter& letter = ledger_.letters().at(number);
    return letter.is_damaged || excused_.contains(number) ||
           letter.first_arrival + letter.retention <= site_.now();
  }
  void judge(const Deal& deal) {
    const auto is_seen = [&](uint64_t number) { return seen_.contains(number); };
    const bool any = std::ranges::any_of(deal.outputs, is_seen);
    if (deal.outputs.empty()) return;
    if (!deal.is_done && !deal.is_refused)
      site_.marks.hit(any ? Mark::kHandOverUnanswered : Mark::kHandOverForgotten);
    if (!any && !deal.is_done) return;
    for (const uint64_t number : deal.outputs)
      if (!is_seen(number) && !is_excused(number))
        fail("output {} of a hand-over is missing: it {}", number,
             deal.is_done ? "was answered" : "has other outputs");
    const auto last = last_lease_.find(deal.input);
    if (any && last != last_lease_.end() && last->second > deal.since)
      fail("the input of a hand-over with output {} was given again", deal.outputs.front());
  }

  const LeaseBook& book_;
  std::map<uint64_t, Deal> deals_;
  std::map<uint64_t, uint64_t> deal_of_;  // by output
  std::set<uint64_t> seen_;
  std::set<uint64_t> excused_;
  std::map<MessageId, Instant> last_lease_;
};

}  // namespace

CheckerPtr check_hand_over(const Knowledge& k) {
  return std::make_unique<HandOverChecker>(k);
}

}  // namespace selvage::sim
