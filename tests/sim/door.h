// SPDX-License-Identifier: Apache-2.0
#pragma once
// Stands at the broker's door and tells the model and every checker what passes, in order.

#include <memory>
#include <set>
#include <vector>

#include "tests/sim/checkers.h"

namespace selvage::sim {

class Door final : public Observer {
 public:
  Door(Site& site, Ledger& ledger);

  void on_arrival(const Call& call) override;
  void on_answer(const Call& call, const queue::Reply& reply) override;
  void on_loss(const Call& call) override;
  void on_cancel(const Call& call) override;
  void on_broker_up(uint64_t broker) override;
  void on_survey(const Survey& survey);
  void at_end();

 private:
  void deliver(const Call& call, const queue::Delivery& delivery);
  void show(const queue::Delivery& delivery);
  void mark(const Call& call, const queue::Reply& reply);
  void mark(const queue::Delivery& delivery, const Letter& letter);
  void mark(const std::vector<queue::MoveTask>& tasks);
  void mark(const queue::OpenSession& resumed);

  Site& site_;
  Ledger& ledger_;
  LeaseBook book_;
  std::vector<CheckerPtr> checkers_;
  std::set<uint64_t> died_;       // letters seen among the dead letters
  std::set<MoveTaskId> resumed_;  // move tasks that ran when a later broker came up
  Instant up_since_{};
};

}  // namespace selvage::sim
