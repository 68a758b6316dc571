// SPDX-License-Identifier: Apache-2.0
// Queues that are larger than what is kept of them in memory.
#include "queue/window.h"

#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MemoryLimits kTiny{
    .most = 40, .first_page = 4, .largest_page = 8, .smallest_page = 2, .idle_held = 6};

TEST(Lanes, AreTheSameForEver) {
  EXPECT_EQ(lane_of(""), 0);
  EXPECT_EQ(lane_of("a"), 212) << "records on disks stand where this says";
  EXPECT_EQ(lane_of("tenant-17"), 83);
  for (int i = 0; i < 5000; ++i) {
    const Lane lane = lane_of(std::to_string(i));
    EXPECT_TRUE(lane > 0 && lane < kVisibleLanes);
  }
}

Place at(int64_t us, Lane lane = 0) {
  return {lane, from_micros(us)};
}

class WindowTest : public ::testing::Test {
 protected:
  // Puts one more at the end, as a send does.
  bool put(int64_t us, uint32_t most = UINT32_MAX) {
    const bool in = window_.take_in(at(us), Seq{static_cast<uint64_t>(us)}, most);
    if (in) window_.entered(0);
    return in;
  }

  MemoryLimits limits_ = kTiny;
  Window window_{limits_};
};

TEST_F(WindowTest, ALaneTakesInAPageAndLeavesTheRestBehind) {
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(put(i));
  EXPECT_TRUE(window_.is_complete());
  EXPECT_FALSE(put(5));
  EXPECT_FALSE(put(6));
  EXPECT_FALSE(window_.is_complete());
  EXPECT_FALSE(window_.is_behind(at(4), Seq{4}));
  EXPECT_TRUE(window_.is_behind(at(5), Seq{5}));
  EXPECT_EQ(window_.floor(), from_micros(5));
}

TEST_F(WindowTest, WhatStandsBeforeTheRestIsTakenInHoweverMuchThereIs) {
  for (int i = 10; i <= 50; i += 10) put(i);
  EXPECT_TRUE(put(35));
  EXPECT_TRUE(put(36));
  EXPECT_FALSE(put(51));
}

TEST_F(WindowTest, ALaneThatRunsLowAsksForItsNextPageOnce) {
  for (int i = 1; i <= 6; ++i) put(i);
  EXPECT_FALSE(window_.next_page(false).has_value());
  window_.left(0);
  window_.left(0);
  const auto page = window_.next_page(false);
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->from, (Position{from_micros(5), Seq{5}}));
  EXPECT_EQ(page->limit, 4u);
  EXPECT_FALSE(window_.next_page(false).has_value());
  EXPECT_TRUE(window_.awaits(*page));
  window_.entered(0);
  window_.entered(0);
  window_.loaded(0, {from_micros(6), Seq{7}}, false);
  EXPECT_TRUE(window_.is_complete());
  EXPECT_FALSE(window_.awaits(*page));
}

TEST_F(WindowTest, PagesGrowWithUseAndAreSmallWhenMemoryIsShort) {
  for (int i = 1; i <= 5; ++i) put(i);
  for (int i = 0; i < 4; ++i) window_.left(0);
  EXPECT_EQ(window_.next_page(false)->limit, 4u);
  window_.loaded(0, {from_micros(9), Seq{9}}, true);
  EXPECT_EQ(window_.next_page(false)->limit, 8u);
  window_.loaded(0, {from_micros(17), Seq{17}}, true);
  EXPECT_EQ(window_.next_page(true)->limit, 2u);
}

TEST_F(WindowTest, APageThatWasGivenUpMeanwhileIsNotAwaitedAnyMore) {
  for (int i = 1; i <= 5; ++i) put(i);
  for (int i = 0; i < 3; ++i) window_.left(0);
  const Page page = *window_.next_page(false);
  window_.left(0);
  window_.leave_behind(0, {from_micros(4), Seq{4}});
  EXPECT_FALSE(window_.awaits(page));
}

TEST_F(WindowTest, WhatNobodyReadsIsLookedAtWhenItsRetentionEnds) {
  window_.leave_behind(3, {from_micros(100), Seq{1}});
  const Window::Terms terms{std::chrono::microseconds(50), Duration{0}};
  EXPECT_EQ(window_.oldest(), from_micros(100));
  EXPECT_EQ(window_.next_due(terms), from_micros(150));
  EXPECT_FALSE(window_.due_page(from_micros(149), terms, false).has_value());
  EXPECT_EQ(window_.due_page(from_micros(150), terms, false)->lane, 3);
  EXPECT_EQ(window_.next_due(terms), kNever);
}

class LargeQueueTest : public EngineFixture {
 protected:
  LargeQueueTest() : EngineFixture(EngineOptions{.memory = kTiny}) {}
  void fill(const std::string& queue, int messages) {
    for (int i = 0; i < messages; ++i) send(queue, std::to_string(i));
  }
  // Everything that comes, in order, deleted.
  Bodies drain(const std::string& queue) {
    Bodies all;
    for (auto got = receive(queue, {}, 3); !got.empty(); got = receive(queue, {}, 3))
      for (const Delivery& d : got) {
        all.push_back(d.payload);
        remove(queue, d.receipt);
      }
    return all;
  }
  static Bodies numbers(int from, int to) {
    Bodies all;
    for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
    return all;
  }
};

TEST_F(LargeQueueTest, OrderAndCountsAreThoseOfAShortOne) {
  create("q");
  fill("q", 300);
  expect_counts("q", 300, 0, 0);
  const auto got = receive("q", {}, 10);
  expect_counts("q", 300 - got.size(), got.size(), 0);
  pass(seconds(31));
  expect_counts("q", 300, 0, 0);
  EXPECT_EQ(drain("q").size(), 300u);
  expect_counts("q", 0, 0, 0);
}

TEST_F(LargeQueueTest, ArrivalIsTheOrderAlsoOverARestart) {
  create("q");
  fill("q", 100);
  for (int i = 0; i < 20; ++i) remove("q", take("q"));
  restart();
  expect_counts("q", 80, 0, 0);
  send("q", "100");
  EXPECT_EQ(drain("q"), numbers(20, 101));
}

TEST_F(LargeQueueTest, ALateReceiptStillDeletesWhatIsNotInMemoryAnyMore) {
  create("q");
  fill("q", 60);
  std::vector<Receipt> receipts;
  for (int i = 0; i < 30; ++i) receipts.push_back(take("q"));
  pass(seconds(31));  // more than stay in memory when their leases are over
  expect_counts("q", 60, 0, 0);
  for (const Receipt& receipt : receipts) EXPECT_TRUE(remove("q", receipt).has_value());
  expect_counts("q", 30, 0, 0);
  EXPECT_EQ(drain("q").size(), 30u);
}

TEST_F(LargeQueueTest, AQuietGroupIsNotBehindTheBacklogOfANoisyOne) {
  create("q");
  for (int i = 0; i < 200; ++i) {
    NewMessage message{.payload = "noisy", .delay = {}, .artifact = {}};
    message.group = "noisy";
    send_message("q", message);
  }
  NewMessage message{.payload = "quiet", .delay = {}, .artifact = {}};
  message.group = "quiet";
  send_message("q", message);
  const Bodies first = get("q", 3);
  EXPECT_EQ(std::ranges::count(first, "quiet"), 1);
}

TEST_F(LargeQueueTest, AFreeGroupIsFoundBehindAHeldOne) {
  create_fifo("f");
  for (int i = 0; i < 30; ++i) send("f", "held", std::to_string(i));
  send("f", "free", "x");
  EXPECT_EQ(bodies_of(receive("f", {}, 1)), Bodies{"0"});
  restart();
  EXPECT_EQ(bodies_of(receive("f", {}, 1)), Bodies{"x"});
  EXPECT_THAT(get("f"), IsEmpty());
}

TEST_F(LargeQueueTest, DelayedOnesVestInTimeWhateverOrderTheyCameIn) {
  create("q");
  for (int i = 0; i < 100; ++i) send_later("q", std::to_string(i), seconds(1 + (i * 37) % 100));
  expect_counts("q", 0, 0, 100);
  pass(seconds(50));
  expect_counts("q", 50, 0, 50);
  restart();
  expect_counts("q", 50, 0, 50);
  EXPECT_EQ(drain("q").size(), 50u);
  pass(seconds(50));
  EXPECT_EQ(drain("q").size(), 50u);
}

TEST_F(LargeQueueTest, EachOfThemCanBeCancelledRescheduledAndLookedAtByItsId) {
  create("q");
  std::vector<MessageId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(send("q", std::to_string(i)).id);
  for (int i = 60; i < 80; ++i) ids.push_back(send_later("q", std::to_string(i), minutes(1)).id);
  const auto page = ask<Peeked>(Peek{"q", {}, ids[55], {}, 1});
  ASSERT_EQ(page.messages.size(), 1u);
  EXPECT_EQ(page.messages[0].message.id, ids[55]);
  const auto cancelled = ask<ItemResults>(Cancel{"q", {ids[50], ids[79], ids[0]}});
  for (const auto& result : cancelled) EXPECT_TRUE(result.has_value());
  const auto moved =
      ask<ItemResults>(Reschedule{"q", {{ids[51], minutes(5), ""}, {ids[78], Duration{0}, ""}}});
  for (const auto& result : moved) EXPECT_TRUE(result.has_value());
  expect_counts("q", 58, 0, 19);
  EXPECT_EQ(drain("q").size(), 58u);
  pass(minutes(1));
  EXPECT_EQ(drain("q").size(), 18u);
  pass(minutes(4));
  EXPECT_EQ(drain("q"), Bodies{"51"});
}

TEST_F(LargeQueueTest, ANewDelayCountsForMoreThanStaysInMemory) {
  create_fifo("f");
  for (int i = 0; i < 30; ++i) send("f", std::to_string(i), std::to_string(i));
  ConfigPatch patch;
  patch.delay = seconds(60);
  ask<Done>(SetQueue{"f", patch});
  const QueueInfo changed = info("f");
  EXPECT_EQ(changed.visible + changed.delayed, 30u);
  EXPECT_GT(changed.delayed, 0u);
  patch.delay = Duration{0};
  ask<Done>(SetQueue{"f", patch});
  expect_counts("f", 30, 0, 0);
  EXPECT_EQ(drain("f").size(), 30u);
}

TEST_F(LargeQueueTest, WhatIsNamedTwiceInOneCommandGoesOnce) {
  create("q");
  std::vector<MessageId> ids;
  for (int i = 0; i < 30; ++i) ids.push_back(send("q", std::to_string(i)).id);
  for (const MessageId id : {ids[25], ids[0]}) {  // in the store, and in memory
    const auto cancelled = ask<ItemResults>(Cancel{"q", {id, id}});
    EXPECT_TRUE(cancelled[0].has_value());
    EXPECT_EQ(cancelled[1].error(), Refusal::kNoMessage);
  }
  expect_counts("q", 28, 0, 0);
  std::vector<Receipt> receipts;
  for (int i = 0; i < 25; ++i) receipts.push_back(take("q"));
  pass(seconds(31));
  ask<ItemResults>(Delete{"q", {receipts[0], receipts[24], receipts[0], receipts[24]}});
  expect_counts("q", 26, 0, 0);
  EXPECT_EQ(drain("q").size(), 26u);
}

TEST_F(LargeQueueTest, PeekShowsAllOfThemPageByPage) {
  create("q");
  fill("q", 50);
  take("q");
  send_later("q", "later", minutes(1));
  Bodies seen;
  std::optional<PeekPlace> after;
  do {
    const auto page = ask<Peeked>(Peek{"q", {}, {}, after, 7});
    for (const Delivery& d : page.messages)
      seen.push_back(journal_.payload(d.receipt.queue, d.receipt.seq));
    after = page.next;
  } while (after);
  Bodies expected = numbers(0, 50);
  expected.emplace_back("later");
  EXPECT_EQ(seen, expected);
}

TEST_F(LargeQueueTest, RetentionEndsForThoseBehindToo) {
  ConfigPatch config;
  config.retention = minutes(1);
  create("q", config);
  fill("q", 50);
  pass(seconds(30));
  fill("q", 50);
  pass(seconds(30));
  expect_counts("q", 50, 0, 0);
  EXPECT_EQ(info("q").totals.expired, 50u);
  restart();
  pass(seconds(30));
  expect_counts("q", 0, 0, 0);
}

TEST_F(LargeQueueTest, TheAgeOfTheOldestIsKnownAlsoWhereNothingIsInMemory) {
  create("q");
  EXPECT_EQ(info("q").oldest, kNever);
  const Instant first = clock_.now();
  fill("q", 30);
  pass(seconds(10));
  const Instant second = clock_.now();
  fill("q", 30);
  restart();
  EXPECT_EQ(info("q").oldest, first);
  for (int i = 0; i < 30; ++i) remove("q", take("q"));
  pass(Duration{0});  // reads ahead
  EXPECT_EQ(info("q").oldest, second);
  restart();
  EXPECT_EQ(info("q").oldest, second);
  EXPECT_EQ(drain("q").size(), 30u);
  EXPECT_EQ(info("q").oldest, kNever);
}

TEST_F(LargeQueueTest, DeadLettersExpireInTimeAlsoBehindYoungerOnes) {
  ConfigPatch config;
  config.retention = minutes(1);
  create("dead", config);
  config.retention = minutes(10);
  config.redrive = Redrive{"dead", 5};
  create("q", config);
  const Instant first = clock_.now();
  fill("q", 20);
  pass(seconds(40));
  fill("dead", 50);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(fail(take("q", open()), true).dead);
  expect_counts("dead", 70, 0, 0);
  EXPECT_EQ(info("dead").oldest, first);
  pass(seconds(20));
  expect_counts("dead", 50, 0, 0);
  EXPECT_EQ(drain("dead"), numbers(0, 50));
}

TEST_F(LargeQueueTest, WhatWasDelayedExpiresNoLaterThanItsDelayAfterItsTime) {
  ConfigPatch config;
  config.retention = minutes(1);
  create("q", config);
  send_later("q", "delayed", seconds(30));
  pass(seconds(29));
  fill("q", 50);
  pass(seconds(1));  // it stands behind those now
  expect_counts("q", 51, 0, 0);
  pass(seconds(60));
  expect_counts("q", 0, 0, 0);
}

TEST_F(LargeQueueTest, OlderOnesThatComeLateDoNotFillTheMemory) {
  create("dead");
  ConfigPatch config;
  config.redrive = Redrive{"dead", 5};
  create("q", config);
  fill("q", 300);
  pass(seconds(1));
  fill("dead", 20);
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(fail(take("q", open()), true).dead);
  EXPECT_LE(engine().in_memory(), 2 * kTiny.most + 2);
  expect_counts("dead", 320, 0, 0);
  EXPECT_EQ(drain("dead").size(), 320u);
}

TEST_F(LargeQueueTest, APurgeLeavesNothingAndTheQueueGoesOn) {
  create("q");
  fill("q", 100);
  take("q");
  ask<Done>(PurgeQueue{"q"});
  expect_counts("q", 0, 0, 0);
  EXPECT_EQ(info("q").totals.deleted, 100u);
  send("q", "new");
  EXPECT_EQ(drain("q"), Bodies{"new"});
}

TEST_F(LargeQueueTest, AMoveTaskTakesAllOfThem) {
  create("dead");
  ConfigPatch config;
  config.redrive = Redrive{"dead", 5};
  create("q", config);
  fill("dead", 150);
  ask<MoveTask>(StartMove{"dead", "q", 0});
  live(seconds(2));
  expect_counts("dead", 0, 0, 0);
  expect_counts("q", 150, 0, 0);
  EXPECT_EQ(drain("q"), numbers(0, 150));
}

TEST_F(LargeQueueTest, ManyQueuesShareTheMemoryAndNoneStarves) {
  for (int q = 0; q < 30; ++q) {
    create("q" + std::to_string(q));
    fill("q" + std::to_string(q), 10);
  }
  for (int q = 0; q < 30; ++q) EXPECT_EQ(drain("q" + std::to_string(q)), numbers(0, 10)) << q;
}

TEST_F(LargeQueueTest, DeadLettersAreFoundByTheirIdAfterARestart) {
  create("dead");
  fill("dead", 20);
  ConfigPatch config;
  config.redrive = Redrive{"dead", 5};
  create("q", config);
  const Sent sent = send("q", "killed");
  EXPECT_TRUE(fail(take("q", open()), true).dead);
  restart();
  EXPECT_TRUE(ask<ItemResults>(Cancel{"dead", {sent.id}}).at(0).has_value());
  expect_counts("dead", 20, 0, 0);
}

}  // namespace
}  // namespace selvage::queue
