// SPDX-License-Identifier: Apache-2.0
// A disk that is really full: a small tmpfs.
#include <thread>

#include "store_rocksdb/disk_room.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/small_disk.h"

namespace selvage::store_rocksdb {
namespace {

using store::Store;
using store::Table;

constexpr ShardIndex kShard{1};

class AFullDisk : public ::testing::Test {
 protected:
  explicit AFullDisk(const char* size = "size=8m") : disk_(size) {}
  void SetUp() override {
    if (!disk_.problem().empty()) GTEST_SKIP() << "no small tmpfs: " << disk_.problem();
  }

  void open() {
    auto opened = open_rocksdb(directory_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  Result<void> write(uint64_t epoch, int number) {
    SELVAGE_TRY(
        store_->apply(kShard, epoch, {{}, {{Table::kBody, std::to_string(number), body(number)}}}));
    return store_->sync();
  }
  // Writes until the disk refuses; returns how many records were acknowledged.
  int fill(uint64_t epoch) {
    for (int i = 0; i < 2000; ++i) {
      if (const auto written = write(epoch, i); !written) {
        expect_full(written.error());
        return i;
      }
    }
    ADD_FAILURE() << "the disk did not fill up";
    return 0;
  }
  void expect_all(int acknowledged) {
    for (int i = 0; i < acknowledged; ++i)
      ASSERT_EQ(store_->read(Table::kBody, {std::to_string(i)}).value()[0], body(i)) << i;
  }
  void expect_full(const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kDiskFull);
    EXPECT_EQ(error.message, "the disk of " + directory_ +
                                 " is full: free some space; everything acknowledged so far is "
                                 "safe");
  }

  const SmallDisk disk_;
  const std::string directory_ = disk_ / "data";
  std::unique_ptr<Store> store_;  // goes before the disk
};

TEST_F(AFullDisk, RefusesFromThenOnAndLosesNothingThatWasAcknowledged) {
  disk_.take("ballast", 4 << 20);
  open();
  const int acknowledged = fill(store_->claim(kShard).value());
  ASSERT_GT(acknowledged, 5);
  store_.reset();

  disk_.give_back("ballast");
  open();
  expect_all(acknowledged);
  EXPECT_EQ(store_->claim(kShard).value(), 2u);
}

TEST_F(AFullDisk, PoisonsTheStoreEvenWhenSpaceComesBack) {
  disk_.take("ballast", 4 << 20);
  open();
  const uint64_t epoch = store_->claim(kShard).value();
  ASSERT_GT(fill(epoch), 5);
  disk_.give_back("ballast");
  const auto applied = store_->apply(kShard, epoch, {{}, {{Table::kMeta, "a", "b"}}});
  ASSERT_FALSE(applied);
  expect_full(applied.error());
  ASSERT_FALSE(store_->sync());
  expect_full(store_->sync().error());
  ASSERT_FALSE(store_->claim(kShard));
  expect_full(store_->claim(kShard).error());
  EXPECT_EQ(store_->read(Table::kMeta, {"a"}).value()[0], std::nullopt);
}

TEST_F(AFullDisk, IsAlsoNoticedByTheThreadThatSyncs) {
  open();
  const uint64_t epoch = store_->claim(kShard).value();
  Result<void> synced;
  std::thread syncer([&] {
    while (synced) synced = store_->sync();
  });
  Result<void> applied;
  for (int i = 0; applied; ++i)
    applied = store_->apply(kShard, epoch, {{}, {{Table::kBody, std::to_string(i), body(i)}}});
  syncer.join();
  expect_full(applied.error());
  expect_full(synced.error());
}

TEST_F(AFullDisk, IsNamedWhenADirectoryCannotBeCreated) {
  disk_.take("ballast");
  const auto opened = open_rocksdb(directory_);
  ASSERT_FALSE(opened);
  expect_full(opened.error());
  disk_.give_back("ballast");
  open();
}

TEST_F(AFullDisk, IsNamedWhenADirectoryCannotBeReopened) {
  open();
  ASSERT_TRUE(store_->claim(kShard));
  store_.reset();
  disk_.take("ballast");
  const auto opened = open_rocksdb(directory_);
  ASSERT_FALSE(opened);
  expect_full(opened.error());
  disk_.give_back("ballast");
  open();
  EXPECT_EQ(store_->claim(kShard).value(), 2u);
}

// Large enough for tables: there it is a flush in the background that finds no space.
class AFullLargeDisk : public AFullDisk {
 protected:
  AFullLargeDisk() : AFullDisk("size=160m") {}
};

TEST_F(AFullLargeDisk, LosesNothingWhenAFlushFindsNoSpace) {
  disk_.take("ballast", 80 << 20);
  open();
  const int acknowledged = fill(store_->claim(kShard).value());
  ASSERT_GT(acknowledged, 300);
  store_.reset();
  if (const auto too_early = open_rocksdb(directory_); !too_early) expect_full(too_early.error());
  disk_.give_back("ballast");
  open();
  expect_all(acknowledged);
}

// ---- the reserve

TEST(Reserve, IsAnEighthOfASmallDiskAndHalfOfItLiesInAFile) {
  const SmallDisk disk("size=64m");
  if (!disk.problem().empty()) GTEST_SKIP() << "no small tmpfs: " << disk.problem();
  const uint64_t reserve = DiskRoom::default_reserve(disk / "");
  EXPECT_EQ(reserve, 8u << 20);
  EXPECT_EQ(DiskRoom::default_reserve(disk / "not/there/yet"), reserve);
  DiskRoom room(disk / "", reserve);
  EXPECT_EQ(room.free_bytes(), 64u << 20);
  for (int i = 0; i < 2; ++i) room.set_aside();
  EXPECT_EQ(room.free_bytes(), 60u << 20);
  for (int i = 0; i < 2; ++i) room.release();
  EXPECT_EQ(room.free_bytes(), 64u << 20);
}

TEST(Reserve, IsNotMadeWhereThereIsNoSpaceForIt) {
  const SmallDisk disk("size=64m");
  if (!disk.problem().empty()) GTEST_SKIP() << "no small tmpfs: " << disk.problem();
  disk.take("others", 63 << 20);
  DiskRoom(disk / "", 8 << 20).set_aside();
  EXPECT_FALSE(fs::exists(disk / "reserve"));
  EXPECT_EQ(disk.free(), 1u << 20);
}

TEST(Reserve, OfADirectoryThatIsNotThereIsUnknown) {
  DiskRoom room("/no/such/directory", 8 << 20);
  EXPECT_EQ(room.free_bytes(), std::nullopt);
  room.set_aside();
  room.release();
}

// Somebody else fills a disk on which there are queues: what they need then is in the reserve.
class ADiskThatOthersFill : public AFullDisk {
 protected:
  ADiskThatOthersFill() : AFullDisk("size=640m") {}
  void make_backlog(int messages) {
    open();
    room_.set_aside();
    epoch_ = store_->claim(kShard).value();
    for (int i = 0; i < messages; ++i) ASSERT_TRUE(write(epoch_, i));
  }
  Result<void> remove(int number) {
    SELVAGE_TRY(store_->apply(kShard, epoch_,
                              {{}, {{Table::kBody, std::to_string(number), std::nullopt}}}));
    return store_->sync();
  }

  static constexpr int kMessages = 1500;           // 150 MB: several tables, full memtables
  DiskRoom room_{directory_, DiskRoom::kReserve};  // as on any disk of 2 GiB or more
  uint64_t epoch_ = 0;
};

TEST_F(ADiskThatOthersFill, EveryMessageCanBeDeletedWithinTheReserve) {
  make_backlog(kMessages);
  disk_.take("others");
  EXPECT_EQ(disk_.free(), 0u);
  room_.release();
  for (int i = 0; i < kMessages; ++i) {
    const auto removed = remove(i);
    ASSERT_TRUE(removed) << i << ": " << removed.error().message;
  }
}

TEST_F(ADiskThatOthersFill, TheDataCanBeOpenedWithinTheReserve) {
  make_backlog(kMessages);
  store_.reset();  // leaves logs to be read
  disk_.take("others");
  EXPECT_EQ(disk_.free(), 0u);
  const auto too_full = open_rocksdb(directory_);
  ASSERT_FALSE(too_full);
  expect_full(too_full.error());
  room_.release();
  open();
  epoch_ = store_->claim(kShard).value();
  expect_all(kMessages);
  ASSERT_TRUE(remove(0));
}

}  // namespace
}  // namespace selvage::store_rocksdb
