// SPDX-License-Identifier: Apache-2.0
// What a backlog costs, in what can be counted exactly: changes written, pages and records read,
// messages in memory. With the limits that a server has.
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "queue/driver_fixture.h"
#include "queue/engine.h"
#include "queue/journal_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr MemoryLimits kLimits;

// One queue, driven as a shard does it.
class Bench {
 public:
  explicit Bench(bool is_fifo = false, const MemoryLimits& limits = kLimits)
      : engine(random, {.memory = limits}), is_fifo_(is_fifo) {
    CreateQueue create{"q", {}};
    if (is_fifo) create.given.fifo = true;
    ask(std::move(create));
  }

  void send(int messages, int groups = 1, Duration delay = {}) {
    for (int i = 0; i < messages; ++i) {
      NewMessage message{.payload = "body", .delay = {}, .artifact = {}};
      if (delay > Duration{0}) message.delay = Duration(1 + chance_.next() % delay.count());
      if (is_fifo_) {
        message.group = std::to_string(number_ % groups);
        message.deduplication_id = std::to_string(number_);
      }
      ++number_;
      Send command{.queue = "q", .messages = {}};
      command.messages.push_back(std::move(message));
      ask(std::move(command));
      turn();
    }
  }
  std::vector<Receipt> receive(uint32_t max) {
    Receive command{.queue = "q", .max = max, .visibility = hours(1), .wait = {}, .session = {}};
    std::vector<Receipt> receipts;
    const Reply reply = ask(std::move(command));
    for (const Delivery& d : std::get<std::vector<Delivery>>(reply)) receipts.push_back(d.receipt);
    turn();
    return receipts;
  }
  void remove(std::vector<Receipt> receipts) {
    ask(Delete{"q", std::move(receipts)});
    turn();
  }
  // So many lifecycles of one message: what they took of the store.
  Journal::Work lifecycles(int count, int groups = 1) {
    const Journal::Work before = journal.work();
    for (int i = 0; i < count; ++i) {
      send(1, groups);
      const auto receipts = receive(1);
      EXPECT_EQ(receipts.size(), 1u);
      remove(receipts);
    }
    return since(before);
  }
  Journal::Work since(const Journal::Work& before) const {
    const Journal::Work& now = journal.work();
    return {now.mutations - before.mutations, now.pages - before.pages,
            now.records - before.records};
  }
  void pass(Duration d) {
    clock.advance(d);
    turn();
  }
  QueueInfo info() { return std::get<QueueInfo>(ask(GetQueue{"q"})); }

  Reply ask(Command command) { return driver().ask(std::move(command), clock.now()); }
  // The end of a turn, as a shard's: pages are read ahead, books are kept.
  void turn() {
    driver().advance(clock.now());
    Mutations out;
    engine.flush(out);
    journal.apply(out);
  }
  Driver driver() { return {engine, journal}; }

  ManualClock clock;
  SeededRandom random{7};
  Engine engine;
  Journal journal;

 private:
  const bool is_fifo_;
  SeededRandom chance_{11};
  int number_ = 0;
};

constexpr int kLifecycles = 2'000;

Journal::Work lifecycles_behind(int backlog) {
  Bench bench;
  bench.send(backlog);
  const Journal::Work work = bench.lifecycles(kLifecycles);
  EXPECT_LE(bench.engine.in_memory(), 2 * kLimits.largest_page) << backlog;
  EXPECT_EQ(bench.info().visible, static_cast<uint64_t>(backlog));
  return work;
}

TEST(Flat, ALifecycleCostsTheSameBehindTenThousandAsBehindAHundredThousand) {
  EXPECT_EQ(lifecycles_behind(10'000), lifecycles_behind(100'000));
}

TEST(Flat, ABacklogCostsALifecycleNoWriteAndOneRecordReadWithManyAtATime) {
  const Journal::Work empty = lifecycles_behind(0);
  EXPECT_EQ(empty.pages, 0u);
  const Journal::Work full = lifecycles_behind(100'000);
  EXPECT_EQ(full.mutations, empty.mutations);
  EXPECT_LE(full.records, kLifecycles + 2 * kLimits.largest_page);
  EXPECT_LE(full.pages, full.records / kLimits.first_page);
}

// An eighth of the memory, so that fewer messages show what it does.
constexpr MemoryLimits kLittle{
    .most = 4096, .first_page = 32, .largest_page = 256, .smallest_page = 2, .idle_held = 2048};

Journal::Work fifo_lifecycles_behind(int backlog) {
  constexpr int kGroups = 5'000;  // in 1,023 lanes
  Bench bench(true, kLittle);
  bench.send(backlog, kGroups);
  bench.lifecycles(3 * kLifecycles, kGroups);  // until what was kept of the first is used up
  const Journal::Work work = bench.lifecycles(kLifecycles, kGroups);
  EXPECT_LE(bench.engine.in_memory(), kLittle.most + kVisibleLanes) << backlog;
  EXPECT_EQ(bench.info().visible, static_cast<uint64_t>(backlog));
  return work;
}

TEST(Flat, AFifoQueueOfManyGroupsReadsNoMoreBehindAHundredThousand) {
  const Journal::Work some = fifo_lifecycles_behind(20'000);
  const Journal::Work many = fifo_lifecycles_behind(100'000);
  EXPECT_EQ(some.mutations, many.mutations);
  EXPECT_LE(many.records, kLifecycles * 3 / 2);
  EXPECT_LE(many.pages, some.pages * 11 / 10);
  EXPECT_GT(some.pages, 0u);
}

TEST(Flat, ARestartReadsOnePageForTheFirstReceive) {
  Bench bench;
  bench.send(50'000);
  Engine restarted(bench.random);
  bench.journal.restore_into(restarted, bench.clock.now());
  const Journal::Work before = bench.journal.work();
  const Driver driver{restarted, bench.journal};
  Receive command{.queue = "q", .max = 10, .visibility = {}, .wait = {}, .session = {}};
  const Reply reply = driver.ask(std::move(command), bench.clock.now());
  EXPECT_EQ(std::get<std::vector<Delivery>>(reply).size(), 10u);
  EXPECT_EQ(bench.since(before).pages, 1u);
  EXPECT_LE(restarted.in_memory(), kLimits.smallest_page);
}

// The hour in which a hundred thousand delays end.
TEST(Flat, ADelayCostsTwoChangesAndOneRecordReadWhenItEndsAndHardlyAnyMemory) {
  constexpr uint64_t kMessages = 100'000;
  Bench bench;
  bench.send(static_cast<int>(kMessages), 1, hours(1));
  EXPECT_LE(bench.journal.work().pages, 1u) << "a send reads nothing";
  EXPECT_EQ(bench.info().delayed, kMessages);
  const Journal::Work before = bench.journal.work();
  uint64_t turns = 0;
  const Instant end = bench.clock.now() + hours(1);
  while (bench.clock.now() < end) {
    bench.pass(seconds(1));
    ++turns;
    const QueueInfo info = bench.info();
    ASSERT_EQ(info.visible + info.delayed, kMessages);
    ASSERT_LE(bench.engine.in_memory(), 4 * kLimits.first_page);
  }
  EXPECT_EQ(bench.info().visible, kMessages);
  const Journal::Work work = bench.since(before);
  EXPECT_LE(work.mutations, 2 * kMessages + 2 * turns);
  EXPECT_LE(work.records, kMessages + 2 * kLimits.first_page);
  EXPECT_LE(work.pages, kMessages / kLimits.first_page + 2);
}

TEST(Flat, DelayedMessagesOfManyQueuesShareTheMemoryToo) {
  constexpr MemoryLimits kSmall{
      .most = 400, .first_page = 16, .largest_page = 64, .smallest_page = 4, .idle_held = 50};
  ManualClock clock;
  SeededRandom random{7};
  Engine engine(random, {.memory = kSmall});
  Journal journal;
  const Driver driver{engine, journal};
  constexpr size_t kQueues = 100;
  for (size_t q = 0; q < kQueues; ++q) {
    const std::string queue = "q" + std::to_string(q);
    driver.ask(CreateQueue{queue, {}}, clock.now());
    for (int i = 0; i < 30; ++i) {
      NewMessage message{.payload = "body", .delay = seconds(1 + i), .artifact = {}};
      Send command{.queue = queue, .messages = {}};
      command.messages.push_back(std::move(message));
      driver.ask(std::move(command), clock.now());
    }
  }
  EXPECT_LE(engine.in_memory(), kSmall.most + 3 * kQueues);
  clock.advance(minutes(1));
  driver.advance(clock.now());
  driver.flush();
  engine.audit(clock.now());
  for (size_t q = 0; q < kQueues; ++q) {
    const Reply reply = driver.ask(GetQueue{"q" + std::to_string(q)}, clock.now());
    EXPECT_EQ(std::get<QueueInfo>(reply).visible, 30u);
  }
}

}  // namespace
}  // namespace selvage::queue
