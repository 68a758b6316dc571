// SPDX-License-Identifier: Apache-2.0
#include "broker/open_batch.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "store/memory_store.h"

namespace selvage::broker {
namespace {

using store::Table;

class OpenBatchTest : public ::testing::Test {
 protected:
  using Records = std::vector<std::pair<std::string, std::string>>;
  uint64_t below(uint64_t n) { return random_.next() % n; }
  std::string some_key() { return std::string(1, static_cast<char>('a' + below(20))); }

  Records seen() {
    Records all;
    EXPECT_TRUE(batch_.scan(Table::kBody, {"a", "z"}, [&](auto key, auto value) {
      all.emplace_back(key, value);
      return true;
    }));
    return all;
  }
  Records stored() {
    Records all;
    EXPECT_TRUE(store_.scan(Table::kBody, "a", "z", [&](auto key, auto value) {
      all.emplace_back(key, value);
      return true;
    }));
    return all;
  }
  void apply() { ASSERT_TRUE(store_.apply({}, epoch_, batch_.take())); }

  SeededRandom random_{3};
  store::MemoryStore store_;
  uint64_t epoch_ = store_.claim({}).value();
  OpenBatch batch_{store_};
};

TEST_F(OpenBatchTest, ShowsWhatTheStoreWillHold) {
  for (int round = 0; round < 300; ++round) {
    for (uint64_t n = below(8); n > 0; --n) {
      const uint64_t dice = below(10);
      if (dice < 6) batch_.write(Table::kBody, some_key(), std::to_string(below(1000)));
      if (dice == 6 || dice == 7) batch_.write(Table::kBody, some_key(), std::nullopt);
      if (dice == 8) batch_.drop(Table::kBody, {some_key(), some_key()});
      if (dice == 9) batch_.write(Table::kMeta, some_key(), "in another table");
    }
    const Records before = seen();
    const std::string key = some_key();
    const auto one = batch_.read(Table::kBody, key).value();
    if (below(3) == 0) continue;  // the batch grows
    apply();
    ASSERT_EQ(stored(), before) << round;
    ASSERT_EQ(store_.read(Table::kBody, {key}).value().front(), one) << round;
    ASSERT_TRUE(batch_.empty());
  }
}

TEST_F(OpenBatchTest, WhatIsAddedAndRemovedAgainIsNotWritten) {
  batch_.add(Table::kBody, "a", "new");
  batch_.add(Table::kBody, "b", "new");
  EXPECT_EQ(seen().size(), 2u);
  batch_.remove(Table::kBody, "a");
  EXPECT_EQ(seen(), (Records{{"b", "new"}}));
  EXPECT_EQ(batch_.read(Table::kBody, "a").value(), std::nullopt);
  const store::Batch taken = batch_.take();
  ASSERT_EQ(taken.writes.size(), 1u);
  EXPECT_EQ(taken.writes[0].key, "b");
}

TEST_F(OpenBatchTest, WhatWasAddedBeforeIsRemovedFromTheStore) {
  batch_.add(Table::kBody, "a", "new");
  apply();
  batch_.remove(Table::kBody, "a");
  apply();
  EXPECT_TRUE(stored().empty());
  batch_.add(Table::kBody, "a", "new");
  batch_.write(Table::kBody, "a", "newer");
  batch_.remove(Table::kBody, "a");
  apply();
  EXPECT_TRUE(stored().empty());
}

TEST_F(OpenBatchTest, TablesWithTheSameKeyAreToldApart) {
  batch_.add(Table::kBody, "a", "new");
  batch_.remove(Table::kMeta, "a");
  EXPECT_EQ(seen(), (Records{{"a", "new"}}));
}

TEST_F(OpenBatchTest, AScanThatHasEnoughStops) {
  batch_.write(Table::kBody, "b", "stored");
  apply();
  batch_.write(Table::kBody, "a", "open");
  batch_.write(Table::kBody, "c", "open");
  for (size_t enough = 1; enough <= 3; ++enough) {
    size_t shown = 0;
    EXPECT_TRUE(
        batch_.scan(Table::kBody, {"a", "z"}, [&](auto, auto) { return ++shown < enough; }));
    EXPECT_EQ(shown, enough);
  }
}

}  // namespace
}  // namespace selvage::broker
