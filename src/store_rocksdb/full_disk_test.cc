// SPDX-License-Identifier: Apache-2.0
// A disk that is really full: a small tmpfs.
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

using store::Store;
using store::Table;

constexpr ShardIndex kShard{1};

// Incompressible, so that tables are as large as logs; the same for the same number.
std::string body(int number) {
  SeededRandom random(static_cast<uint64_t>(number));
  std::string bytes;
  while (bytes.size() < 100'000) Encoder(bytes).u64(random.next());
  return bytes;
}

class AFullDisk : public ::testing::Test {
 protected:
  explicit AFullDisk(const char* size = "size=8m") : size_(size) {}
  void SetUp() override {
    fs::create_directory(disk_);
    if (::mount("tmpfs", disk_.c_str(), "tmpfs", 0, size_) != 0)
      GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno);
    mounted_ = true;
  }
  void TearDown() override {
    store_.reset();
    if (!mounted_) return;
    EXPECT_EQ(::umount2(disk_.c_str(), MNT_DETACH), 0);
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
                                 " is full: free some space, then start again; everything "
                                 "acknowledged so far is safe");
  }
  // Leaves no byte free.
  void fill_with_a_file(const std::string& name) {
    std::ofstream out(disk_ + "/" + name, std::ios::binary);
    const std::string page(4096, 'x');
    while (out.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }

  const char* size_;
  Scratch scratch_;
  const std::string disk_ = scratch_ / "disk";
  const std::string directory_ = disk_ + "/data";
  bool mounted_ = false;
  std::unique_ptr<Store> store_;
};

TEST_F(AFullDisk, RefusesFromThenOnAndLosesNothingThatWasAcknowledged) {
  write_file(disk_ + "/ballast", std::string(4 << 20, 'x'));
  open();
  const int acknowledged = fill(store_->claim(kShard).value());
  ASSERT_GT(acknowledged, 5);
  store_.reset();

  fs::remove(disk_ + "/ballast");
  open();
  expect_all(acknowledged);
  EXPECT_EQ(store_->claim(kShard).value(), 2u);
}

TEST_F(AFullDisk, PoisonsTheStoreEvenWhenSpaceComesBack) {
  write_file(disk_ + "/ballast", std::string(4 << 20, 'x'));
  open();
  const uint64_t epoch = store_->claim(kShard).value();
  ASSERT_GT(fill(epoch), 5);
  fs::remove(disk_ + "/ballast");
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
  fill_with_a_file("ballast");
  const auto opened = open_rocksdb(directory_);
  ASSERT_FALSE(opened);
  expect_full(opened.error());
  fs::remove(disk_ + "/ballast");
  open();
}

TEST_F(AFullDisk, IsNamedWhenADirectoryCannotBeReopened) {
  open();
  ASSERT_TRUE(store_->claim(kShard));
  store_.reset();
  fill_with_a_file("ballast");
  const auto opened = open_rocksdb(directory_);
  ASSERT_FALSE(opened);
  expect_full(opened.error());
  fs::remove(disk_ + "/ballast");
  open();
  EXPECT_EQ(store_->claim(kShard).value(), 2u);
}

// Large enough for tables: there it is a flush in the background that finds no space.
class AFullLargeDisk : public AFullDisk {
 protected:
  AFullLargeDisk() : AFullDisk("size=160m") {}
};

TEST_F(AFullLargeDisk, LosesNothingWhenAFlushFindsNoSpace) {
  write_file(disk_ + "/ballast", std::string(80 << 20, 'x'));
  open();
  const int acknowledged = fill(store_->claim(kShard).value());
  ASSERT_GT(acknowledged, 300);
  store_.reset();
  if (const auto too_early = open_rocksdb(directory_); !too_early) expect_full(too_early.error());
  fs::remove(disk_ + "/ballast");
  open();
  expect_all(acknowledged);
}

}  // namespace
}  // namespace selvage::store_rocksdb
