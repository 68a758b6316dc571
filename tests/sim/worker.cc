// SPDX-License-Identifier: Apache-2.0
// A worker with a session, as a runner is: takes messages, hands over, fails, gives back, dies,
// hangs, and resumes with the receipts it holds when its connection breaks.
#include <deque>

#include "tests/sim/client.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using queue::Delivery;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Worker final : public Client {
 public:
  using Client::Client;

  void start() override {
    queue_ = chance().pick(town()).name;
    fails_ = chance().between(5, 60);
    open();
  }
  void retire() override {
    Client::retire();
    if (session_) end(chance().one_in(2));
  }

 private:
  // A step of this life: not taken any more by one that has died or retired meanwhile.
  template <typename Step>
  auto living(const Step& step) {
    return [this, step, life = life_](auto... args) {
      if (life == life_ && !retired_) step(args...);
    };
  }
  // The same for who opens a session: one that nobody wants any more is closed.
  template <typename Step>
  auto opening(const Step& step) {
    return [this, step, life = life_](const queue::Reply* reply) {
      const auto* const opened = reply == nullptr ? nullptr : std::get_if<queue::Opened>(reply);
      if (life == life_ && !retired_) return step(reply);
      if (opened != nullptr) close(*opened, false);
    };
  }
  template <typename Step>
  void pause(Duration wait, const Step& step) {
    later(wait, living(step));
  }

  void open() {
    session_ = {};
    held_.clear();
    post_.call(queue::OpenSession{}, kPatience, opening([this](const queue::Reply* reply) {
                 const auto* const opened =
                     reply == nullptr ? nullptr : std::get_if<queue::Opened>(reply);
                 if (opened == nullptr) return pause(milliseconds(300), [this] { open(); });
                 session_ = opened->session;
                 generation_ = opened->generation;
                 take();
               }));
  }
  void take() {
    queue::Receive receive{.queue = queue_,
                           .max = static_cast<uint32_t>(chance().between(1, 3)),
                           .visibility = seconds(chance().between(20, 300)),
                           .wait = seconds(chance().between(0, 20)),
                           .session = session_};
    const Duration patience = *receive.wait + kPatience;
    post_.call(receive, patience, living([this](const queue::Reply* reply) {
                 if (reply == nullptr) return resume([this] { work(); });
                 if (const auto* const no = std::get_if<queue::Refusal>(reply)) {
                   if (*no == queue::Refusal::kNoSession) return open();
                   return pause(seconds(1), [this] { take(); });
                 }
                 for (const Delivery& d : std::get<std::vector<Delivery>>(*reply))
                   held_.push_back(d);
                 work();
               }));
  }
  // The connection broke: the broker is told what this worker knows it holds, and then it goes on.
  template <typename Then>
  void resume(const Then& then) {
    std::vector<queue::Receipt> holding;
    for (const Delivery& d : held_) holding.push_back(d.receipt);
    post_.call(queue::OpenSession{session_, holding}, kPatience,
               opening([this, then](const queue::Reply* reply) {
                 if (reply == nullptr)
                   return pause(milliseconds(200), [this, then] { resume(then); });
                 const auto* const opened = std::get_if<queue::Opened>(reply);
                 if (opened == nullptr) return open();
                 generation_ = opened->generation;
                 then();
               }));
  }
  void work() {
    if (held_.empty()) return pause(milliseconds(20), [this] { take(); });
    const Duration takes = chance().between(milliseconds(1), seconds(chance().one_in(8) ? 30 : 1));
    pause(takes, [this] { finish_one(); });
  }
  void finish_one() {
    const Delivery& d = held_.front();
    const uint64_t dice = chance().below(100);
    if (chance().percent(fails_)) return fail(d);
    if (dice < 65) return settle(hand_over(d));
    if (dice < 75) return settle(queue::Delete{d.queue, {d.receipt}});
    if (dice < 85)
      return settle(queue::Return{{{d.receipt, milliseconds(chance().below(3) * 900)}}});
    if (dice < 90) {
      const Duration timeout = seconds(chance().between(1, 300));
      post_.call(queue::ChangeVisibility{d.queue, {{d.receipt, timeout}}}, kPatience,
                 living([this](const queue::Reply*) { work(); }));
      return;
    }
    if (dice < 95) return die();
    site_.marks.hit(Mark::kWorkerHung);
    pause(seconds(chance().between(5, 300)), [this] { finish_one(); });
  }
  void fail(const Delivery& d) {
    const std::string evidence = "{\"try\":" + std::to_string(chance().random().next()) + "}";
    settle(
        queue::Fail{{{d.receipt, site_.now(), evidence, chance().one_in(9), chance().one_in(6)}}});
  }
  queue::HandOver hand_over(const Delivery& d) {
    queue::HandOver command{{{.receipt = d.receipt, .outputs = {}}}};
    for (uint64_t left = chance().below(4); left > 0; --left) {
      const Lot& to = chance().pick(town());
      if (to.name == kScratch && chance().one_in(2)) continue;
      command.items[0].outputs.push_back(
          {to.name, ledger_.write(to.name, to.is_fifo() && chance().one_in(2) ? "a" : "", false)});
      command.items[0].outputs.back().message.content_digest.clear();  // known by its input
    }
    return command;
  }
  // A result is repeated until somebody has said that it arrived.
  void settle(const queue::Command& command) {
    post_.call(command, kPatience, living([this, command](const queue::Reply* reply) {
                 if (reply != nullptr) {
                   held_.pop_front();
                   return work();
                 }
                 resume([this, command] { settle(command); });
               }));
  }
  void die() {
    site_.marks.hit(Mark::kWorkerDied);
    end(false);
    ++life_;
    pause(milliseconds(chance().between(50, 5000)), [this] {
      queue_ = chance().pick(town()).name;
      open();
    });
  }
  // What the broker's side of the connection does when it ends, or what an orderly worker says.
  void end(bool orderly) {
    close({session_, generation_}, orderly);
    session_ = {};
    held_.clear();
  }
  void close(const queue::Opened& opened, bool orderly) {
    const queue::CloseSession close{opened.session, opened.generation,
                                    orderly ? "" : R"({"cause":"died"})", orderly};
    site_.scheduler.after(milliseconds(1), [this, close] { post_.tell(close); });
  }

  std::string queue_;
  uint64_t fails_ = 0;  // of a hundred messages
  SessionId session_;
  uint64_t generation_ = 0;
  std::deque<Delivery> held_;
  uint64_t life_ = 0;
};

}  // namespace

ClientPtr make_worker(const Surroundings& around) {
  return std::make_unique<Worker>(around);
}

}  // namespace selvage::sim
