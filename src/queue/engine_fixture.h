// SPDX-License-Identifier: Apache-2.0
#pragma once
// The verbs of the engine's tests, in virtual time. Each command is followed by an audit of the
// engine and of what a store would hold.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "queue/driver_fixture.h"
#include "queue/engine.h"

namespace selvage::queue {

class EngineFixture : public ::testing::Test {
 protected:
  using Bodies = std::vector<std::string>;

  explicit EngineFixture(EngineOptions options = {}) : options_(options) { make_engine(); }
  ~EngineFixture() override { expect_a_restart_changes_nothing(); }

  // ---- asking
  template <typename R>
  R ask(Command command) {
    Reply reply = driver().ask(std::move(command), clock_.now());
    keep();
    if (!std::holds_alternative<R>(reply)) {
      ADD_FAILURE() << "another kind of reply: " << reply.index();
      return {};
    }
    return std::get<R>(std::move(reply));
  }
  Refusal refusal(Command command) { return ask<Refusal>(std::move(command)); }
  void pass(Duration d) {
    clock_.advance(d);
    driver().advance(clock_.now());
    keep();
  }
  // Lets time pass event by event, as the broker does.
  void live(Duration d) {
    const Instant end = clock_.now() + d;
    while (engine().next_event() <= end) pass(engine().next_event() - clock_.now());
    pass(end - clock_.now());
  }

  // ---- queues
  void create(const std::string& name, ConfigPatch config = {}) {
    ask<QueueInfo>(CreateQueue{name, std::move(config)});
  }
  void create_fifo(const std::string& name, ConfigPatch config = {}) {
    config.fifo = true;
    create(name, std::move(config));
  }
  QueueInfo info(const std::string& queue) { return ask<QueueInfo>(GetQueue{queue}); }
  void expect_counts(const std::string& queue, uint64_t visible, uint64_t in_flight,
                     uint64_t delayed) {
    const QueueInfo i = info(queue);
    EXPECT_EQ(i.visible, visible) << queue;
    EXPECT_EQ(i.in_flight, in_flight) << queue;
    EXPECT_EQ(i.delayed, delayed) << queue;
  }

  // ---- messages
  OrRefusal<Sent> try_send(const std::string& queue, NewMessage message) {
    message.size = static_cast<uint32_t>(message.payload.size());
    Send command{.queue = queue, .messages = {}};
    command.messages.push_back(std::move(message));
    return ask<std::vector<OrRefusal<Sent>>>(std::move(command)).at(0);
  }
  Sent send_message(const std::string& queue, NewMessage message) {
    const auto sent = try_send(queue, std::move(message));
    EXPECT_TRUE(sent.has_value());
    return sent.value_or(Sent{});
  }
  Sent send(const std::string& queue, const std::string& body = "body") {
    return send_message(queue, {.payload = body, .delay = {}, .artifact = {}});
  }
  // To a FIFO queue, never a double.
  Sent send(const std::string& queue, const std::string& group, const std::string& body) {
    return send_message(queue, in_group(group, body));
  }
  NewMessage in_group(const std::string& group, const std::string& body) {
    return {.payload = body,
            .delay = {},
            .artifact = {},
            .group = group,
            .deduplication_id = "double-of-none-" + std::to_string(++sent_)};
  }
  Sent send_later(const std::string& queue, const std::string& body, Duration delay) {
    return send_message(queue, {.payload = body, .delay = delay, .artifact = {}});
  }
  std::vector<Delivery> receive(Receive command) {
    auto got = ask<std::vector<Delivery>>(std::move(command));
    for (Delivery& d : got) d.payload = journal_.payload(d.receipt.queue, d.receipt.seq);
    return got;
  }
  static Receive a_receive(const std::string& queue, uint32_t max = 1, SessionId session = {}) {
    return {.queue = queue, .max = max, .visibility = {}, .wait = {}, .session = session};
  }
  std::vector<Delivery> receive(const std::string& queue, SessionId session = {},
                                uint32_t max = 1) {
    return receive(a_receive(queue, max, session));
  }
  static Bodies bodies_of(const std::vector<Delivery>& deliveries) {
    Bodies bodies;
    for (const Delivery& d : deliveries) bodies.push_back(d.payload);
    return bodies;
  }
  // Up to `max` at once, by their bodies.
  Bodies get(const std::string& queue, uint32_t max = 10) {
    return bodies_of(receive(queue, {}, max));
  }
  Receipt take(const std::string& queue, SessionId session = {}) {
    const auto got = receive(queue, session);
    EXPECT_EQ(got.size(), 1u) << "nothing to take from " << queue;
    return got.empty() ? Receipt{} : got[0].receipt;
  }
  OrRefusal<Done> remove(const std::string& queue, const Receipt& receipt) {
    return ask<ItemResults>(Delete{queue, {receipt}}).at(0);
  }
  OrRefusal<Done> change_visibility(const std::string& queue, const Receipt& receipt, Duration d) {
    return ask<ItemResults>(ChangeVisibility{queue, {{receipt, d}}}).at(0);
  }

  // ---- sessions
  SessionId open() { return ask<Opened>(OpenSession{}).session; }
  void die(SessionId session) { ask<Done>(CloseSession{session, 1, R"({"cause":"gone"})", false}); }
  Failed fail(const Receipt& receipt, bool poison = false) {
    Fail command;
    command.items.push_back({receipt, clock_.now(), R"({"exit":1})", poison});
    return ask<std::vector<OrRefusal<Failed>>>(std::move(command)).at(0).value_or(Failed{});
  }
  OrRefusal<Done> hand_over(const Receipt& receipt, const std::vector<std::string>& targets,
                            uint32_t size = 1) {
    HandOver command;
    HandOver::Item item{.receipt = receipt, .outputs = {}};
    for (const auto& target : targets)
      item.outputs.push_back(
          {target, {.payload = "out", .size = size, .delay = {}, .artifact = {}}});
    command.items.push_back(std::move(item));
    return ask<ItemResults>(std::move(command)).at(0);
  }

  // ---- restarts
  void restart() {
    flush();
    make_engine();
    journal_.restore_into(engine(), clock_.now());
    engine().audit(clock_.now());
  }
  void expect_a_restart_changes_nothing() {
    pass(Duration{0});
    const std::string before = portrait(driver(), clock_.now());
    restart();
    EXPECT_EQ(portrait(driver(), clock_.now()), before);
  }
  bool wakes(const std::string& queue) {
    bool woken = false;
    for (const QueueId id : engine().take_woken()) woken |= engine().name_of(id) == queue;
    return woken;
  }
  void flush() { driver().flush(); }
  Driver driver() { return {*engine_, journal_, &out_}; }
  Engine& engine() { return *engine_; }

  ManualClock clock_;
  SeededRandom random_{7};
  Mutations out_;  // of the last command
  Journal journal_;

 private:
  void make_engine() { engine_ = std::make_unique<Engine>(random_, options_); }
  void keep() { engine().audit(clock_.now()); }

  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
  int sent_ = 0;
};

}  // namespace selvage::queue
