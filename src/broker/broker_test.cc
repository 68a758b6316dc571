// SPDX-License-Identifier: Apache-2.0
// What only the threads can break: who is answered when.
#include "broker/broker.h"

#include <gtest/gtest.h>

#include <future>

#include "store/memory_store.h"

namespace selvage::broker {
namespace {

// A store whose syncs wait for the test, and can fail.
class SlowStore final : public store::Store {
 public:
  Result<uint64_t> claim(ShardIndex shard) override { return memory_.claim(shard); }
  Result<void> apply(ShardIndex shard, uint64_t epoch, store::Batch batch) override {
    const std::scoped_lock lock(mutex_);
    if (full_) return failure(ErrorCode::kDiskFull, "full");
    ++applied_;
    changed_.notify_all();
    return memory_.apply(shard, epoch, std::move(batch));
  }
  Result<void> sync() override {
    std::unique_lock lock(mutex_);
    ++syncing_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return allowed_ > 0; });
    --allowed_;
    return {};
  }
  Result<void> scan(store::Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override {
    return memory_.scan(table, first, last, each);
  }
  Result<std::vector<std::optional<std::string>>> read(
      store::Table table, const std::vector<std::string>& keys) override {
    return memory_.read(table, keys);
  }
  store::Statistics statistics() override { return {}; }

  void allow(int syncs) {
    const std::scoped_lock lock(mutex_);
    allowed_ += syncs;
    changed_.notify_all();
  }
  int syncs() {
    const std::scoped_lock lock(mutex_);
    return syncing_;
  }
  void fill() {
    const std::scoped_lock lock(mutex_);
    full_ = true;
  }
  void wait_until_syncing(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return syncing_ >= times; });
  }
  void wait_until_applied(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return applied_ >= times; });
  }

 private:
  store::MemoryStore memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int allowed_ = 0, syncing_ = 0, applied_ = 0;
  bool full_ = false;
};

class BrokerTest : public ::testing::Test {
 protected:
  BrokerTest() {
    broker_ = Broker::start({store_, nullptr, clock_, &commits_}, {}, [this](const Error& error) {
                failed_.set_value(error.code);
              }).value();
  }
  ~BrokerTest() override { store_.allow(1000); }

  std::future<queue::Reply> ask(queue::Command command) {
    auto promise = std::make_shared<std::promise<queue::Reply>>();
    auto future = promise->get_future();
    broker_->submit(std::move(command),
                    [promise](queue::Reply reply) { promise->set_value(std::move(reply)); });
    return future;
  }
  static bool is_ready(std::future<queue::Reply>& future) {
    return future.wait_for(Duration{0}) == std::future_status::ready;
  }

  SlowStore store_;
  SystemClock clock_;
  metrics::Commits commits_;
  std::promise<ErrorCode> failed_;
  std::unique_ptr<Broker> broker_;
};

TEST_F(BrokerTest, NoAnswerLeavesBeforeASyncThatBeganAfterIt) {
  auto first = ask(queue::CreateQueue{"a", {}});
  store_.wait_until_syncing(1);
  // Applied while the first sync is under way: that sync does not cover it.
  auto second = ask(queue::CreateQueue{"b", {}});
  store_.wait_until_applied(2);
  EXPECT_FALSE(is_ready(first));
  store_.allow(1);
  first.wait();
  store_.wait_until_syncing(2);
  EXPECT_FALSE(is_ready(second));
  store_.allow(1);
  second.wait();
}

TEST_F(BrokerTest, WhatCameDuringASyncIsCoveredByTheNextOne) {
  auto first = ask(queue::CreateQueue{"q0", {}});
  store_.wait_until_syncing(1);
  std::vector<std::future<queue::Reply>> crowd;
  for (int i = 1; i <= 50; ++i)
    crowd.push_back(ask(queue::CreateQueue{"q" + std::to_string(i), {}}));
  store_.allow(1000);
  for (auto& reply : crowd) reply.wait();
  EXPECT_TRUE(is_ready(first));
}

TEST_F(BrokerTest, ALoneClientPaysForOneSyncPerCommand) {
  store_.allow(1000);
  constexpr int kCommands = 20;
  for (int i = 0; i < kCommands; ++i) ask(queue::CreateQueue{"q" + std::to_string(i), {}}).wait();
  broker_.reset();
  EXPECT_EQ(store_.syncs(), kCommands);
}

TEST_F(BrokerTest, ACrowdIsAppliedWhileASyncIsUnderWay) {
  auto first = ask(queue::CreateQueue{"first", {}});
  store_.wait_until_syncing(1);
  std::vector<std::future<queue::Reply>> crowd;
  for (int i = 0; i < 100; ++i)
    crowd.push_back(ask(queue::CreateQueue{"q" + std::to_string(i), {}}));
  store_.wait_until_applied(2);  // the sync is still held
  EXPECT_FALSE(is_ready(first));
  store_.allow(1000);
  for (auto& reply : crowd) reply.wait();
}

TEST_F(BrokerTest, AFullDiskIsReportedOnceAndNothingIsAnswered) {
  store_.allow(1);
  ask(queue::CreateQueue{"a", {}}).wait();
  store_.fill();
  auto lost = ask(queue::CreateQueue{"b", {}});
  EXPECT_EQ(failed_.get_future().get(), ErrorCode::kDiskFull);
  EXPECT_FALSE(is_ready(lost));
}

TEST_F(BrokerTest, ACommitIsCountedWithAllThatItAnswers) {
  const auto counted = [](const metrics::Histogram& histogram) {
    uint64_t count = 0;
    for (size_t i = 0; i <= histogram.scale().bounds.size(); ++i) count += histogram.count(i);
    return count;
  };
  auto first = ask(queue::CreateQueue{"a", {}});
  store_.wait_until_syncing(1);
  auto second = ask(queue::CreateQueue{"b", {}});
  auto third = ask(queue::GetQueue{"b"});
  store_.allow(1000);
  for (auto* reply : {&first, &second, &third}) reply->wait();
  broker_.reset();
  EXPECT_EQ(commits_.answers.sum(), 3u);
  const uint64_t commits = counted(commits_.answers);
  EXPECT_TRUE(commits == 2 || commits == 3) << commits;  // the last two together, or not
  EXPECT_EQ(counted(commits_.sync), commits);
  EXPECT_EQ(counted(commits_.duration), commits);
  EXPECT_GE(commits_.duration.sum(), commits_.sync.sum());
}

TEST_F(BrokerTest, WhenWaitsEndAParkedReceiveIsAnswered) {
  store_.allow(1000);
  ask(queue::CreateQueue{"a", {}}).wait();
  auto parked = ask(queue::Receive{
      .queue = "a", .max = 1, .visibility = {}, .wait = std::chrono::hours(1), .session = {}});
  broker_->end_waits();
  EXPECT_TRUE(std::get<std::vector<queue::Delivery>>(parked.get()).empty());
}

}  // namespace
}  // namespace selvage::broker
