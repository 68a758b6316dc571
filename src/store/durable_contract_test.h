// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every store that keeps its data must do. Its medium can also reopen(): close the store and
// open the same data again. Read contract_test.h first.

#include "store/contract_test.h"

namespace selvage::store {

template <typename Medium>
class DurableStoreContract : public StoreContract<Medium> {};
TYPED_TEST_SUITE_P(DurableStoreContract);

TYPED_TEST_P(DurableStoreContract, WhatWasSyncedIsThereAfterReopening) {
  const std::string large(1 << 20, 'x');
  this->apply({{}, {{Table::kMeta, "queue", "m"}, {Table::kBody, "a", large}}});
  this->apply({{{Table::kWaiting, "a", "z"}}, {{Table::kEvidence, "e", "why"}}});
  this->put(Table::kWaiting, "b", "2");
  this->sync();
  for (int i = 0; i < 2; ++i) {  // recovered from the log, then from what recovery wrote
    this->medium_.reopen();
    EXPECT_EQ(this->values(Table::kMeta, {"queue"})[0], "m");
    EXPECT_TRUE(this->values(Table::kBody, {"a"})[0] == large);
    EXPECT_EQ(this->values(Table::kEvidence, {"e"})[0], "why");
    EXPECT_EQ(this->found(Table::kWaiting, "a", "z"), (Found{{"b", "2"}}));
  }
}

TYPED_TEST_P(DurableStoreContract, WhatWasDeletedStaysDeletedAfterReopening) {
  for (const char* key : {"a", "b", "c", "d"}) this->put(Table::kWaiting, key, "v");
  this->sync();
  this->medium_.reopen();
  this->epoch_ = this->store().claim(this->kShard).value();
  this->apply({{{Table::kWaiting, "b", "d"}}, {{Table::kWaiting, "a", std::nullopt}}});
  this->sync();
  this->medium_.reopen();
  EXPECT_EQ(this->found(Table::kWaiting, "a", "z"), (Found{{"d", "v"}}));
}

TYPED_TEST_P(DurableStoreContract, AClaimAfterReopeningIsHigherThanEveryOneBefore) {
  const uint64_t other = this->store().claim(ShardIndex{8}).value();
  this->medium_.reopen();
  EXPECT_GT(this->store().claim(this->kShard).value(), this->epoch_);
  EXPECT_GT(this->store().claim(ShardIndex{8}).value(), other);
  EXPECT_FALSE(this->store().apply(this->kShard, this->epoch_, {}));
}

REGISTER_TYPED_TEST_SUITE_P(DurableStoreContract, WhatWasSyncedIsThereAfterReopening,
                            WhatWasDeletedStaysDeletedAfterReopening,
                            AClaimAfterReopeningIsHigherThanEveryOneBefore);

}  // namespace selvage::store
