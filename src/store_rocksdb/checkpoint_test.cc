// SPDX-License-Identifier: Apache-2.0
// Store::checkpoint() of a store in a directory.
#include <atomic>
#include <thread>

#include "base/bytes.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

using store::Store;
using store::Table;

constexpr ShardIndex kShard{1};
const std::stop_token kGoOn;

std::string number(uint64_t n) {
  std::string text;
  Encoder(text).u64(n);
  return text;
}

class Checkpoints : public ::testing::Test {
 protected:
  void open() {
    store_.reset();
    store_ = open_rocksdb(scratch_ / "data").value();
    epoch_ = store_->claim(kShard).value();
  }
  void put(Table table, const std::string& key, const std::string& value) {
    ASSERT_TRUE(store_->apply(kShard, epoch_, {{}, {{table, key, value}}}));
  }
  void put_both(uint64_t n, const std::string& value) {
    const std::string key = number(n);
    ASSERT_TRUE(store_->apply(kShard, epoch_,
                              {{}, {{Table::kHeld, key, "s"}, {Table::kBody, key, value}}}));
  }
  void copy(const std::string& name) {
    const auto copied = store_->checkpoint(scratch_ / name, kGoOn);
    ASSERT_TRUE(copied) << copied.error().message;
  }
  static std::optional<std::string> value_in(Store& store, Table table, const std::string& key) {
    return store.read(table, {key}).value()[0];
  }
  static uint64_t count(Store& store, Table table) {
    uint64_t records = 0;
    EXPECT_TRUE(store.scan(table, "", "\xff", [&](auto, auto) { return ++records > 0; }));
    return records;
  }

  Scratch scratch_;
  std::unique_ptr<Store> store_;
  uint64_t epoch_ = 0;
};

TEST_F(Checkpoints, TheCopyHasEverythingAppliedBeforeAndNothingThatCameLater) {
  open();
  put(Table::kMeta, "table", "1");  // ends up in a table file
  open();
  put(Table::kBody, "log", "2");  // stands in the log, not synced
  copy("copy");
  put(Table::kBody, "later", "3");
  const auto opened = open_rocksdb(scratch_ / "copy").value();
  EXPECT_EQ(value_in(*opened, Table::kMeta, "table"), "1");
  EXPECT_EQ(value_in(*opened, Table::kBody, "log"), "2");
  EXPECT_EQ(value_in(*opened, Table::kBody, "later"), std::nullopt);
}

TEST_F(Checkpoints, TheCopyAndTheSourceGoTheirOwnWays) {
  open();
  put(Table::kBody, "a", "1");
  open();
  copy("copy");
  const auto copied = open_rocksdb(scratch_ / "copy").value();
  const uint64_t epoch = copied->claim(kShard).value();
  EXPECT_GT(epoch, epoch_);
  ASSERT_TRUE(copied->apply(kShard, epoch, {{}, {{Table::kBody, "a", "copy"}}}));
  put(Table::kBody, "a", "source");
  EXPECT_EQ(value_in(*copied, Table::kBody, "a"), "copy");
  EXPECT_EQ(value_in(*store_, Table::kBody, "a"), "source");
}

TEST_F(Checkpoints, ACopyCanBeCopied) {
  open();
  put(Table::kBody, "a", "1");
  copy("first");
  {
    const auto first = open_rocksdb(scratch_ / "first").value();
    ASSERT_TRUE(first->checkpoint(scratch_ / "second", kGoOn));
  }
  EXPECT_EQ(value_in(*open_rocksdb(scratch_ / "second").value(), Table::kBody, "a"), "1");
}

// Batches put one number into two tables; whatever is in a copy is in both.
TEST_F(Checkpoints, ACopyBesideAWriterHasWholeBatchesUpToAMomentAfterItsBeginning) {
  open();
  constexpr uint64_t kLead = 2000;
  const std::string bulk(16 << 10, 'x');
  std::atomic<uint64_t> written = 0;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint64_t n = 1; !done; ++n) {
      const std::string value =
          n % 8 == 0 ? bulk : "v";  // enough that tables are written meanwhile
      put_both(n, value);
      written = n;
    }
  });
  for (int i = 0; i < 3; ++i) {
    const uint64_t goal = written + kLead;
    while (written < goal) std::this_thread::yield();
    const uint64_t before = written;
    copy("copy" + std::to_string(i));
    const auto opened = open_rocksdb(scratch_ / ("copy" + std::to_string(i))).value();
    const uint64_t records = count(*opened, Table::kHeld);
    EXPECT_GE(records, before);
    EXPECT_EQ(records, count(*opened, Table::kBody));
    EXPECT_TRUE(value_in(*opened, Table::kHeld, number(records))) << "no gap";
  }
  done = true;
  writer.join();
}

TEST_F(Checkpoints, AStoppedCopyIsNoDataDirectory) {
  open();
  put(Table::kBody, "a", "1");
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = store_->checkpoint(scratch_ / "copy", stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kGiveUp);
  EXPECT_FALSE(open_rocksdb(scratch_ / "copy"));
  copy("again");
}

TEST_F(Checkpoints, AnExistingCopyIsNotOverwritten) {
  open();
  put(Table::kBody, "a", "1");
  copy("copy");
  const auto before = everything_in(scratch_ / "copy");
  const auto again = store_->checkpoint(scratch_ / "copy", kGoOn);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kSettings);
  EXPECT_EQ(everything_in(scratch_ / "copy"), before);
}

}  // namespace
}  // namespace selvage::store_rocksdb
