// SPDX-License-Identifier: Apache-2.0
#include "broker/body_cache.h"

#include <gtest/gtest.h>

namespace selvage::broker {
namespace {

constexpr QueueId kQueue{7};

int kept(BodyCache& cache, int last) {
  int count = 0;
  for (int i = 1; i <= last; ++i)
    count += cache.take(kQueue, Seq{static_cast<uint64_t>(i)}).has_value() ? 1 : 0;
  return count;
}

TEST(BodyCache, KeepsTheLatestAndNoMoreBytesThanItMay) {
  BodyCache cache(100'000);
  for (uint64_t i = 1; i <= 1000; ++i) cache.put(kQueue, Seq{i}, std::string(872, 'x'));
  EXPECT_EQ(cache.take(kQueue, Seq{1}), std::nullopt);
  EXPECT_EQ(cache.take(kQueue, Seq{1000}), std::string(872, 'x'));
  EXPECT_EQ(kept(cache, 1000), 99);
}

TEST(BodyCache, OneLargeBodyDoesNotPushOutTheOthers) {
  BodyCache cache(100'000);
  cache.put(kQueue, Seq{1}, "small");
  cache.put(kQueue, Seq{2}, std::string(90'000, 'x'));
  EXPECT_EQ(cache.take(kQueue, Seq{2}), std::nullopt);
  EXPECT_EQ(cache.take(kQueue, Seq{1}), "small");
}

TEST(BodyCache, QueuesAreToldApart) {
  BodyCache cache(100'000);
  cache.put({1}, Seq{1}, "one");
  cache.put({2}, Seq{1}, "two");
  cache.forget({1}, Seq{1});
  EXPECT_EQ(cache.take({1}, Seq{1}), std::nullopt);
  EXPECT_EQ(cache.take({2}, Seq{1}), "two");
}

TEST(BodyCache, IsEmptyOnceCleared) {
  BodyCache cache(100'000);
  cache.put(kQueue, Seq{1}, "one");
  cache.clear();
  EXPECT_EQ(kept(cache, 1), 0);
}

}  // namespace
}  // namespace selvage::broker
