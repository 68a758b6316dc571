// SPDX-License-Identifier: Apache-2.0
#include "supervisor/scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "base/clock.h"

namespace selvage::supervisor {
namespace {

using namespace std::chrono_literals;

workflow::Stage stage_with(const workflow::Workers& workers) {
  workflow::Stage stage;
  stage.workers = workers;
  return stage;  // drain 30 s, age 10 s
}

// ---- the formula

struct Case {
  const char* name;
  Load load;
  int want;  // of a stage with min 1, max 100, spare 1 and 10 workers
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Formula : public testing::TestWithParam<Case> {};

TEST_P(Formula, GivesTheNumberOfWorkers) {
  Scaler scaler(stage_with({1, 100, 1}));
  EXPECT_EQ(scaler.decide({}, GetParam().load, {.workers = 10}).want, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Scaler, Formula,
    testing::Values(
        Case{"NothingToDo", {}, 2},
        Case{"Arrivals", {.arrivals_fast = 30, .attempt_seconds = 1, .in_flight = 60}, 41},
        Case{"TheLargerOfBothMeans",
             {.arrivals_fast = 3, .arrivals_slow = 30, .attempt_seconds = 1, .in_flight = 60},
             41},
        Case{"Backlog", {.attempt_seconds = 1, .visible = 300}, 11},
        Case{"BothTogether",
             {.arrivals_fast = 30, .attempt_seconds = 1, .visible = 300, .in_flight = 10},
             51},
        Case{"LongerAttempts", {.attempt_seconds = 4.5, .visible = 300}, 46},
        Case{"Retries", {.attempt_seconds = 1, .attempts_per_success = 1.5, .visible = 300}, 16},
        Case{"MoreThanTheMost", {.attempt_seconds = 60, .visible = 3000}, 101},
        Case{"NoMoreThanThereIsWorkFor",
             {.arrivals_fast = 30, .attempt_seconds = 1, .visible = 2, .in_flight = 4},
             9},
        Case{"OneMessageThatTakesLongerThanTheTargetIsWorkForOne",
             {.attempt_seconds = 510, .visible = 1},
             3},
        Case{"TooOld", {.visible = 1, .too_old = true}, 11}),
    [](const auto& one) { return one.param.name; });

TEST(ScalerTest, ReasonsComeWithTheirNumbers) {
  Scaler scaler(stage_with({1, 100, 1}));
  const Scaling s = scaler.decide(
      {},
      {.arrivals_fast = 30, .attempt_seconds = 1, .visible = 300, .in_flight = 10, .too_old = true},
      {.workers = 10, .starting = 3});
  EXPECT_NEAR(s.for_arrivals, 40, 1e-9);
  EXPECT_NEAR(s.for_backlog, 10, 1e-9);
  EXPECT_EQ(s.need, 50);
  EXPECT_EQ(s.useful, 414);
  EXPECT_EQ(s.for_age, 7) << "seven run; with the spare the eighth is one more";
  EXPECT_EQ(s.want, 51);
  EXPECT_EQ(s.target, 20) << "twice as many at most";
}

TEST(ScalerTest, ATooOldMessageAsksForOneMoreUntilThatOneHasStarted) {
  Scaler scaler(stage_with({1, 100, 1}));
  const Load load{.visible = 1, .too_old = true};
  EXPECT_EQ(scaler.decide({}, load, {.workers = 2}).target, 3);
  EXPECT_EQ(scaler.decide({}, load, {.workers = 3, .starting = 1}).target, 3);
  EXPECT_EQ(scaler.decide({}, load, {.workers = 3}).target, 4);
}

TEST(ScalerTest, OnlyIdleWorkersMayGoTheLatestFirst) {
  using worker::State;
  const std::vector<std::optional<State>> states = {
      State::kIdle, State::kBusy,     State::kIdle, std::nullopt,      State::kIdle,
      State::kBusy, State::kStarting, State::kIdle, State::kBackingOff};
  EXPECT_THAT(choose_leavers(states, 2), testing::ElementsAre(7, 4));
  EXPECT_THAT(choose_leavers(states, 100), testing::ElementsAre(7, 4, 2, 0));
  EXPECT_THAT(choose_leavers(states, 0), testing::IsEmpty());
}

// ---- steps over time

class ScalerSteps : public testing::Test {
 protected:
  // A look a second later; the stage has what it asked for before.
  int look(int64_t backlog) {
    clock_.advance(1s);
    const Load load{.attempt_seconds = 30, .visible = backlog};
    workers_ = scaler_.decide(clock_.now(), load, {.workers = workers_}).target;
    return workers_;
  }

  ManualClock clock_;
  Scaler scaler_{stage_with({1, 100, 1})};
  int workers_ = 2;
};

TEST_F(ScalerSteps, ItDoublesWithEachLookAtMost) {
  for (const int expected : {4, 8, 16, 32, 51, 51}) EXPECT_EQ(look(50), expected);
}

TEST_F(ScalerSteps, ItGoesDownAMinuteAfterTheLastLargeWant) {
  for (int n = 0; n < 10; ++n) look(50);
  EXPECT_EQ(workers_, 51);
  for (int n = 1; n < 60; ++n) EXPECT_EQ(look(n == 30 ? 40 : 0), 51) << n;
  EXPECT_EQ(look(0), 41) << "the largest want of the last minute is 41 now";
  for (int n = 1; n < 30; ++n) EXPECT_EQ(look(0), 41) << n;
  EXPECT_EQ(look(0), 2);
}

TEST_F(ScalerSteps, ALittleTooManyStay) {
  for (int n = 0; n < 10; ++n) look(50);
  for (int n = 0; n < 200; ++n) EXPECT_EQ(look(46), 51) << "47 are wanted, a tenth less is 46";
  for (int n = 0; n < 60; ++n) look(44);
  EXPECT_EQ(workers_, 45);
}

TEST_F(ScalerSteps, WhoTakesOverKeepsTheWorkersOfAnotherForAMinute) {
  workers_ = 30;
  for (int n = 0; n < 60; ++n) EXPECT_EQ(look(0), 30) << n;
  EXPECT_EQ(look(0), 2);
}

TEST(ScalerTest, AStageOfNoneGetsItsFirstWorkerForItsFirstMessage) {
  Scaler scaler(stage_with({0, 4, 0}));
  EXPECT_EQ(scaler.decide({}, {}, {.workers = 0}).target, 0);
  EXPECT_EQ(scaler.decide(Instant(1s), {.visible = 1}, {.workers = 0}).target, 1);
}

TEST(ScalerTest, AbsurdLoadsAreClampedAndNotOverflown) {
  Scaler scaler(stage_with({1, 1000, 100}));
  const Scaling s = scaler.decide(
      {},
      {.arrivals_fast = 1e12, .attempt_seconds = 4e4, .visible = int64_t{1} << 60, .in_flight = 1},
      {.workers = 800});
  EXPECT_EQ(s.want, 1100);
  EXPECT_EQ(s.target, 1100);
}

}  // namespace
}  // namespace selvage::supervisor
