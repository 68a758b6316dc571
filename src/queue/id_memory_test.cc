// SPDX-License-Identifier: Apache-2.0
// How much memory deduplication ids take, and that what gives it back denies no id.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "queue/deduplication.h"

namespace selvage::queue {
namespace {

using std::chrono::minutes;

constexpr size_t kMost = 40 << 20;
constexpr QueueId kQueue{1};
constexpr Instant kStart = from_micros(1'700'000'000'000'000);

std::string id(uint64_t number) {
  return "order-" + std::to_string(number);
}

size_t looks(const Deduplication& ids, uint64_t number) {
  std::vector<IdPlace> places;
  ids.look_up(kQueue, id(number), places);
  return places.size();
}

// Evenly over five minutes.
void fill(Deduplication& ids, uint64_t count) {
  for (uint64_t n = 0; n < count; ++n) {
    const Instant now = kStart + minutes(5) * static_cast<int64_t>(n) / static_cast<int64_t>(count);
    ids.expire(now);
    ids.remember(kQueue, id(n), now);
  }
  ids.audit();
}

uint64_t looks_for_new(const Deduplication& ids) {
  uint64_t looked = 0;
  for (uint64_t n = 0; n < 10'000; ++n) looked += looks(ids, 1'000'000'000 + n);
  return looked;
}

TEST(IdMemory, AMillionIdsTakeFewMegabytesAndNewOnesAreHardlyEverLookedFor) {
  Deduplication ids(kMost, 7);
  fill(ids, 1'000'000);
  EXPECT_LT(ids.bytes(), 4u << 20);
  EXPECT_LT(looks_for_new(ids), 150u);
  for (uint64_t n = 0; n < 1'000'000; n += 997) EXPECT_GE(looks(ids, n), 1u) << n;
}

TEST(IdMemory, AboveTheLimitTheOldestMinutesAreLookedForInTheStore) {
  constexpr size_t kLittle = 1 << 20;
  Deduplication ids(kLittle, 7);
  fill(ids, 1'000'000);
  EXPECT_LE(ids.bytes(), kLittle);
  EXPECT_GT(looks_for_new(ids), 20'000u);
  EXPECT_LT(looks_for_new(ids), 60'000u) << "the latest minutes are told without the store";
  for (uint64_t n = 0; n < 1'000'000; n += 997) EXPECT_GE(looks(ids, n), 1u) << n;
}

TEST(IdMemory, WhatHasExpiredTakesNone) {
  Deduplication ids(kMost, 7);
  fill(ids, 10'000);
  EXPECT_GT(ids.bytes(), 0u);
  EXPECT_EQ(ids.expire(kStart), std::nullopt);
  EXPECT_NE(ids.expire(kStart + minutes(11)), std::nullopt);
  EXPECT_EQ(ids.bytes(), 0u);
  EXPECT_EQ(ids.next_expiry(), kNever);
  EXPECT_EQ(looks(ids, 1), 0u);
}

TEST(IdMemory, AMinuteIsDroppedWhenItsLastIdHasExpired) {
  Deduplication ids(kMost, 7);
  const IdPlace at = ids.remember(kQueue, "id", kStart);
  EXPECT_EQ(ids.minutes(), std::vector{at.minute});
  const Instant end = Instant{} + minutes(int64_t{at.minute} + 1) + minutes(5);
  EXPECT_EQ(ids.next_expiry(), end);
  EXPECT_EQ(ids.expire(end - Duration(1)), std::nullopt);
  EXPECT_EQ(ids.expire(end), at.minute + 1);
}

TEST(IdMemory, AFilterDeniesNothingThatWasAddedAndNearlyEverythingElse) {
  IdFilter filter(10'000);
  SeededRandom added(1), others(2);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(filter.is_full());
    filter.add(added.next());
  }
  EXPECT_TRUE(filter.is_full());
  EXPECT_EQ(filter.bytes(), 20'032u);
  SeededRandom again(1);
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(filter.may_have(again.next()));
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) taken += filter.may_have(others.next()) ? 1 : 0;
  EXPECT_LT(taken, 200);
}

}  // namespace
}  // namespace selvage::queue
