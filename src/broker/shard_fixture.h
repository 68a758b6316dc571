// SPDX-License-Identifier: Apache-2.0
#pragma once
// A shard over the reference store, in virtual time. Opening a second shard on the same store is
// what a restart of the broker is.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/shard.h"
#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::broker {

using queue::Delivery;
using queue::OrRefusal;
namespace fs = std::filesystem;

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-shard-XXXXXX";
    root_ = mkdtemp(pattern.data());
    artifacts_.emplace(artifact::Artifacts::open(root_).value());
    restart();
  }
  ~ShardTest() override { artifact::remove_tree(root_); }

  void restart() {
    shard_ = Shard::open({}, {store_, &*artifacts_, random_}, clock_.now()).value();
  }
  Ticket start(queue::Command command) {
    const Ticket ticket = ++last_ticket_;
    EXPECT_TRUE(shard_
                    ->submit(
                        ticket, std::move(command),
                        [this, ticket](queue::Reply r) { replies_[ticket] = std::move(r); },
                        clock_.now())
                    .has_value());
    settle();
    return ticket;
  }
  void settle() {
    ASSERT_TRUE(shard_->tick(clock_.now()).has_value());
    auto turn = shard_->commit();
    ASSERT_TRUE(turn.has_value());
    for (Answer& a : turn->answers) a.done(std::move(a.reply));
    for (const ArtifactId id : turn->released) artifacts_->release(id);
    shard_->engine().audit(clock_.now());
  }
  void pass(Duration d) {
    clock_.advance(d);
    settle();
  }
  template <typename R>
  R ask(queue::Command command) {
    return answer<R>(start(std::move(command)));
  }
  bool answered(Ticket ticket) const { return replies_.contains(ticket); }
  template <typename R>
  R answer(Ticket ticket) {
    if (!answered(ticket) || !std::holds_alternative<R>(replies_[ticket])) {
      ADD_FAILURE() << "no such answer";
      return {};
    }
    return std::get<R>(replies_[ticket]);
  }
  void create(const std::string& name, queue::ConfigPatch config = {}) {
    ask<queue::QueueInfo>(queue::CreateQueue{name, std::move(config)});
  }
  void send(const std::string& queue, const std::string& body, ArtifactId artifact = {}) {
    queue::Send command{.queue = queue, .messages = {}};
    command.messages.push_back({.payload = body, .size = 1, .delay = {}, .artifact = artifact});
    ask<std::vector<OrRefusal<queue::Sent>>>(std::move(command));
  }
  Ticket poll(const std::string& queue, Duration wait, SessionId session = {}) {
    return start(queue::Receive{
        .queue = queue, .max = 1, .visibility = {}, .wait = wait, .session = session});
  }
  std::vector<Delivery> receive(const std::string& queue, SessionId session = {}) {
    return answer<std::vector<Delivery>>(poll(queue, Duration{0}, session));
  }
  queue::Opened open(SessionId resume = {}, std::vector<queue::Receipt> holding = {}) {
    return ask<queue::Opened>(queue::OpenSession{resume, std::move(holding)});
  }
  queue::Failed fail(const queue::Receipt& receipt, const std::string& evidence) {
    queue::Fail command;
    command.items.push_back({receipt, clock_.now(), evidence, false});
    return ask<std::vector<OrRefusal<queue::Failed>>>(std::move(command)).at(0).value();
  }
  size_t records(store::Table table) {
    size_t count = 0;
    const auto [first, last] = store::shard_range({});
    EXPECT_TRUE(store_.scan(table, first, last, [&](auto, auto) { return ++count > 0; }));
    return count;
  }

  std::string root_;
  std::optional<artifact::Artifacts> artifacts_;
  ManualClock clock_;
  SeededRandom random_{11};
  store::MemoryStore store_;
  std::unique_ptr<Shard> shard_;
  Ticket last_ticket_ = 0;
  std::map<Ticket, queue::Reply> replies_;
};

}  // namespace selvage::broker
