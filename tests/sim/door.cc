// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/door.h"

#include <algorithm>

#include "tests/sim/town.h"

namespace selvage::sim {

using queue::Delivery;
using queue::Refusal;
using Deliveries = std::vector<Delivery>;

Door::Door(Site& site, Ledger& ledger) : site_(site), ledger_(ledger), book_(site) {
  const Knowledge k{site, ledger, book_};
  for (const auto make : {check_loss, check_deletion, check_holders, check_vesting, check_fifo,
                          check_deduplication, check_hand_over, check_counts, check_dead_letters,
                          check_sessions, check_retention, check_waiting})
    checkers_.push_back(make(k));
}

void Door::on_arrival(const Call& call) {
  site_.say("call {} of kind {} arrives at {}", call.id, call.command.index(), call.broker);
  ledger_.on_arrival(call);
  book_.on_arrival(call);
  for (const CheckerPtr& checker : checkers_) checker->on_arrival(call);
}

void Door::on_answer(const Call& call, const queue::Reply& reply) {
  const auto* const refusal = std::get_if<Refusal>(&reply);
  site_.say("call {} is answered with {} {}", call.id, reply.index(),
            refusal == nullptr ? -1 : static_cast<int>(*refusal));
  ledger_.on_answer(call, reply);
  for (const CheckerPtr& checker : checkers_) checker->on_answer(call, reply);
  book_.on_answer(call, reply);
  if (const auto* const given = std::get_if<Deliveries>(&reply))
    for (const Delivery& delivery : *given) deliver(call, delivery);
  if (const auto* const peeked = std::get_if<queue::Peeked>(&reply))
    for (const Delivery& delivery : peeked->messages) show(delivery);
  mark(call, reply);
}

void Door::deliver(const Call& call, const Delivery& delivery) {
  site_.say("  '{:.12}' of {} seq {} taken {} until {}", delivery.payload, delivery.queue,
            delivery.receipt.seq.value, delivery.message.taken, to_micros(delivery.message.vest));
  const Letter* const letter = ledger_.learn(delivery);
  if (letter == nullptr) return;
  for (const CheckerPtr& checker : checkers_) {
    checker->on_shown(*letter);
    checker->on_delivery(call, delivery, *letter);
  }
  book_.book(call, delivery);
  mark(delivery, *letter);
}

void Door::show(const Delivery& delivery) {
  const Letter* const letter = ledger_.learn(delivery);
  if (letter == nullptr) return;
  for (const CheckerPtr& checker : checkers_) checker->on_shown(*letter);
}

void Door::on_loss(const Call& call) {
  for (const CheckerPtr& checker : checkers_) checker->on_loss(call);
}

void Door::on_cancel(const Call& call) {
  for (const CheckerPtr& checker : checkers_) checker->on_cancel(call);
}

void Door::on_broker_up(uint64_t broker) {
  up_since_ = site_.now();
  book_.on_broker_up(broker);
  for (const CheckerPtr& checker : checkers_) checker->on_broker_up(broker);
}

void Door::on_survey(const Survey& survey) {
  site_.say("survey");
  for (const CheckerPtr& checker : checkers_) checker->on_survey(survey);
}

void Door::at_end() {
  for (const CheckerPtr& checker : checkers_) checker->at_end();
}

void Door::mark(const Call& call, const queue::Reply& reply) {
  Marks& marks = site_.marks;
  const auto* const refusal = std::get_if<Refusal>(&reply);
  if (const auto* const receive = std::get_if<queue::Receive>(&call.command)) {
    const auto* const given = std::get_if<Deliveries>(&reply);
    // The first look comes within a millisecond, and the answer after a sync.
    const bool waited = site_.now() > call.arrived + std::chrono::seconds(6);
    if (given != nullptr && waited)
      marks.hit(given->empty() ? Mark::kPollEmpty : Mark::kPollServed);
    if (refusal != nullptr && waited && *refusal == Refusal::kNoSuchQueue && receive->wait)
      marks.hit(Mark::kPollDismissed);
  }
  if (std::holds_alternative<queue::PurgeQueue>(call.command) && refusal == nullptr)
    marks.hit(Mark::kPurged);
  if (std::holds_alternative<queue::CancelMove>(call.command) && refusal == nullptr)
    marks.hit(Mark::kMoveCancelled);
  if (const auto* const move = std::get_if<queue::Reschedule>(&call.command))
    if (const auto* const results = std::get_if<queue::ItemResults>(&reply))
      if (results->front() && !move->items.front().to.empty()) marks.hit(Mark::kMovedByHand);
  if (const auto* const tasks = std::get_if<std::vector<queue::MoveTask>>(&reply)) mark(*tasks);
  if (const auto* const open = std::get_if<queue::OpenSession>(&call.command))
    if (open->resume && refusal == nullptr) mark(*open);
}

void Door::mark(const queue::OpenSession& resumed) {
  book_.for_each([&](const Lease& lease) {
    const bool is_its = lease.session == resumed.resume && lease.end > site_.now();
    if (is_its && std::ranges::find(resumed.holding, lease.receipt) == resumed.holding.end())
      site_.marks.hit(Mark::kSurplusReturned);
  });
}

void Door::mark(const Delivery& delivery, const Letter& letter) {
  for (const std::string& evidence : delivery.evidence) {
    if (evidence.find("did not come back") != std::string::npos) site_.marks.hit(Mark::kGraceOver);
    if (evidence.find("lease ran out") != std::string::npos) site_.marks.hit(Mark::kLeaseRanOut);
  }
  if (is_dead_letter_queue(delivery.queue))
    died_.insert(letter.number);
  else if (died_.contains(letter.number) && delivery.message.source.empty())
    site_.marks.hit(Mark::kDeadPath);
}

void Door::mark(const std::vector<queue::MoveTask>& tasks) {
  for (const queue::MoveTask& task : tasks) {
    const bool is_running = task.status == queue::MoveTask::Status::kRunning;
    if (is_running && task.started < up_since_) resumed_.insert(task.id);
    if (!is_running && resumed_.contains(task.id)) site_.marks.hit(Mark::kMoveResumed);
  }
}

}  // namespace selvage::sim
