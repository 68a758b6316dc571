// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/rocksdb_store.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/bytes.h"
#include "store/durable_contract_test.h"
#include "store_rocksdb/child_process.h"
#include "store_rocksdb/small_disk.h"

namespace selvage::store_rocksdb {

using store::Store;
using store::Table;

class RocksdbMedium {
 public:
  RocksdbMedium() { reopen(); }
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = open_rocksdb(scratch_ / "data").value();
  }

 private:
  Scratch scratch_;
  std::unique_ptr<Store> store_;
};

}  // namespace selvage::store_rocksdb

namespace selvage::store {
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, StoreContract, store_rocksdb::RocksdbMedium);
INSTANTIATE_TYPED_TEST_SUITE_P(Rocksdb, DurableStoreContract, store_rocksdb::RocksdbMedium);
}  // namespace selvage::store

namespace selvage::store_rocksdb {
namespace {

constexpr ShardIndex kShard{1};

store::Batch record(Table table, std::string key, std::string value) {
  return {{}, {{table, std::move(key), std::move(value)}}};
}

class RocksdbStores : public ::testing::Test {
 protected:
  void open() {
    auto opened = open_rocksdb(directory_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void close() { store_.reset(); }
  void put(const std::string& key, const std::string& value) {
    const uint64_t epoch = store_->claim(kShard).value();
    ASSERT_TRUE(store_->apply(kShard, epoch, record(Table::kBody, key, value)));
    ASSERT_TRUE(store_->sync());
  }
  std::optional<std::string> get(const std::string& key) {
    return store_->read(Table::kBody, {key}).value()[0];
  }
  Error open_error() { return open_rocksdb(directory_).error(); }
  std::vector<fs::path> files(const std::string& extension) {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(directory_ + "/queues")) {
      if (file.path().extension() == extension) found.push_back(file.path());
    }
    return found;
  }
  // A store whose one body is in a table file, the largest.
  void make_table_file() {
    open();
    std::string body;
    for (uint64_t i = 0; i < 10'000; ++i) Encoder(body).u64(i * i * i);
    put("key", body);
    for (int i = 0; i < 2; ++i) {  // recovery turns the log into a table
      close();
      open();
    }
    close();
    ASSERT_FALSE(files(".sst").empty());
  }
  void expect_damage(const Error& error, const std::string& file) {
    EXPECT_EQ(error.code, ErrorCode::kCorruption);
    for (const std::string& part :
         {directory_ + " is damaged", file,
          "restore a backup, or look closer with `selvage doctor --data " + directory_ + "`"})
      EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }

  Scratch scratch_;
  const std::string directory_ = scratch_ / "data";
  std::unique_ptr<Store> store_;
};

TEST_F(RocksdbStores, KeepItsFilesBelowQueues) {
  open();
  EXPECT_EQ(read_file(directory_ + "/FORMAT"), "selvage-data 4\n");
  EXPECT_TRUE(fs::exists(directory_ + "/queues/CURRENT"));
  EXPECT_TRUE(fs::exists(directory_ + "/queues/LOG"));
  std::vector<std::string> names;
  for (const auto& found : fs::directory_iterator(directory_))
    names.push_back(found.path().filename());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"FORMAT", "broker.lock", "queues"}));
}

TEST_F(RocksdbStores, SayHowMuchTheyHold) {
  open();
  const auto before = store_->statistics();
  put("key", std::string(1 << 20, 'v'));
  const auto after = store_->statistics();
  EXPECT_GE(after.bytes_on_disk, before.bytes_on_disk + (1 << 20));
  EXPECT_GE(after.bytes_in_memory, before.bytes_in_memory + (1 << 20));
}

TEST_F(RocksdbStores, ASecondOpenInTheSameProcessIsRefused) {
  open();
  put("key", "value");
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kInUse);
  EXPECT_EQ(error.message, directory_ + " is open in another process (pid " +
                               std::to_string(::getpid()) + "): stop that one first");
  EXPECT_EQ(get("key"), "value");
}

TEST_F(RocksdbStores, RocksdbsOwnLockIsAlsoRespected) {
  open();
  fs::remove(directory_ + "/broker.lock");
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kInUse);
  EXPECT_EQ(error.message, directory_ + " is open in another process: stop that one first");
}

// Part of the next test, in a process of its own.
TEST(RocksdbChild, DISABLED_HoldsTheDirectory) {
  const char* directory = ::getenv(kChildDirectory);
  if (directory == nullptr) GTEST_SKIP() << "runs only as the child of another test";
  const auto store = open_rocksdb(directory).value();
  write_file(fs::path(directory) / "run", "ready");
  for (;;) ::pause();
}

TEST_F(RocksdbStores, ADirectoryIsInUseUntilItsProcessIsDead) {
  open();
  put("key", "value");
  close();
  Child child("RocksdbChild.DISABLED_HoldsTheDirectory", directory_);
  for (int i = 0; i < 1000 && !fs::exists(directory_ + "/run"); ++i) ::usleep(10'000);
  const Error error = open_error();
  EXPECT_EQ(error.code, ErrorCode::kInUse);
  EXPECT_EQ(error.message, directory_ + " is open in another process (pid " +
                               std::to_string(child.pid()) + "): stop that one first");
  child.kill();
  open();
  EXPECT_EQ(get("key"), "value");
}

// Part of the next test: more than a memtable holds, so that several logs are recovered.
constexpr int kLargeBodies = 48;
TEST(RocksdbChild, DISABLED_WritesAndIsKilled) {
  const char* directory = ::getenv(kChildDirectory);
  if (directory == nullptr) GTEST_SKIP() << "runs only as the child of another test";
  const auto store = open_rocksdb(directory).value();
  const uint64_t epoch = store->claim(kShard).value();
  for (int i = 0; i < kLargeBodies; ++i) {
    store::Batch batch = record(Table::kBody, std::to_string(i), std::string(1 << 20, 'b'));
    batch.writes.push_back({Table::kWaiting, std::to_string(i), "state"});
    if (!store->apply(kShard, epoch, std::move(batch)) || !store->sync()) ::_exit(1);
  }
  ::kill(::getpid(), SIGKILL);
}

TEST_F(RocksdbStores, WhatAKilledProcessHasSyncedIsThere) {
  Child child("RocksdbChild.DISABLED_WritesAndIsKilled", directory_);
  const int status = child.wait();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  open();
  for (int i = 0; i < kLargeBodies; ++i) {
    ASSERT_EQ(get(std::to_string(i)).value_or("").size(), size_t{1} << 20) << i;
    ASSERT_EQ(store_->read(Table::kWaiting, {std::to_string(i)}).value()[0], "state") << i;
  }
  EXPECT_EQ(store_->claim(kShard).value(), 2u);
}

// Part of the next test: what the kernel has is no longer the process's.
TEST(RocksdbChild, DISABLED_WritesWithoutSyncingAndIsKilled) {
  const char* directory = ::getenv(kChildDirectory);
  if (directory == nullptr) GTEST_SKIP() << "runs only as the child of another test";
  const auto store = open_rocksdb(directory, {.syncs_in_background = true}).value();
  const uint64_t epoch = store->claim(kShard).value();
  if (!store->apply(kShard, epoch, record(Table::kBody, "key", "value")) || !store->sync())
    ::_exit(1);
  ::kill(::getpid(), SIGKILL);
}

TEST_F(RocksdbStores, WhatAKilledProcessHasWrittenIsThereWithSyncingInTheBackgroundToo) {
  Child child("RocksdbChild.DISABLED_WritesWithoutSyncingAndIsKilled", directory_);
  const int status = child.wait();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  open();
  EXPECT_EQ(get("key"), "value");
}

TEST_F(RocksdbStores, APurgeOfAHundredThousandRecordsLeavesAScanNothingToWalk) {
  open();
  const uint64_t epoch = store_->claim(kShard).value();
  store::Batch batch;
  for (int i = 100'000; i < 200'000; ++i)
    batch.writes.push_back({Table::kWaiting, std::to_string(i), "state"});
  ASSERT_TRUE(store_->apply(kShard, epoch, std::move(batch)));
  ASSERT_TRUE(store_->apply(
      kShard, epoch, {{{Table::kWaiting, "1", "2"}}, {{Table::kWaiting, "150000", "left"}}}));
  std::vector<std::string> seen;
  ASSERT_TRUE(store_->scan(Table::kWaiting, "", "2", [&](std::string_view key, std::string_view) {
    seen.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(seen, std::vector<std::string>{"150000"});
}

// The bodies of a backlog, in tables and in logs.
class DrainedStores : public RocksdbStores {
 protected:
  void SetUp() override {
    auto opened = open_rocksdb(directory_, {.reclaim_interval = std::chrono::milliseconds(10)});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
    epoch_ = store_->claim(kShard).value();
    for (int i = 0; i < kBodies; ++i) apply(record(Table::kBody, key(i), body(i)));
    EXPECT_GT(store_->statistics().bytes_on_disk, uint64_t{kBodies} * 100'000);
  }
  void apply(store::Batch batch) {
    ASSERT_TRUE(store_->apply(kShard, epoch_, std::move(batch)));
    ASSERT_TRUE(store_->sync());
  }
  static std::string key(int number) { return std::to_string(10'000 + number); }
  void expect_given_back() {
    // What is not worth a compaction, and a log.
    constexpr uint64_t kLeft = 24 << 20;
    for (int i = 0; i < 3000 && store_->statistics().bytes_on_disk > kLeft; ++i) ::usleep(10'000);
    EXPECT_LE(store_->statistics().bytes_on_disk, kLeft);
  }

  static constexpr int kBodies = 1000;
  uint64_t epoch_ = 0;
};

TEST_F(DrainedStores, GiveTheirDiskBack) {
  for (int i = 0; i < kBodies; ++i) apply({{}, {{Table::kBody, key(i), std::nullopt}}});
  expect_given_back();
}

TEST_F(DrainedStores, GiveTheirDiskBackAfterAPurge) {
  apply({{{Table::kBody, "1", "2"}}, {{Table::kBody, "2", "kept"}}});
  expect_given_back();
  EXPECT_EQ(get("2"), "kept");
}

TEST_F(RocksdbStores, ADamagedRecordIsNamedAndNotReturned) {
  make_table_file();
  const fs::path largest =
      std::ranges::max(files(".sst"), {}, [](const fs::path& file) { return fs::file_size(file); });
  std::fstream(largest, std::ios::in | std::ios::out | std::ios::binary).seekp(8) << "XXXX";
  open();
  const auto read = store_->read(Table::kBody, {"key"});
  ASSERT_FALSE(read);
  expect_damage(read.error(), largest.filename());
  const auto scan =
      store_->scan(Table::kBody, "", "z", [](std::string_view, std::string_view) { return true; });
  ASSERT_FALSE(scan);
  expect_damage(scan.error(), largest.filename());
}

TEST_F(RocksdbStores, AMissingTableFileIsDamage) {
  make_table_file();
  for (const fs::path& file : files(".sst")) fs::remove(file);
  expect_damage(open_error(), directory_ + "/queues/0000");
}

TEST_F(RocksdbStores, ADamagedManifestIsDamage) {
  make_table_file();
  std::string name = read_file(directory_ + "/queues/CURRENT");
  name.pop_back();
  fs::resize_file(directory_ + "/queues/" + name, 20);
  expect_damage(open_error(), "");
}

TEST_F(RocksdbStores, LostQueuesAreNotCreatedAnewInSilence) {
  open();
  put("key", "value");
  close();
  fs::remove(directory_ + "/queues/CURRENT");
  expect_damage(open_error(), "CURRENT");
  fs::remove_all(directory_ + "/queues");
  expect_damage(open_error(), "CURRENT");
}

TEST_F(RocksdbStores, ACreationThatWasCutShortGoesOn) {
  open();
  close();
  fs::rename(directory_ + "/FORMAT", directory_ + "/FORMAT.new");
  open();
  put("key", "value");
  EXPECT_TRUE(fs::exists(directory_ + "/FORMAT"));
}

}  // namespace
}  // namespace selvage::store_rocksdb
