// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: a real engine in virtual time behind the port, without threads and without a store.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "queue/driver_fixture.h"
#include "queue/engine.h"
#include "sqs/backend.h"

namespace selvage::sqs {

// One thread: decides at once, keeps what was decided as a store would.
class EngineBackend final : public Backend {
 public:
  Ticket submit(queue::Command command, Done done) override {
    if (std::holds_alternative<queue::SetQueue>(command))
      if (const auto meanwhile = std::exchange(before_set, nullptr)) meanwhile();
    std::optional<Duration> wait;
    if (const auto* const receive = std::get_if<queue::Receive>(&command))
      wait = receive->wait.value_or(Duration{0});
    submitted.push_back(command);
    queue::Reply reply = decide(std::move(command));
    const auto* const deliveries = std::get_if<std::vector<queue::Delivery>>(&reply);
    ++last_ticket_;
    if (wait > Duration{0} && deliveries != nullptr && deliveries->empty())
      parked.emplace(last_ticket_, std::move(done));
    else if (holds_answers)
      held.emplace_back(std::move(done), std::move(reply));
    else
      done(std::move(reply));
    return last_ticket_;
  }
  void cancel(Ticket ticket) override {
    cancelled.push_back(ticket);
    parked.erase(ticket);
  }
  std::shared_ptr<const queue::Policies> policies() const override { return policies_; }

  void back_up(const std::string& directory, const BackedUp& done) override {
    backed_up.push_back(directory);
    done(backup);
  }

  // As a broker does when the wait of those that are parked is over.
  void end_waits() {
    for (auto& [ticket, done] : std::exchange(parked, {})) done(std::vector<queue::Delivery>{});
  }
  // As a broker whose store has become durable.
  void answer_held() {
    holds_answers = false;
    for (auto& [done, reply] : std::exchange(held, {})) done(std::move(reply));
  }
  // Lets time pass as a broker does: from one deadline of the engine to the next.
  void let_pass(Duration time) {
    const Instant end = clock.now() + time;
    while (engine_.next_event() <= end) {
      clock.advance(std::max(engine_.next_event() - clock.now(), Duration{0}));
      driver_.advance(clock.now());
    }
    clock.advance(end - clock.now());
  }
  template <typename Command>
  const Command& last() const {
    return std::get<Command>(submitted.back());
  }

  ManualClock clock;
  std::vector<queue::Command> submitted;
  std::vector<Ticket> cancelled;
  std::vector<std::string> backed_up;       // where to
  selvage::Result<uint64_t> backup = 4096;  // what became of it
  std::map<Ticket, Done> parked;
  bool holds_answers = false;
  std::vector<std::pair<Done, queue::Reply>> held;
  std::function<void()> before_set;  // once, before the next SetQueue is decided

 private:
  queue::Reply decide(queue::Command command) {
    driver_.advance(clock.now());
    queue::Reply reply = driver_.ask(std::move(command), clock.now());
    engine_.audit(clock.now());
    if (auto changed = engine_.take_policies()) policies_ = std::move(changed);
    if (auto* const deliveries = std::get_if<std::vector<queue::Delivery>>(&reply))
      fill_in(*deliveries);
    if (auto* const peeked = std::get_if<queue::Peeked>(&reply)) fill_in(peeked->messages);
    return reply;
  }
  void fill_in(std::vector<queue::Delivery>& deliveries) {
    for (queue::Delivery& d : deliveries) {
      d.payload = journal_.payload(d.receipt.queue, d.receipt.seq);
      d.evidence = journal_.evidence_of(d.receipt.queue, d.receipt.seq);
    }
  }

  SeededRandom random_{1};
  queue::Engine engine_{random_};
  queue::Journal journal_;
  queue::Driver driver_{engine_, journal_};
  Ticket last_ticket_ = 0;
  std::shared_ptr<const queue::Policies> policies_;
};

}  // namespace selvage::sqs
