// SPDX-License-Identifier: Apache-2.0
// Who waits is given what is there: no receive goes on waiting for a standard queue beside a
// message that anybody may have. (A FIFO queue's message may be visible and yet wait for its
// group.)
#include <algorithm>

#include "tests/sim/checkers.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

class WaitingChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_arrival(const Call& call) override {
    if (std::holds_alternative<queue::Receive>(call.command)) waiting_.emplace(call.id, call);
  }
  void on_answer(const Call& call, const queue::Reply&) override { waiting_.erase(call.id); }
  void on_loss(const Call& call) override { waiting_.erase(call.id); }
  void on_cancel(const Call& call) override { waiting_.erase(call.id); }

  void on_survey(const Survey& survey) override {
    // Who waited already when it was last looked at, and waits still.
    for (const auto& [id, call] : waiting_) {
      if (id > last_.first || call.broker != last_.broker || call.broker != survey.broker) continue;
      const auto& receive = std::get<queue::Receive>(call.command);
      look_at(call, receive.queue, survey);
      for (const std::string& queue : receive.then_from) look_at(call, queue, survey);
    }
    last_ = survey;
  }

 private:
  void look_at(const Call& call, const std::string& name, const Survey& survey) {
    const auto before = last_.queues.find(name);
    const auto now = survey.queues.find(name);
    if (lot(name).is_fifo() || before == last_.queues.end() || now == survey.queues.end()) return;
    if (before->second.info.created != now->second.info.created) return;
    if (now->second.info.config.gate.until > last_.arrived) return;  // it may have been shut
    // Nobody was given anything in between, so what was visible could have been given to this one.
    if (before->second.info.totals.received != now->second.info.totals.received) return;
    for (const queue::Delivery& shown : now->second.messages)
      if (is_visible(shown) && was_visible(before->second, shown.message.id))
        fail("call {} waits for {} beside '{}'", call.id, name, shown.payload);
  }
  static bool is_visible(const queue::Delivery& shown) {
    return shown.state == queue::MessageState::kVisible;
  }
  static bool was_visible(const Survey::Queue& before, MessageId id) {
    return std::ranges::any_of(before.messages, [&](const queue::Delivery& shown) {
      return shown.message.id == id && is_visible(shown);
    });
  }

  std::map<CallId, Call> waiting_;
  Survey last_;
};

}  // namespace

CheckerPtr check_waiting(const Knowledge& k) {
  return std::make_unique<WaitingChecker>(k.site, k.ledger, "waiting");
}

}  // namespace selvage::sim
