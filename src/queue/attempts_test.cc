// SPDX-License-Identifier: Apache-2.0
// Receives that are asked for again, and the limits on how much and how often.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AttemptsTest : public EngineFixture {
 protected:
  explicit AttemptsTest(EngineOptions options = {}) : EngineFixture(options) {}
  Receive attempt(const std::string& id, uint32_t max = 10) {
    return {.queue = "q", .max = max, .visibility = {}, .wait = {}, .session = {}, .attempt = id};
  }
  std::vector<Delivery> try_as(const std::string& id, uint32_t max = 10) {
    return receive(attempt(id, max));
  }
};

TEST_F(AttemptsTest, TheSameAttemptGetsTheSameMessagesAndReceipts) {
  create_fifo("q");
  send("q", "a", "a1");
  send("q", "a", "a2");
  send("q", "b", "b1");
  const auto first = try_as("try", 2);
  const auto again = try_as("try", 2);
  ASSERT_EQ(bodies_of(first), (Bodies{"a1", "a2"}));
  ASSERT_EQ(bodies_of(again), bodies_of(first));
  EXPECT_EQ(again[0].receipt, first[0].receipt);
  EXPECT_EQ(again[1].receipt, first[1].receipt);
  expect_counts("q", 1, 2, 0);
  EXPECT_TRUE(remove("q", first[0].receipt).has_value());
}

TEST_F(AttemptsTest, ARepeatedAttemptBeginsTheLeasesAnew) {
  create_fifo("q");
  send("q", "a", "a1");
  try_as("try");
  pass(seconds(20));
  EXPECT_EQ(try_as("try").size(), 1u);
  pass(seconds(20));
  expect_counts("q", 0, 1, 0);
  pass(seconds(10));
  expect_counts("q", 1, 0, 0);
}

TEST_F(AttemptsTest, AnotherAttemptGetsOtherGroupsOnly) {
  create_fifo("q");
  send("q", "a", "a1");
  send("q", "a", "a2");
  send("q", "b", "b1");
  EXPECT_EQ(bodies_of(try_as("one", 1)), Bodies{"a1"});
  EXPECT_EQ(bodies_of(try_as("two")), Bodies{"b1"});
  EXPECT_THAT(try_as("three"), IsEmpty());
}

TEST_F(AttemptsTest, AnAttemptWhoseMessageWasDeletedIsOver) {
  create_fifo("q");
  send("q", "a", "a1");
  send("q", "a", "a2");
  const auto got = try_as("try");
  remove("q", got.at(0).receipt);
  EXPECT_EQ(refusal(attempt("try")), Refusal::kAttemptChanged);
}

TEST_F(AttemptsTest, AnAttemptWhoseMessageWasChangedIsOver) {
  create_fifo("q");
  send("q", "a", "a1");
  change_visibility("q", try_as("try").at(0).receipt, seconds(100));
  EXPECT_EQ(refusal(attempt("try")), Refusal::kAttemptChanged);
}

TEST_F(AttemptsTest, WhenTheLeasesRanOutItIsAReceiveLikeAnyOther) {
  create_fifo("q");
  send("q", "a", "a1");
  const auto first = try_as("try");
  pass(seconds(30));
  send("q", "a", "a2");
  const auto second = try_as("try");
  EXPECT_EQ(bodies_of(second), (Bodies{"a1", "a2"}));
  EXPECT_NE(second[0].receipt, first.at(0).receipt);
  EXPECT_EQ(bodies_of(try_as("try")), (Bodies{"a1", "a2"}));
}

TEST_F(AttemptsTest, AnAttemptIsKnownForFiveMinutesFromTheFirst) {
  ConfigPatch config;
  config.visibility = minutes(60);
  create_fifo("q", config);
  send("q", "a", "a1");
  try_as("try");
  pass(minutes(4));
  EXPECT_EQ(try_as("try").size(), 1u);
  pass(minutes(1));
  EXPECT_THAT(try_as("try"), IsEmpty());
}

TEST_F(AttemptsTest, AnEmptyAttemptFindsWhatCameSince) {
  create_fifo("q");
  EXPECT_THAT(try_as("try"), IsEmpty());
  send("q", "a", "a1");
  EXPECT_EQ(try_as("try").size(), 1u);
}

TEST_F(AttemptsTest, StandardQueuesIgnoreAttempts) {
  create("q");
  send("q", "one");
  send("q", "two");
  EXPECT_EQ(bodies_of(try_as("try", 1)), Bodies{"one"});
  EXPECT_EQ(bodies_of(try_as("try", 1)), Bodies{"two"});
}

TEST_F(AttemptsTest, AFullStandardQueueSaysSo) {
  create("q");
  Send crowd{.queue = "q", .messages = std::vector<NewMessage>(kMaxInFlight + 1)};
  ask<std::vector<OrRefusal<Sent>>>(std::move(crowd));
  std::vector<Delivery> taken;
  while (taken.size() < kMaxInFlight) {
    const Reply some = driver().ask(a_receive("q", 1000), clock_.now());
    ASSERT_TRUE(std::holds_alternative<std::vector<Delivery>>(some));
    std::ranges::copy(std::get<std::vector<Delivery>>(some), std::back_inserter(taken));
  }
  EXPECT_EQ(taken.size(), kMaxInFlight);
  EXPECT_EQ(taken.size(), kMaxInFlight);
  engine().take_woken();
  EXPECT_EQ(refusal(a_receive("q")), Refusal::kOverLimit);
  EXPECT_FALSE(wakes("q"));
  remove("q", taken[0].receipt);
  EXPECT_EQ(get("q", 1).size(), 1u);
  ask<Done>(PurgeQueue{"q"});
}

class ThrottleTest : public AttemptsTest {
 protected:
  ThrottleTest() : AttemptsTest(EngineOptions{.aws_timers = true}) {}
  static Receive receive_one() { return a_receive("q"); }
};

TEST_F(ThrottleTest, AFifoQueueTakesThreeHundredCallsASecondAndAction) {
  create_fifo("q");
  for (uint32_t i = 0; i < kFifoCallsPerSecond; ++i) ask<std::vector<Delivery>>(receive_one());
  EXPECT_EQ(refusal(receive_one()), Refusal::kThrottled);
  EXPECT_EQ(refusal(attempt("try")), Refusal::kThrottled);
  send("q", "a", "another action has its own count");
  pass(seconds(1));
  EXPECT_EQ(get("q").size(), 1u);
}

TEST_F(ThrottleTest, AFurtherTryOfAWaitingReceiveIsNoCallOfItsOwn) {
  create_fifo("q");
  for (uint32_t i = 0; i < kFifoCallsPerSecond; ++i) ask<std::vector<Delivery>>(receive_one());
  Receive waiting = receive_one();
  waiting.again = true;
  EXPECT_THAT(ask<std::vector<Delivery>>(waiting), IsEmpty());
}

TEST_F(ThrottleTest, ThroughputPerGroupIsNotThrottled) {
  ConfigPatch config;
  config.deduplicates_per_group = config.throughput_per_group = true;
  create_fifo("q", config);
  for (uint32_t i = 0; i <= kFifoCallsPerSecond; ++i) ask<std::vector<Delivery>>(receive_one());
}

TEST_F(AttemptsTest, WithoutAmazonsTimersNothingIsThrottled) {
  create_fifo("q");
  for (uint32_t i = 0; i <= kFifoCallsPerSecond; ++i) try_as("");
}

}  // namespace
}  // namespace selvage::queue
