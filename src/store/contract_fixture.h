// SPDX-License-Identifier: Apache-2.0
#pragma once
// The verbs in which the store contract is written. Read store.h first, then contract_test.h.

#include <gtest/gtest.h>

#include <limits>

#include "store/store.h"

namespace selvage::store {

using Found = std::vector<std::pair<std::string, std::string>>;  // what a scan showed
using Values = std::vector<std::optional<std::string>>;          // what a read returned

// A store on a fresh medium, and one shard of it that is ours.
template <typename Medium>
class StoreContract : public ::testing::Test {
 protected:
  static constexpr ShardIndex kShard{7};

  StoreContract() : epoch_(store().claim(kShard).value()) {}

  Store& store() { return medium_.store(); }

  void apply(Batch batch) {
    const Result<void> applied = store().apply(kShard, epoch_, std::move(batch));
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void put(Table table, std::string key, std::string value) {
    apply({{}, {{table, std::move(key), std::move(value)}}});
  }
  void sync() {
    const Result<void> synced = store().sync();
    ASSERT_TRUE(synced) << synced.error().message;
  }
  Values values(Table table, const std::vector<std::string>& keys) {
    return store().read(table, keys).value();
  }
  // What a scan shows until it has seen `most` records.
  Found found(Table table, std::string_view first, std::string_view last,
              size_t most = std::numeric_limits<size_t>::max()) {
    Found seen;
    const auto each = [&](std::string_view key, std::string_view value) {
      seen.emplace_back(key, value);
      return seen.size() < most;
    };
    EXPECT_TRUE(store().scan(table, first, last, each));
    return seen;
  }

  Medium medium_;
  uint64_t epoch_;
};

}  // namespace selvage::store
