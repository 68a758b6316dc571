// SPDX-License-Identifier: Apache-2.0
#include "supervisor/breaker.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "supervisor/back_pressure.h"

namespace selvage::supervisor {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  Breaker::View look(int64_t done, int64_t failed, Duration later = 1s) {
    clock_.advance(later);
    return breaker_.decide(clock_.now(), {.done = done, .failed = failed});
  }
  Breaker::View look() { return look(0, 0); }
  // Until it probes; returns how long it was open.
  Duration wait_for_probe() {
    Duration waited{0};
    for (Breaker::View view = look(0, 0, 0s); view.state == State::kOpen; view = look())
      waited += 1s;
    return waited;
  }

  ManualClock clock_;
  Breaker breaker_;
};

TEST_F(BreakerTest, HalfOfTwentyFailingIsTolerated) {
  for (int n = 0; n < 50; ++n) EXPECT_EQ(look(2, 2).state, State::kClosed);
}

TEST_F(BreakerTest, MoreThanHalfOfTwentyOpensIt) {
  look(9, 0);
  for (int n = 0; n < 10; ++n) EXPECT_EQ(look(0, 1).state, State::kClosed) << n;
  const auto view = look(0, 1);
  EXPECT_EQ(view.state, State::kOpen);
  EXPECT_TRUE(view.changed);
  EXPECT_EQ(view.failed, 11);
  EXPECT_EQ(view.attempts, 20);
  EXPECT_EQ(view.wait, 1s);
  EXPECT_FALSE(look(0, 0, 0s).changed);
}

TEST_F(BreakerTest, ElevenFailuresAreMoreThanHalfOfTwentyWhateverFollows) {
  EXPECT_EQ(look(0, 11).state, State::kOpen);
}

TEST_F(BreakerTest, OfAThousandAttemptsAtOnceTheProportionCounts) {
  EXPECT_EQ(look(600, 400).state, State::kClosed);
  EXPECT_EQ(look(400, 600).state, State::kOpen);
}

TEST_F(BreakerTest, OldFailuresAreForgotten) {
  look(0, 10);
  look(20, 0);
  EXPECT_EQ(look(0, 10).state, State::kClosed);
  EXPECT_EQ(look(0, 1).state, State::kOpen);
}

TEST_F(BreakerTest, TheWaitDoublesWithEachProbeThatFailsUpToAMinute) {
  look(0, 20);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_EQ(wait_for_probe(), expected);
    look(0, 1);
  }
}

TEST_F(BreakerTest, AProbeThatSucceedsClosesItAndWhatWasIsForgotten) {
  look(0, 20);
  wait_for_probe();
  EXPECT_EQ(look().state, State::kProbing) << "no message came yet";
  const auto view = look(1, 0);
  EXPECT_EQ(view.state, State::kClosed);
  EXPECT_TRUE(view.changed);
  EXPECT_EQ(look(0, 10).state, State::kClosed);
}

TEST_F(BreakerTest, WhatEndsWhileItIsOpenSaysNothing) {
  look(0, 20);
  EXPECT_EQ(look(5, 5, 100ms).state, State::kOpen);
}

TEST_F(BreakerTest, WhoFailsAgainSoonWaitsLongerThanBefore) {
  look(0, 20);
  wait_for_probe();
  look(1, 0);
  look(0, 20);
  EXPECT_EQ(wait_for_probe(), 2s);
  look(1, 0);
  for (int n = 0; n < 20; ++n) look(1, 0);
  look(0, 20);
  EXPECT_EQ(wait_for_probe(), 1s) << "after ten times as long it starts afresh";
}

TEST_F(BreakerTest, ItsStateIsAGate) {
  EXPECT_EQ(gate_of(State::kClosed), std::nullopt);
  EXPECT_EQ(gate_of(State::kOpen), 0);
  EXPECT_EQ(gate_of(State::kProbing), 1);
}

// ---- back-pressure

TEST(BackPressureTest, ItShutsAboveTheLimitAndOpensAtFourFifthsOfIt) {
  BackPressure pressure(100);
  EXPECT_FALSE(pressure.decide(100).shut);
  EXPECT_TRUE(pressure.decide(101).shut);
  EXPECT_TRUE(pressure.decide(81).shut);
  const auto view = pressure.decide(80);
  EXPECT_FALSE(view.shut);
  EXPECT_TRUE(view.changed);
  EXPECT_EQ(view.reopens, 80);
  EXPECT_FALSE(pressure.decide(100).shut);
}

TEST(BackPressureTest, ALimitOfOneLetsThemGoOneByOne) {
  BackPressure pressure(1);
  EXPECT_FALSE(pressure.decide(1).shut);
  EXPECT_TRUE(pressure.decide(2).shut);
  EXPECT_FALSE(pressure.decide(1).shut);
}

TEST(BackPressureTest, WithoutALimitNothingIsShut) {
  BackPressure pressure(0);
  EXPECT_FALSE(pressure.decide(1'000'000'000).shut);
}

}  // namespace
}  // namespace selvage::supervisor
