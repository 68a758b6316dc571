// SPDX-License-Identifier: Apache-2.0
#include "store/memory_store.h"

#include "store/contract_test.h"

namespace selvage::store {
namespace {

class MemoryMedium {
 public:
  Store& store() { return store_; }

 private:
  MemoryStore store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContract, MemoryMedium);

TEST(MemoryStore, SaysHowMuchItHolds) {
  MemoryStore store;
  const uint64_t epoch = *store.claim(ShardIndex{1});
  EXPECT_EQ(store.statistics().bytes_in_memory, 0u);
  ASSERT_TRUE(store.apply(ShardIndex{1}, epoch, {{}, {{Table::kBody, "key", "value"}}}));
  EXPECT_EQ(store.statistics().bytes_in_memory, 8u);
  ASSERT_TRUE(store.apply(ShardIndex{1}, epoch,
                          {{},
                           {{Table::kBody, "key", "v"},
                            {Table::kMeta, "a", "1"},
                            {Table::kMeta, "b", "2"},
                            {Table::kMeta, "gone", std::nullopt}}}));
  EXPECT_EQ(store.statistics().bytes_in_memory, 8u);
  ASSERT_TRUE(store.apply(ShardIndex{1}, epoch,
                          {{{Table::kMeta, "a", "b"}}, {{Table::kBody, "key", std::nullopt}}}));
  EXPECT_EQ(store.statistics().bytes_in_memory, 2u);
  EXPECT_EQ(store.statistics().bytes_on_disk, 0u);
}

TEST(MemoryStore, HasNothingToCopyAndSaysSo) {
  MemoryStore store;
  const auto copied = store.checkpoint("/nowhere/copy", {});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, ErrorCode::kGiveUp);
  EXPECT_NE(copied.error().message.find("in memory"), std::string::npos);
}

TEST(MemoryStoreDeathTest, AnEmptyKeyIsABug) {
  MemoryStore store;
  const uint64_t epoch = *store.claim(ShardIndex{1});
  EXPECT_DEATH((void)store.apply(ShardIndex{1}, epoch, {{}, {{Table::kBody, "", "value"}}}),
               "key.empty");
}

}  // namespace
}  // namespace selvage::store
