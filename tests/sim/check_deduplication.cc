// SPDX-License-Identifier: Apache-2.0
// Deduplication: within five minutes of a send its double is answered like it and adds nothing;
// later the same id is taken again.
#include <algorithm>

#include "tests/sim/checkers.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

constexpr Duration kWindow = std::chrono::minutes(5);

class DeduplicationChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_loss(const Call& call) override {
    // It may have been the first, and nobody knows of which id.
    for_each_key(call, [&](const std::string& key, size_t) {
      auto& lost = histories_[key].lost;
      lost = std::min(lost, call.arrived);
    });
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    const auto* const sent = std::get_if<std::vector<queue::OrRefusal<queue::Sent>>>(&reply);
    if (sent == nullptr) return;
    for_each_key(call, [&](const std::string& key, size_t i) {
      if (sent->at(i)) answered(call, key, sent->at(i)->id);
    });
  }

 private:
  struct First {  // it was decided between these two
    Instant arrived;
    Instant answered;
    uint64_t broker;
  };
  struct History {
    std::map<MessageId, First> firsts;
    Instant lost = kNever;  // the arrival of the earliest send that nobody answered
  };

  template <typename Each>
  void for_each_key(const Call& call, Each&& each) {
    const auto* const send = std::get_if<queue::Send>(&call.command);
    if (send == nullptr || !lot(send->queue).is_fifo()) return;
    for (size_t i = 0; i < send->messages.size(); ++i) {
      const queue::NewMessage& m = send->messages.at(i);
      each(send->queue + "\n" + m.group + "\n" + m.deduplication_id + "\n" + m.content_digest, i);
    }
  }
  void answered(const Call& call, const std::string& key, MessageId id) {
    History& history = histories_[key];
    if (const auto known = history.firsts.find(id); known != history.firsts.end()) {
      site_.marks.hit(Mark::kDuplicate);
      if (known->second.broker != call.broker) site_.marks.hit(Mark::kDuplicateAfterRestart);
      known->second.arrived = std::min(known->second.arrived, call.arrived);
      if (call.arrived >= known->second.answered + kWindow)
        fail("a send is taken for a double after its window");
      return;
    }
    for (const auto& [other, first] : history.firsts)
      if (site_.now() < first.arrived + kWindow)
        fail("two sends with one deduplication id within five minutes are both taken");
    if (!history.firsts.empty()) site_.marks.hit(Mark::kWindowOver);
    history.firsts[id] = {std::min(call.arrived, history.lost), site_.now(), call.broker};
  }

  std::map<std::string, History> histories_;
};

}  // namespace

CheckerPtr check_deduplication(const Knowledge& k) {
  return std::make_unique<DeduplicationChecker>(k.site, k.ledger, "deduplication");
}

}  // namespace selvage::sim
