// SPDX-License-Identifier: Apache-2.0
#include "supervisor/load.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace selvage::supervisor {
namespace {

using namespace std::chrono_literals;

class LoadTest : public testing::Test {
 protected:
  // One look, a second after the one before.
  const Load& look(const QueueCounts& counts, const Ends& ends = {}) {
    clock_.advance(1s);
    meter_.observe(clock_.now(), counts, ends);
    return meter_.load();
  }
  // So many seconds in which so many messages come each; all of them wait when `taken` is false.
  const Load& look_for(int seconds, int64_t each, bool taken = true) {
    for (int n = 0; n < seconds; ++n) {
      sent_ += each;
      if (!taken) waiting_ += each;
      look({.visible = waiting_, .sent = sent_});
    }
    return meter_.load();
  }

  ManualClock clock_;
  LoadMeter meter_{{.expect = Duration{0}, .age = 10s}};
  int64_t sent_ = 0;
  int64_t waiting_ = 0;
};

// ---- arrivals

TEST_F(LoadTest, WhatCameBeforeTheFirstLookIsNoArrival) {
  EXPECT_EQ(look({.sent = 1'000'000}).arrivals_fast, 0);
  EXPECT_EQ(look({.sent = 1'000'000}).arrivals_fast, 0);
}

TEST_F(LoadTest, ASteadyRateIsFoundByTheFastMeanWithinSecondsAndByTheSlowOneWithinMinutes) {
  look_for(20, 100);
  EXPECT_NEAR(meter_.load().arrivals_fast, 100, 3);
  EXPECT_LT(meter_.load().arrivals_slow, 35);
  look_for(280, 100);
  EXPECT_NEAR(meter_.load().arrivals_fast, 100, 0.1);
  EXPECT_NEAR(meter_.load().arrivals_slow, 100, 1);
}

TEST_F(LoadTest, TheSlowMeanRemembersWhatTheFastOneForgot) {
  look_for(300, 100);
  look_for(30, 0);
  EXPECT_LT(meter_.load().arrivals_fast, 1);
  EXPECT_GT(meter_.load().arrivals_slow, 50);
}

TEST_F(LoadTest, ALookThatComesLateMeasuresTheSameRate) {
  look({.sent = 0});
  for (int n = 1; n <= 20; ++n) {
    clock_.advance(2s);  // and one more
    look({.sent = 300 * n});
  }
  EXPECT_NEAR(meter_.load().arrivals_fast, 100, 0.1);
}

TEST_F(LoadTest, AQueueThatWasMadeAnewBringsNoNegativeArrivals) {
  look_for(5, 100);
  EXPECT_GE(look({.sent = 3}).arrivals_fast, 0);
}

// ---- the age of the oldest message

TEST_F(LoadTest, MoreWaitingThanCameWithinTheAgeMeansThatOneWaitsForLonger) {
  look_for(10, 5, false);
  EXPECT_FALSE(meter_.load().too_old) << "the first is ten seconds old, not older";
  look_for(1, 5, false);
  EXPECT_TRUE(meter_.load().too_old);
}

TEST_F(LoadTest, ALongLineThatMovesFastEnoughIsNotTooOld) {
  look_for(9, 100, false);
  look_for(60, 100);
  EXPECT_EQ(meter_.load().visible, 900);
  EXPECT_FALSE(meter_.load().too_old);
}

TEST_F(LoadTest, OneForgottenMessageIsTooOld) {
  look({.visible = 0, .sent = 0});
  look({.visible = 1, .sent = 1});
  for (int n = 0; n < 9; ++n) EXPECT_FALSE(look({.visible = 1, .sent = 1}).too_old) << n;
  look({.visible = 1, .sent = 1});
  EXPECT_TRUE(look({.visible = 1, .sent = 1}).too_old);
}

TEST_F(LoadTest, NothingIsCalledTooOldBeforeTheAgeHasPassed) {
  for (int n = 0; n < 10; ++n) EXPECT_FALSE(look({.visible = 1'000, .sent = 1'000}).too_old);
  EXPECT_TRUE(look({.visible = 1'000, .sent = 1'000}).too_old);
}

// ---- attempts

TEST_F(LoadTest, UntilFiveAttemptsHaveEndedTheExpectedTimeCounts) {
  EXPECT_EQ(look({}).attempt_seconds, 1);
  EXPECT_EQ(look({}, {.done = 4, .busy = 12s}).attempt_seconds, 1);
  EXPECT_FALSE(meter_.load().measured);
  EXPECT_NEAR(look({}, {.done = 1, .busy = 3s}).attempt_seconds, 3, 1e-9);
  EXPECT_TRUE(meter_.load().measured);
  LoadMeter other({.expect = 90s});
  EXPECT_EQ(other.load().attempt_seconds, 90);
}

TEST_F(LoadTest, TheMeanFollowsAProgramThatBecameSlow) {
  look({}, {.done = 100, .busy = 100s});
  for (int n = 0; n < 50; ++n) look({}, {.done = 1, .busy = 9s, .cpu = 4500ms});
  EXPECT_NEAR(meter_.load().attempt_seconds, 9, 0.1);
  EXPECT_NEAR(meter_.load().cpus, 0.5, 0.01);
}

TEST_F(LoadTest, AttemptsPerSuccessAreThoseOfFiveMinutesWithinOneAndTwo) {
  EXPECT_EQ(look({}).attempts_per_success, 1);
  EXPECT_NEAR(look({}, {.done = 100, .failed = 50}).attempts_per_success, 1.5, 1e-9);
  EXPECT_EQ(look({}, {.done = 0, .failed = 1000}).attempts_per_success, 2);
  look_for(299, 0);
  EXPECT_EQ(meter_.load().attempts_per_success, 2);
  look_for(1, 0);
  EXPECT_EQ(meter_.load().attempts_per_success, 1) << "what is five minutes old no longer counts";
}

// ---- cards

TEST(TallyTest, WhatWasDoneBeforeWeCameIsNotOurs) {
  Tally tally;
  worker::Card card{.done = 100, .failed = 7, .died = 3, .busy = 60s, .runner = 5};
  EXPECT_EQ(tally.since_last("a-1", card).attempts(), 0);
  tally.begin();
  card.done += 2;
  card.died += 1;
  card.busy += 4s;
  const Ends ends = tally.since_last("a-1", card);
  EXPECT_EQ(ends.done, 2);
  EXPECT_EQ(ends.failed, 1);
  EXPECT_EQ(ends.busy, 4s);
}

TEST(TallyTest, ANewRunnerOfTheSameNameBeginsAtZero) {
  Tally tally;
  tally.begin();
  EXPECT_EQ(tally.since_last("a-1", {.done = 100, .runner = 5}).done, 100);
  EXPECT_EQ(tally.since_last("a-1", {.done = 3, .runner = 6}).done, 3);
  EXPECT_EQ(tally.since_last("a-1", {.done = 3, .runner = 6}).done, 0);
  EXPECT_EQ(tally.since_last("a-2", {.done = 1, .runner = 7}).done, 1);
}

}  // namespace
}  // namespace selvage::supervisor
