// SPDX-License-Identifier: Apache-2.0
// One damaged body harms nobody but its own message.
#include "broker/sound_read.h"

#include <gtest/gtest.h>

#include <set>

#include "broker/shard.h"
#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::broker {
namespace {

using queue::Delivery;
using store::Table;

// Some of whose bodies cannot be read.
class DamagedStore final : public store::Store {
 public:
  Result<uint64_t> claim(ShardIndex shard) override { return records_.claim(shard); }
  Result<void> apply(ShardIndex shard, uint64_t epoch, store::Batch batch) override {
    return records_.apply(shard, epoch, std::move(batch));
  }
  Result<void> sync() override { return {}; }
  Result<void> scan(Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override {
    return records_.scan(table, first, last, each);
  }
  Result<std::vector<std::optional<std::string>>> read(
      Table table, const std::vector<std::string>& keys) override {
    for (const std::string& key : keys)
      if (table == Table::kBody && damaged.contains(key)) return failure(why, "flipped bits");
    return records_.read(table, keys);
  }
  store::Statistics statistics() override { return {}; }

  std::set<std::string> damaged;
  ErrorCode why = ErrorCode::kCorruption;

 private:
  store::MemoryStore records_;
};

class DamagedBodies : public ::testing::Test {
 protected:
  DamagedBodies() {
    shard_ = Shard::open({}, {store_, nullptr, random_}, clock_.now()).value();
    create("dead", {});
    queue::ConfigPatch config;
    config.redrive = queue::Redrive{"dead", 1};
    create("q", config);
    for (const char* body : {"one", "two", "three"}) send(body);
    // Anew, so that no body is at hand.
    shard_ = Shard::open({}, {store_, nullptr, random_}, clock_.now()).value();
  }
  queue::Reply ask(queue::Command command) {
    queue::Reply reply;
    EXPECT_TRUE(shard_->submit(
        ++ticket_, std::move(command), [&](queue::Reply r) { reply = std::move(r); },
        clock_.now()));
    EXPECT_TRUE(shard_->tick(clock_.now()));
    auto turn = shard_->commit();
    EXPECT_TRUE(turn);
    for (Answer& answer : turn->answers) answer.done(std::move(answer.reply));
    return reply;
  }
  void create(const std::string& name, queue::ConfigPatch config) {
    ask(queue::CreateQueue{name, std::move(config)});
  }
  void send(const std::string& body) {
    queue::Send command{.queue = "q", .messages = {}};
    command.messages.push_back({.payload = body, .size = 1, .delay = {}, .artifact = {}});
    ask(std::move(command));
  }
  std::vector<std::string> receive(const std::string& queue) {
    const auto reply = ask(queue::Receive{.queue = queue,
                                          .max = 10,
                                          .visibility = std::chrono::seconds(1),
                                          .wait = Duration{0},
                                          .session = {}});
    std::vector<std::string> bodies;
    for (const Delivery& delivery : std::get<std::vector<Delivery>>(reply))
      bodies.push_back(delivery.payload);
    return bodies;
  }
  void damage(int which) {
    const auto [first, last] = store::shard_range({});
    int n = 0;
    ASSERT_TRUE(store_.scan(Table::kBody, first, last, [&](std::string_view key, auto) {
      if (n++ == which) store_.damaged.emplace(key);
      return true;
    }));
  }
  queue::QueueInfo info(const std::string& queue) {
    return std::get<queue::QueueInfo>(ask(queue::GetQueue{queue}));
  }

  DamagedStore store_;
  ManualClock clock_;
  SeededRandom random_{5};
  std::unique_ptr<Shard> shard_;
  Ticket ticket_ = 0;
};

TEST_F(DamagedBodies, AreNotDeliveredButTheOthersAre) {
  damage(1);
  EXPECT_EQ(receive("q"), (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(info("q").in_flight, 3u);  // it comes again, and is told again, when its lease is over
}

TEST_F(DamagedBodies, GoToTheDeadLettersAsEveryMessageThatCannotBeHandled) {
  damage(1);
  receive("q");
  clock_.advance(std::chrono::seconds(2));
  receive("q");
  EXPECT_EQ(info("dead").visible, 3u);
  EXPECT_EQ(receive("dead"), (std::vector<std::string>{"one", "three"}));
}

TEST_F(DamagedBodies, OnlyDamageIsSkipped) {
  store_.damaged = {"a"};
  store_.why = ErrorCode::kRetry;
  EXPECT_FALSE(read_sound(store_, Table::kBody, {"a"}));
  store_.why = ErrorCode::kCorruption;
  EXPECT_EQ(read_sound(store_, Table::kBody, {"a"}).value()[0], std::nullopt);
}

}  // namespace
}  // namespace selvage::broker
