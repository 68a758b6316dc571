// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/log_watch.h"

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

namespace selvage::store_rocksdb {
namespace {

using Option = rocksdb::WalFilter::WalProcessingOption;

// A batch of `count` records that begins with number `first`, as RocksDB reads it from a log.
rocksdb::WriteBatch batch(uint8_t first, int count) {
  rocksdb::WriteBatch made;
  for (int i = 0; i < count; ++i) made.Put("key", "value");
  std::string bytes = made.Data();
  bytes[0] = static_cast<char>(first);
  return rocksdb::WriteBatch(bytes);
}

class LogWatches : public ::testing::Test {
 protected:
  Option see(const std::string& file, const rocksdb::WriteBatch& found) {
    return watch_.LogRecordFound(1, file, found, nullptr, nullptr);
  }
  LogWatch watch_;
};

TEST_F(LogWatches, RecordsThatFollowOneAnotherAreFine) {
  EXPECT_EQ(see("a.log", batch(7, 3)), Option::kContinueProcessing);
  EXPECT_EQ(see("b.log", batch(10, 1)), Option::kContinueProcessing);
  EXPECT_FALSE(watch_.has_gap());
  EXPECT_EQ(watch_.last(), 10u);
  EXPECT_EQ(watch_.file(), "b.log");
}

TEST_F(LogWatches, AGapIsDamageAlsoBetweenTwoLogs) {
  see("a.log", batch(7, 3));
  EXPECT_EQ(see("b.log", batch(11, 1)), Option::kCorruptedRecord);
  EXPECT_EQ(see("b.log", batch(12, 1)), Option::kCorruptedRecord);  // nor is what comes then
  EXPECT_TRUE(watch_.has_gap());
  EXPECT_EQ(watch_.last(), 9u);
  EXPECT_EQ(watch_.file(), "a.log");
}

TEST_F(LogWatches, WhatWasThereBeforeTheFirstLogIsInTables) {
  EXPECT_EQ(see("a.log", batch(100, 1)), Option::kContinueProcessing);
}

}  // namespace
}  // namespace selvage::store_rocksdb
