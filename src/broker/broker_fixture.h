// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests only: a broker with real threads over a disk that does what the test says.

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/virtual_room.h"
#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::broker {

// What outlives a store: its records, and what is the matter with the disk.
struct Disk {
  store::MemoryStore records;
  std::mutex mutex;
  std::condition_variable changed;
  // Syncs that may pass; those with something to sync wait for it.
  int allowed = 0;
  int syncing = 0;  // began; those that found nothing to sync are not counted
  int applied = 0;  // writes
  int synced = 0;   // of them
  int opened = 0;
  int refused = 0;  // attempts to open it
  std::optional<Error> apply_error, sync_error, open_error;
};

class StoreOnDisk final : public store::Store {
 public:
  explicit StoreOnDisk(Disk& disk) : disk_(disk) {}

  Result<uint64_t> claim(ShardIndex shard) override { return disk_.records.claim(shard); }
  Result<void> apply(ShardIndex shard, uint64_t epoch, store::Batch batch) override {
    const std::scoped_lock lock(disk_.mutex);
    if (disk_.apply_error) return std::unexpected(*disk_.apply_error);
    disk_.applied += static_cast<int>(batch.writes.size());
    disk_.changed.notify_all();
    return disk_.records.apply(shard, epoch, std::move(batch));
  }
  Result<void> sync() override {
    std::unique_lock lock(disk_.mutex);
    const int covered = disk_.applied;
    if (covered == disk_.synced) return {};
    ++disk_.syncing;
    disk_.changed.notify_all();
    disk_.changed.wait(lock, [&] { return disk_.allowed > 0; });
    --disk_.allowed;
    if (disk_.sync_error) return std::unexpected(*disk_.sync_error);
    disk_.synced = covered;
    return {};
  }
  Result<void> scan(store::Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override {
    return disk_.records.scan(table, first, last, each);
  }
  Result<std::vector<std::optional<std::string>>> read(
      store::Table table, const std::vector<std::string>& keys) override {
    return disk_.records.read(table, keys);
  }
  store::Statistics statistics() override { return disk_.records.statistics(); }

 private:
  Disk& disk_;
};

class BrokerTest : public ::testing::Test {
 protected:
  using Answer = std::future<queue::Reply>;

  BrokerTest() {
    ShardOptions options;
    options.session_grace = Duration{0};  // who is not known to be connected has left
    BrokerWorld world{.open_store = [this] { return open_store(); },
                      .artifacts = nullptr,
                      .clock = clock_,
                      .room = &room_,
                      .space = {.reserve_bytes = 1000, .interval_bytes = 0},  // looks at each turn
                      .commits = &commits_};
    broker_ = Broker::start(world, options, [this](const Error& error) {
                failed_.set_value(error);
              }).value();
  }
  ~BrokerTest() override { allow(1'000'000); }

  // ---- the disk

  void allow(int syncs) {
    const std::scoped_lock lock(disk_.mutex);
    disk_.allowed += syncs;
    disk_.changed.notify_all();
  }
  template <typename Condition>
  void wait_until(Condition&& condition) {
    std::unique_lock lock(disk_.mutex);
    disk_.changed.wait(lock, condition);
  }
  void wait_until_syncing(int times) {
    wait_until([&] { return disk_.syncing >= times; });
  }
  template <typename Change>
  void disk(Change&& change) {
    const std::scoped_lock lock(disk_.mutex);
    change(disk_);
  }
  // Within wait_until().
  size_t queues_applied() {
    size_t count = 0;
    const auto [first, last] = store::shard_range({});
    EXPECT_TRUE(disk_.records.scan(store::Table::kMeta, first, last,
                                   [&](auto, auto) { return ++count > 0; }));
    return count;
  }
  void heal() {
    disk([](Disk& d) { d.apply_error = d.sync_error = d.open_error = std::nullopt; });
  }

  // ---- a client

  Answer ask(queue::Command command) {
    auto promise = std::make_shared<std::promise<queue::Reply>>();
    auto future = promise->get_future();
    broker_->submit(std::move(command),
                    [promise](queue::Reply reply) { promise->set_value(std::move(reply)); });
    return future;
  }
  template <typename R>
  R get(queue::Command command) {
    queue::Reply reply = ask(std::move(command)).get();
    if (std::holds_alternative<R>(reply)) return std::get<R>(reply);
    ADD_FAILURE() << "another answer: " << reply.index();
    return {};
  }
  // As a client does that is told to try again.
  queue::Reply insist(const queue::Command& command) {
    while (true) {
      queue::Reply reply = ask(command).get();
      if (!is_refused(reply, queue::Refusal::kUnavailable)) return reply;
      std::this_thread::yield();
    }
  }
  static bool is_refused(const queue::Reply& reply, queue::Refusal why) {
    const auto* const refusal = std::get_if<queue::Refusal>(&reply);
    return refusal != nullptr && *refusal == why;
  }
  bool is_refused(queue::Command command, queue::Refusal why) {
    return is_refused(ask(std::move(command)).get(), why);
  }
  static bool is_ready(Answer& answer) {
    return answer.wait_for(Duration{0}) == std::future_status::ready;
  }
  static queue::CreateQueue create(const std::string& name) { return {name, {}}; }
  static queue::NewMessage message(const std::string& body) {
    return {.payload = body, .size = 1, .delay = {}, .artifact = {}};
  }
  static queue::Send send(const std::string& body) { return {"q", {message(body)}}; }
  static queue::Receive receive(SessionId session = {}, Duration wait = Duration{0}) {
    return {.queue = "q",
            .max = 10,
            .visibility = std::chrono::hours(1),
            .wait = wait,
            .session = session};
  }

  Disk disk_;
  SystemClock clock_;
  metrics::Commits commits_;
  VirtualRoom room_;
  std::promise<Error> failed_;
  std::unique_ptr<Broker> broker_;

 private:
  Result<std::unique_ptr<store::Store>> open_store() {
    const std::scoped_lock lock(disk_.mutex);
    ++(disk_.open_error ? disk_.refused : disk_.opened);
    disk_.changed.notify_all();
    if (disk_.open_error) return std::unexpected(*disk_.open_error);
    return std::make_unique<StoreOnDisk>(disk_);
  }
};

}  // namespace selvage::broker
