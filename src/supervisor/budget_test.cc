// SPDX-License-Identifier: Apache-2.0
#include "supervisor/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selvage::supervisor {
namespace {

using testing::ElementsAre;

constexpr int64_t kGib = 1 << 20;
constexpr Host kLarge{.cpus = 1000, .memory_kib = 1000 * kGib};

// A stage whose workers use a whole processor each.
Claim claim(int base, int target, int64_t backlog) {
  return {.base = base,
          .target = target,
          .load = {.attempt_seconds = 1, .cpus = 1, .visible = backlog},
          .memory_kib = kGib};
}

std::vector<int> workers(const Host& host, const std::vector<Claim>& claims) {
  std::vector<int> all;
  for (const Grant& grant : share(host, claims)) all.push_back(grant.workers);
  return all;
}

TEST(BudgetTest, WhereThereIsEnoughEveryStageGetsItsTarget) {
  EXPECT_THAT(workers(kLarge, {claim(2, 9, 50), claim(2, 30, 5), claim(2, 2, 0)}),
              ElementsAre(9, 30, 2));
}

TEST(BudgetTest, MinAndSpareAreGivenWhateverTheyCost) {
  EXPECT_THAT(workers({.cpus = 1, .memory_kib = 1}, {claim(2, 9, 50), claim(3, 3, 0)}),
              ElementsAre(2, 3));
}

TEST(BudgetTest, TheRestGoesToWhoWouldTakeLongest) {
  // Of ten, four are min + spare; with five each the one would take 20 s and the other 4 s.
  EXPECT_THAT(workers({.cpus = 10, .memory_kib = 1000 * kGib}, {claim(2, 9, 100), claim(2, 9, 20)}),
              ElementsAre(8, 2));
  EXPECT_THAT(
      workers({.cpus = 12, .memory_kib = 1000 * kGib}, {claim(2, 30, 50), claim(2, 30, 50)}),
      ElementsAre(6, 6));
}

TEST(BudgetTest, WhoNeverDrainsComesFirst) {
  Claim growing = claim(2, 9, 1);
  growing.load.arrivals_fast = 50;
  EXPECT_THAT(workers({.cpus = 8, .memory_kib = 1000 * kGib}, {claim(2, 9, 1000), growing}),
              ElementsAre(2, 6));
}

TEST(BudgetTest, MemoryIsSharedLikeProcessors) {
  const auto grants = share({.cpus = 1000, .memory_kib = 8 * kGib}, {claim(2, 20, 100)});
  EXPECT_EQ(grants[0].workers, 7) << "the runner needs a little too";
  EXPECT_TRUE(grants[0].short_of_memory);
  EXPECT_FALSE(grants[0].short_of_cpus);
}

TEST(BudgetTest, WhatWasNeverMeasuredCostsNoProcessorAndARunnersMemory) {
  const Claim unknown{.base = 2, .target = 200, .load = {.visible = 1}};
  EXPECT_THAT(workers({.cpus = 1, .memory_kib = kGib}, {unknown}), ElementsAre(170));
}

TEST(BudgetTest, AStageWhoseWorkersAreTooLargeLeavesTheRestToOthers) {
  Claim large = claim(1, 9, 1000);
  large.memory_kib = 100 * kGib;
  EXPECT_THAT(workers({.cpus = 1000, .memory_kib = 120 * kGib}, {large, claim(1, 9, 5)}),
              ElementsAre(1, 9));
}

TEST(BudgetTest, AStageThatFailsCannotStarveAnother) {
  Claim looping = claim(2, 40, 1'000'000);
  looping.fails = true;
  EXPECT_THAT(workers({.cpus = 12, .memory_kib = 1000 * kGib}, {looping, claim(2, 9, 20)}),
              ElementsAre(3, 9));
}

TEST(BudgetTest, TheTimeToDrainIsTold) {
  const Load load{.arrivals_fast = 5, .attempt_seconds = 1, .visible = 100};
  EXPECT_EQ(drain_seconds(load, 10), 20);
  EXPECT_EQ(drain_seconds(load, 5), std::nullopt);
  EXPECT_EQ(drain_seconds({}, 0), 0);
  EXPECT_EQ(share(kLarge, {claim(2, 10, 100)})[0].drain_seconds, 10);
}

}  // namespace
}  // namespace selvage::supervisor
