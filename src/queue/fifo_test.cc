// SPDX-License-Identifier: Apache-2.0
// FIFO queues: order within a group, one holder per group, and what holds a group back.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FifoTest : public EngineFixture {
 protected:
  // "a1 a2 b1": group a's first and second, group b's first.
  void send_all(const std::string& queue, const std::vector<std::string>& bodies) {
    for (const std::string& body : bodies) send(queue, body.substr(0, 1), body);
  }
  void set_delay(const std::string& queue, Duration delay) {
    ConfigPatch patch;
    patch.delay = delay;
    ask<Done>(SetQueue{queue, patch});
  }
};

TEST_F(FifoTest, AGroupsMessagesComeInTheOrderOfSendingOneByOne) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "a3"});
  for (const char* expected : {"a1", "a2", "a3"}) {
    const auto got = receive("q");
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].payload, expected);
    EXPECT_THAT(get("q"), IsEmpty());
    EXPECT_TRUE(remove("q", got[0].receipt).has_value());
  }
}

TEST_F(FifoTest, OneReceiveTakesAllOfOneGroupAndThenOfTheNext) {
  create_fifo("q");
  send_all("q", {"a1", "b1", "a2", "b2", "c1"});
  EXPECT_THAT(get("q", 3), ElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(get("q", 10), ElementsAre("c1"));
  expect_counts("q", 1, 4, 0);
}

TEST_F(FifoTest, TheRestOfAGroupWaitsUntilTheLastOfItsLeasesHasEnded) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "a3"});
  const auto got = receive("q", {}, 2);
  EXPECT_TRUE(remove("q", got.at(0).receipt).has_value());
  EXPECT_THAT(get("q"), IsEmpty());
  engine().take_woken();
  EXPECT_TRUE(remove("q", got.at(1).receipt).has_value());
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a3"));
}

TEST_F(FifoTest, WhatWasTakenBeforeAnEarlierOnesDelayComesAfterItAlsoOverARestart) {
  ConfigPatch delayed;
  delayed.delay = seconds(1);
  create_fifo("q", delayed);
  create_fifo("other");
  send("q", "a", "earlier");
  const Sent moved = send("other", "a", "moved");
  ask<ItemResults>(Reschedule{"other", {{moved.id, {}, "q"}}});
  const auto got = receive("q");
  ASSERT_EQ(bodies_of(got), Bodies{"moved"});
  EXPECT_TRUE(change_visibility("q", got[0].receipt, Duration{0}).has_value());
  pass(seconds(2));
  restart();
  EXPECT_THAT(get("q"), ElementsAre("earlier", "moved"));
}

TEST_F(FifoTest, OtherGroupsGoOnWhileOneIsHeld) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "b1", "b2"});
  take("q");
  EXPECT_THAT(get("q", 1), ElementsAre("b1"));
  EXPECT_THAT(get("q"), IsEmpty());
}

TEST_F(FifoTest, ALeaseThatRunsOutBringsItsMessageBackAheadOfTheRest) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  take("q");
  engine().take_woken();
  pass(seconds(30));
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, VisibilityZeroBringsTheHeadBackFirst) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  const Receipt head = take("q");
  engine().take_woken();
  EXPECT_TRUE(change_visibility("q", head, Duration{0}).has_value());
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, ALongerVisibilityOfTheHeadHoldsTheRestBack) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  const Receipt head = take("q");
  EXPECT_TRUE(change_visibility("q", head, minutes(10)).has_value());
  pass(minutes(9));
  EXPECT_THAT(get("q"), IsEmpty());
  pass(minutes(1));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, AReleasedMessageWaitsForTheLaterOnesOfItsReceive) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  const auto got = receive("q", {}, 2);
  change_visibility("q", got.at(0).receipt, Duration{0});
  EXPECT_THAT(get("q"), IsEmpty());
  change_visibility("q", got.at(1).receipt, Duration{0});
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, ADelayedMessageDoesNotBlockItsGroup) {
  create_fifo("q");
  set_delay("q", seconds(60));
  send("q", "a", "a1");
  pass(seconds(30));
  send("q", "a", "a2");
  pass(seconds(30));
  expect_counts("q", 1, 0, 1);
  EXPECT_THAT(get("q"), ElementsAre("a1"));
}

TEST_F(FifoTest, ANewDelayCountsForWhatIsThereAndWasNeverReceived) {
  create_fifo("q");
  set_delay("q", seconds(60));
  send("q", "a", "a1");
  set_delay("q", Duration{0});
  expect_counts("q", 1, 0, 0);
  set_delay("q", seconds(60));
  expect_counts("q", 0, 0, 1);
  set_delay("q", Duration{0});
  const Receipt taken = take("q");
  set_delay("q", seconds(60));
  expect_counts("q", 0, 1, 0);
  remove("q", taken);
}

TEST_F(FifoTest, ARetryHoldsBackThoseBehindItButNotThoseBefore) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "a3"});
  // The first failure brings a message back at once, the second one lets it wait.
  for (int round = 0; round < 2; ++round) {
    const auto taken = receive("q", {}, 3);
    ASSERT_EQ(taken.size(), 3u);
    fail(taken[1].receipt);
    ask<ItemResults>(Return{{{taken[0].receipt, Duration{0}}, {taken[2].receipt, Duration{0}}}});
  }
  expect_counts("q", 2, 0, 1);
  EXPECT_THAT(get("q"), ElementsAre("a1"));
}

TEST_F(FifoTest, ADelayedMessageComesAfterItsTimeEvenWhileItsGroupIsHeld) {
  create_fifo("q");
  set_delay("q", seconds(5));
  send_all("q", {"a1", "a2"});
  EXPECT_EQ(engine().next_event(), clock_.now() + seconds(5));
  pass(seconds(5));
  EXPECT_TRUE(wakes("q"));
  const Receipt head = take("q");
  EXPECT_THAT(get("q"), IsEmpty());
  remove("q", head);
  EXPECT_THAT(get("q"), ElementsAre("a2"));
}

TEST_F(FifoTest, AnExpiredHandleIsRefused) {
  create_fifo("q");
  send("q", "a", "a1");
  const Receipt expired = take("q");
  pass(seconds(30));
  EXPECT_EQ(remove("q", expired).error(), Refusal::kLeaseExpired);
  EXPECT_EQ(change_visibility("q", expired, seconds(1)).error(), Refusal::kLeaseExpired);
  const Receipt fresh = take("q");
  EXPECT_EQ(remove("q", expired).error(), Refusal::kLeaseExpired);
  EXPECT_TRUE(remove("q", fresh).has_value());
  EXPECT_TRUE(remove("q", fresh).has_value()) << "deleting twice is no error";
  EXPECT_EQ(change_visibility("q", fresh, seconds(1)).error(), Refusal::kNoMessage);
}

TEST_F(FifoTest, AnExpiredHandleHandsNothingOver) {
  create_fifo("in");
  create("out");
  send("in", "a", "a1");
  const Receipt expired = take("in");
  pass(seconds(30));
  EXPECT_EQ(hand_over(expired, {"out"}).error(), Refusal::kLeaseGone);
  expect_counts("out", 0, 0, 0);
  expect_counts("in", 1, 0, 0);
}

TEST_F(FifoTest, SequenceRisesInTheOrderOfSendingOverAllGroups) {
  create_fifo("q");
  Seq last{0};
  for (const char* group : {"a", "b", "a", "c"}) {
    const Sent sent = send("q", group, "x");
    EXPECT_GT(sent.seq, last);
    last = sent.seq;
  }
  restart();
  EXPECT_GT(send("q", "a", "x").seq, last);
}

TEST_F(FifoTest, WhatAFifoQueueCannotTakeIsRefused) {
  create_fifo("q");
  EXPECT_EQ(
      try_send("q", {.payload = "x", .delay = {}, .artifact = {}, .deduplication_id = "d"}).error(),
      Refusal::kNoGroup);
  EXPECT_EQ(try_send("q", {.payload = "x", .delay = {}, .artifact = {}, .group = "a"}).error(),
            Refusal::kNoDeduplicationId);
  NewMessage delayed = in_group("a", "x");
  delayed.delay = seconds(1);
  EXPECT_EQ(try_send("q", delayed).error(), Refusal::kNotForFifo);
  delayed.delay = Duration{0};
  EXPECT_TRUE(try_send("q", delayed).has_value()) << "as the service takes it";
}

TEST_F(FifoTest, ADelayOfZeroIsNotADelayOfItsOwn) {
  create_fifo("q");
  set_delay("q", seconds(5));
  NewMessage message = in_group("a", "x");
  message.delay = Duration{0};
  send_message("q", message);
  expect_counts("q", 0, 0, 1);
}

TEST_F(FifoTest, ASpentMessageGoesToTheDeadLettersAndItsGroupGoesOn) {
  create_fifo("dead");
  ConfigPatch config;
  config.redrive = Redrive{"dead", 1};
  create_fifo("q", config);
  const Sent first = send("q", "a", "a1");
  send("q", "a", "a2");
  take("q");
  pass(seconds(30));
  EXPECT_THAT(get("q"), ElementsAre("a2"));
  const auto dead = receive("dead");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].payload, "a1");
  EXPECT_EQ(dead[0].message.group, "a");
  EXPECT_EQ(dead[0].message.id, first.id);
  EXPECT_EQ(dead[0].message.deduplication_id, first.id.to_string());
  EXPECT_EQ(dead[0].message.retained_from, clock_.now());
}

TEST_F(FifoTest, TwoDeadLettersOfOneDeduplicationIdBothSurvive) {
  create_fifo("dead");
  ConfigPatch config;
  config.redrive = Redrive{"dead", 1};
  create_fifo("q", config);
  for (const char* body : {"one", "two"}) {
    NewMessage message = in_group("a", body);
    message.deduplication_id = "same";
    send_message("q", message);
    take("q");
    pass(minutes(5));
    EXPECT_THAT(get("q"), IsEmpty());
  }
  EXPECT_THAT(get("dead"), ElementsAre("one", "two"));
}

TEST_F(FifoTest, BackOffOfAFailedMessageHoldsItsGroupBackAndNoOther) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "b1"});
  const SessionId session = open();
  fail(take("q", session));
  const Receipt again = take("q", session);
  const Failed second = fail(again);
  ASSERT_GT(second.delay, Duration{0});
  EXPECT_THAT(get("q"), ElementsAre("b1"));
  engine().take_woken();
  pass(second.delay);
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, AReturnFreesTheGroup) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  const Receipt lease = take("q", open());
  engine().take_woken();
  ask<ItemResults>(Return{{{lease, Duration{0}}}});
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, DeathOfASessionFreesItsGroupsInOrder) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "a3"});
  const SessionId session = open();
  EXPECT_EQ(receive("q", session, 2).size(), 2u);
  die(session);
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2", "a3"));
}

TEST_F(FifoTest, AHandOverFreesTheGroupAndKeepsItsName) {
  create_fifo("in");
  create_fifo("out");
  send_all("in", {"a1", "a2"});
  engine().take_woken();
  EXPECT_TRUE(hand_over(take("in", open()), {"out", "out"}).has_value());
  EXPECT_TRUE(wakes("in"));
  EXPECT_THAT(get("in"), ElementsAre("a2"));
  const auto out = receive("out", {}, 10);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].message.group, "a");
  EXPECT_NE(out[0].message.deduplication_id, out[1].message.deduplication_id);
}

TEST_F(FifoTest, AHandOverFromAStandardQueueGivesEachInputItsOwnGroup) {
  create("in");
  create_fifo("out");
  send("in");
  send("in");
  const SessionId session = open();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(hand_over(take("in", session), {"out"}).has_value());
  take("out");
  EXPECT_EQ(get("out").size(), 1u) << "the second is not held back by the first";
}

TEST_F(FifoTest, AGroupStaysHeldOverARestart) {
  create_fifo("q");
  send_all("q", {"a1", "a2", "b1"});
  take("q");
  restart();
  EXPECT_THAT(get("q"), ElementsAre("b1"));
  pass(seconds(30));
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2", "b1"));
}

TEST_F(FifoTest, BackOffHoldsItsGroupBackOverARestart) {
  create_fifo("q");
  send_all("q", {"a1", "a2"});
  const SessionId session = open();
  fail(take("q", session));
  const Duration delay = fail(take("q", session)).delay;
  restart();
  EXPECT_THAT(get("q"), IsEmpty());
  pass(delay);
  EXPECT_THAT(get("q"), ElementsAre("a1", "a2"));
}

TEST_F(FifoTest, RetentionOfAHeldHeadFreesItsGroup) {
  ConfigPatch config;
  config.retention = seconds(60);
  config.visibility = minutes(10);
  create_fifo("q", config);
  send("q", "a", "a1");
  take("q");
  pass(seconds(30));
  send("q", "a", "a2");
  EXPECT_THAT(get("q"), IsEmpty());
  engine().take_woken();
  pass(seconds(30));
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("a2"));
}

TEST_F(FifoTest, AFullQueueGivesNothingAndWakesNobodyUntilOneIsSettled) {
  create_fifo("q");
  Send crowd{.queue = "q", .messages = {}};
  for (uint64_t i = 0; i < kMaxInFlight; ++i)
    crowd.messages.push_back(in_group(std::to_string(i), ""));
  ask<std::vector<OrRefusal<Sent>>>(std::move(crowd));
  std::vector<Delivery> leases;
  while (leases.size() < kMaxInFlight) {
    const Reply some = driver().ask(a_receive("q", 1000), clock_.now());
    ASSERT_FALSE(std::get<std::vector<Delivery>>(some).empty());
    std::ranges::copy(std::get<std::vector<Delivery>>(some), std::back_inserter(leases));
  }
  send("q", "b", "b1");
  engine().take_woken();
  EXPECT_THAT(get("q"), IsEmpty());
  EXPECT_FALSE(wakes("q")) << "else whoever waits would be served in circles";
  remove("q", leases[0].receipt);
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("b1"));
  ask<Done>(PurgeQueue{"q"});
}

}  // namespace
}  // namespace selvage::queue
