// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every store must do; what only durable ones must is in durable_contract_test.h. The test of
// a store names a medium of its own: default-constructed, its store() is an open and empty store.

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "store/contract_fixture.h"

namespace selvage::store {

TYPED_TEST_SUITE_P(StoreContract);

TYPED_TEST_P(StoreContract, ABatchOverSeveralTablesIsAppliedAsAWhole) {
  this->put(Table::kWaiting, "old", "1");
  this->apply({{},
               {{Table::kMeta, "queue", "m"},
                {Table::kWaiting, "old", std::nullopt},
                {Table::kWaiting, "new", "s"},
                {Table::kBody, "new", "b"}}});
  EXPECT_EQ(this->values(Table::kMeta, {"queue"})[0], "m");
  EXPECT_EQ(this->values(Table::kWaiting, {"old"})[0], std::nullopt);
  EXPECT_EQ(this->values(Table::kWaiting, {"new"})[0], "s");
  EXPECT_EQ(this->values(Table::kBody, {"new"})[0], "b");
}

TYPED_TEST_P(StoreContract, TablesAreIndependent) {
  for (int i = 0; i < kTables; ++i) this->put(static_cast<Table>(i), "key", std::to_string(i));
  this->apply({{{Table::kWaiting, "a", "z"}}, {{Table::kBody, "key", std::nullopt}}});
  EXPECT_EQ(this->values(Table::kMeta, {"key"})[0], "0");
  EXPECT_EQ(this->values(Table::kWaiting, {"key"})[0], std::nullopt);
  EXPECT_EQ(this->values(Table::kBody, {"key"})[0], std::nullopt);
  EXPECT_EQ(this->values(Table::kIds, {"key"})[0], std::to_string(kTables - 1));
}

TYPED_TEST_P(StoreContract, OfTwoWritesToOneKeyTheLaterWins) {
  this->apply({{}, {{Table::kBody, "a", "1"}, {Table::kBody, "a", "2"}}});
  this->apply({{}, {{Table::kBody, "b", "1"}, {Table::kBody, "b", std::nullopt}}});
  this->apply({{}, {{Table::kBody, "c", std::nullopt}, {Table::kBody, "c", "2"}}});
  EXPECT_EQ(this->values(Table::kBody, {"a", "b", "c"}), (Values{"2", std::nullopt, "2"}));
}

TYPED_TEST_P(StoreContract, RangesAreDeletedBeforeTheWritesOfTheirBatch) {
  this->apply({{}, {{Table::kWaiting, "a", "1"}, {Table::kWaiting, "b", "1"}}});
  this->apply({{{Table::kWaiting, "a", "c"}}, {{Table::kWaiting, "b", "2"}}});
  EXPECT_EQ(this->found(Table::kWaiting, "a", "z"), (Found{{"b", "2"}}));
}

TYPED_TEST_P(StoreContract, ARangeHasItsFirstKeyAndNotItsLast) {
  for (const char* key : {"a", "b", "c", "d"}) this->put(Table::kBody, key, "v");
  this->apply({{{Table::kBody, "b", "d"}}, {}});
  EXPECT_EQ(this->found(Table::kBody, "a", "z"), (Found{{"a", "v"}, {"d", "v"}}));
}

TYPED_TEST_P(StoreContract, ARangeThatEndsBeforeItBeginsIsEmpty) {
  this->put(Table::kBody, "b", "v");
  this->apply({{{Table::kBody, "c", "a"}, {Table::kBody, "b", "b"}}, {}});
  EXPECT_EQ(this->values(Table::kBody, {"b"})[0], "v");
  EXPECT_TRUE(this->found(Table::kBody, "c", "a").empty());
  EXPECT_TRUE(this->found(Table::kBody, "b", "b").empty());
}

TYPED_TEST_P(StoreContract, AnEmptyBatchAndAnAbsentKeyToDeleteAreFine) {
  this->apply({});
  this->apply({{{Table::kMeta, "a", "z"}}, {{Table::kMeta, "absent", std::nullopt}}});
  this->sync();
  EXPECT_TRUE(this->found(Table::kMeta, "a", "z").empty());
}

TYPED_TEST_P(StoreContract, AScanIsInKeyOrderWithinItsBounds) {
  for (const char* key : {"d", "a", "c", "b", "e"}) this->put(Table::kWaiting, key, "v");
  EXPECT_EQ(this->found(Table::kWaiting, "b", "e"), (Found{{"b", "v"}, {"c", "v"}, {"d", "v"}}));
  EXPECT_EQ(this->found(Table::kWaiting, "bb", "c!").size(), 1u);
  EXPECT_TRUE(this->found(Table::kWaiting, "f", "z").empty());
}

TYPED_TEST_P(StoreContract, AScanStopsWhenItIsTold) {
  for (const char* key : {"a", "b", "c"}) this->put(Table::kWaiting, key, "v");
  EXPECT_EQ(this->found(Table::kWaiting, "a", "z", 2).size(), 2u);
}

TYPED_TEST_P(StoreContract, AScanFromTheEmptyKeyShowsOnlyWhatWasWritten) {
  EXPECT_TRUE(this->found(Table::kMeta, "", "\xff").empty());
  this->put(Table::kMeta, "queue", "m");
  EXPECT_EQ(this->found(Table::kMeta, "", "\xff").size(), 1u);
}

TYPED_TEST_P(StoreContract, ReadAnswersInTheOrderOfTheKeys) {
  this->apply({{}, {{Table::kBody, "a", "1"}, {Table::kBody, "b", ""}, {Table::kBody, "c", "3"}}});
  EXPECT_EQ(this->values(Table::kBody, {"c", "absent", "a", "c", "b"}),
            (Values{"3", std::nullopt, "1", "3", ""}));
  EXPECT_TRUE(this->values(Table::kBody, {}).empty());
}

TYPED_TEST_P(StoreContract, KeysAndValuesAreAnyBytesAndSortUnsigned) {
  using namespace std::string_literals;
  const std::vector<std::string> keys = {"\0"s, "\0\0"s, "\0\xff"s, "\x7f"s, "\xff"s, "\xff\xff"s};
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) this->put(Table::kMeta, *key, *key);
  const auto seen = this->found(Table::kMeta, "", "\xff\xff\xff");
  ASSERT_EQ(seen.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(seen[i], std::pair(keys[i], keys[i]));
  this->apply({{{Table::kMeta, "", "\xff"}}, {}});
  EXPECT_EQ(this->found(Table::kMeta, "", "\xff\xff\xff").size(), 2u);
}

TYPED_TEST_P(StoreContract, AValueOfAMebibyteComesBackWhole) {
  std::string large(1 << 20, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 3);
  this->apply({{}, {{Table::kBody, "a", large}, {Table::kBody, "b", large + "b"}}});
  this->sync();
  EXPECT_TRUE(this->values(Table::kBody, {"a"})[0] == large);
  EXPECT_TRUE(this->values(Table::kBody, {"b"})[0] == large + "b");
}

TYPED_TEST_P(StoreContract, EpochsOfAShardOnlyRise) {
  uint64_t last = this->epoch_;
  for (int i = 0; i < 5; ++i) {
    const uint64_t next = this->store().claim(this->kShard).value();
    EXPECT_GT(next, last);
    last = next;
  }
}

TYPED_TEST_P(StoreContract, AStaleOwnerIsRefusedAndWritesNothing) {
  this->put(Table::kWaiting, "a", "1");
  ASSERT_TRUE(this->store().claim(this->kShard));
  const Result<void> late =
      this->store().apply(this->kShard, this->epoch_,
                          {{{Table::kWaiting, "a", "b"}}, {{Table::kWaiting, "c", "late"}}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kGiveUp);
  EXPECT_FALSE(this->store().apply(this->kShard, this->epoch_, {}));
  EXPECT_EQ(this->found(Table::kWaiting, "a", "z"), (Found{{"a", "1"}}));
}

TYPED_TEST_P(StoreContract, AnUnclaimedShardTakesNothing) {
  for (const uint64_t epoch : {uint64_t{0}, uint64_t{1}, this->epoch_})
    EXPECT_FALSE(this->store().apply(ShardIndex{99}, epoch, {{}, {{Table::kMeta, "a", "1"}}}));
  EXPECT_EQ(this->values(Table::kMeta, {"a"})[0], std::nullopt);
}

TYPED_TEST_P(StoreContract, ClaimingOneShardLeavesTheOthersTheirOwner) {
  ASSERT_TRUE(this->store().claim(ShardIndex{8}));
  this->put(Table::kWaiting, "a", "1");
  EXPECT_EQ(this->values(Table::kWaiting, {"a"})[0], "1");
}

TYPED_TEST_P(StoreContract, ACheckpointIsMadeOrGivenUpAndTheStoreWorksOn) {
  std::string parent = std::filesystem::temp_directory_path() / "selvage-contract-XXXXXX";
  ASSERT_NE(::mkdtemp(parent.data()), nullptr);
  this->put(Table::kBody, "a", "1");
  const Result<void> made = this->store().checkpoint(parent + "/copy", {});
  EXPECT_TRUE(made || made.error().code == ErrorCode::kGiveUp) << made.error().message;
  EXPECT_EQ(std::filesystem::exists(parent + "/copy"), made.has_value());
  this->put(Table::kBody, "b", "2");
  this->sync();
  EXPECT_EQ(this->values(Table::kBody, {"a", "b"}), (Values{"1", "2"}));
  std::filesystem::remove_all(parent);
}

TYPED_TEST_P(StoreContract, ReadsBesideApplyAndSyncSeeWholeBatches) {
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string value = std::to_string(i);
      this->apply({{}, {{Table::kWaiting, "a", value}, {Table::kWaiting, "b", value}}});
    }
  });
  std::thread syncer([&] {
    while (!done) this->sync();
  });
  std::optional<std::string> last;
  for (int changes = 0; changes < 100;) {  // the writer has really been at work meanwhile
    const Found seen = this->found(Table::kWaiting, "a", "c");
    const Values both = this->values(Table::kWaiting, {"a", "b"});
    EXPECT_TRUE(seen.empty() || (seen.size() == 2 && seen[0].second == seen[1].second));
    EXPECT_EQ(both[0], both[1]);
    if (std::exchange(last, both[0]) != both[0]) ++changes;
  }
  done = true;
  writer.join();
  syncer.join();
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreContract, ABatchOverSeveralTablesIsAppliedAsAWhole, TablesAreIndependent,
    OfTwoWritesToOneKeyTheLaterWins, RangesAreDeletedBeforeTheWritesOfTheirBatch,
    ARangeHasItsFirstKeyAndNotItsLast, ARangeThatEndsBeforeItBeginsIsEmpty,
    AnEmptyBatchAndAnAbsentKeyToDeleteAreFine, AScanIsInKeyOrderWithinItsBounds,
    AScanStopsWhenItIsTold, AScanFromTheEmptyKeyShowsOnlyWhatWasWritten,
    ReadAnswersInTheOrderOfTheKeys, KeysAndValuesAreAnyBytesAndSortUnsigned,
    AValueOfAMebibyteComesBackWhole, EpochsOfAShardOnlyRise, AStaleOwnerIsRefusedAndWritesNothing,
    AnUnclaimedShardTakesNothing, ClaimingOneShardLeavesTheOthersTheirOwner,
    ACheckpointIsMadeOrGivenUpAndTheStoreWorksOn, ReadsBesideApplyAndSyncSeeWholeBatches);

}  // namespace selvage::store
