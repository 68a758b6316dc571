// SPDX-License-Identifier: Apache-2.0
// A log whose end is moved ahead: what is in it, how large it is and what it is told to be.
#include "store_rocksdb/log_space.h"

#include <gmock/gmock.h>
#include <rocksdb/options.h>

#include <chrono>
#include <thread>

#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/small_disk.h"

namespace selvage::store_rocksdb {
namespace {

using rocksdb::FSWritableFile;
using rocksdb::IOOptions;
using store::Table;

constexpr ShardIndex kShard{1};
constexpr uint64_t kMiB = 1 << 20;

// Waits for what another thread will have done.
void await(const std::function<bool()>& is_done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!is_done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

class ALog : public ::testing::Test {
 protected:
  std::unique_ptr<FSWritableFile> create(const std::string& path) {
    std::unique_ptr<FSWritableFile> file;
    EXPECT_TRUE(files_.NewWritableFile(path, {}, &file, nullptr).ok());
    return file;
  }
  void append(FSWritableFile& file, const std::string& bytes) {
    ASSERT_TRUE(file.Append(bytes, IOOptions(), nullptr).ok());
    expected_ += bytes;
  }
  uint64_t told_size(const std::string& path) {
    uint64_t size = 0;
    EXPECT_TRUE(files_.GetFileSize(path, IOOptions(), &size, nullptr).ok());
    return size;
  }
  // What was written, and zeros behind it.
  void expect_content(const std::string& path) {
    const std::string all = read_file(path);
    ASSERT_GE(all.size(), expected_.size());
    EXPECT_TRUE(all.starts_with(expected_));
    EXPECT_EQ(all.find_first_not_of('\0', expected_.size()), std::string::npos);
  }

  Scratch scratch_;
  const std::string path_ = scratch_ / "000004.log";
  LogFileSystem files_;
  std::string expected_;
};

TEST_F(ALog, IsFilledAheadAndTellsOnlyWhatWasWritten) {
  const auto file = create(path_);
  await([&] { return fs::file_size(path_) == kMiB; });
  append(*file, "record");
  EXPECT_EQ(told_size(path_), 6u);
  EXPECT_EQ(fs::file_size(path_), kMiB);
  expect_content(path_);
}

TEST_F(ALog, HasItsTrueSizeOnceItIsClosed) {
  const auto file = create(path_);
  await([&] { return fs::file_size(path_) == kMiB; });
  append(*file, "record");
  ASSERT_TRUE(file->Close(IOOptions(), nullptr).ok());
  EXPECT_EQ(read_file(path_), "record");
  EXPECT_EQ(told_size(path_), 6u);
}

TEST_F(ALog, KeepsEveryByteHoweverFastItGrows) {
  const auto file = create(path_);
  for (int i = 0; i < 3000; ++i) append(*file, body(i, static_cast<size_t>(i % 40) * 500 + 1));
  expect_content(path_);
  EXPECT_EQ(told_size(path_), expected_.size());
  ASSERT_TRUE(file->Close(IOOptions(), nullptr).ok());
  EXPECT_TRUE(read_file(path_) == expected_);
}

TEST_F(ALog, IsFilledAgainBeforeItsZerosAreUsedUp) {
  const auto file = create(path_);
  await([&] { return fs::file_size(path_) == kMiB; });
  append(*file, std::string(kMiB / 4, 'x'));
  append(*file, std::string(kMiB / 4, 'x'));
  append(*file, "y");
  await([&] { return fs::file_size(path_) > kMiB + kMiB / 4; });
  expect_content(path_);
}

TEST_F(ALog, TheNextOneIsFilledToo) {
  const auto file = create(path_);
  const std::string next = scratch_ / "000005.log";
  const auto next_file = create(next);
  await([&] { return fs::file_size(next) == kMiB; });
  append(*file, "late");
  EXPECT_EQ(told_size(path_), 4u);
  EXPECT_EQ(told_size(next), 0u);
}

TEST_F(ALog, OtherFilesAreLeftAlone) {
  const std::string table = scratch_ / "000006.sst";
  const auto file = create(table);
  append(*file, "table");
  await([&] { return fs::exists(table); });
  EXPECT_EQ(told_size(table), fs::file_size(table));
  EXPECT_EQ(fs::file_size(table), 5u);
}

TEST_F(ALog, OnADiskWithLittleRoomItOnlyGrows) {
  const SmallDisk disk("size=32m");
  if (!disk.problem().empty()) GTEST_SKIP() << "no small tmpfs: " << disk.problem();
  {
    const auto file = create(disk / "000004.log");
    for (int i = 0; i < 100; ++i) append(*file, "record");
    EXPECT_EQ(fs::file_size(disk / "000004.log"), 600u);
    // Another log is filled: so this one had its turn.
    const auto other = create(path_);
    await([&] { return fs::file_size(path_) == kMiB; });
    EXPECT_EQ(fs::file_size(disk / "000004.log"), 600u);
  }
}

// ---- in a store

class AStoreWithALog : public ::testing::Test {
 protected:
  fs::path log(const std::string& directory) const {
    fs::path found;
    for (const auto& at : fs::directory_iterator(directory + "/queues"))
      if (at.path().extension() == ".log") found = at.path();
    return found;
  }
  Scratch scratch_;
  const std::string directory_ = scratch_ / "data";
};

TEST_F(AStoreWithALog, ACheckpointHasNoZerosAndAClosedStoreNeither) {
  {
    const auto store = open_rocksdb(directory_).value();
    const uint64_t epoch = store->claim(kShard).value();
    await([&] { return fs::file_size(log(directory_)) >= kMiB; });
    ASSERT_TRUE(store->apply(kShard, epoch, {{}, {{Table::kBody, "a", "1"}}}));
    ASSERT_TRUE(store->checkpoint(scratch_ / "copy", {}));
    EXPECT_LT(fs::file_size(log(scratch_ / "copy")), 4096u);
    EXPECT_GE(fs::file_size(log(directory_)), kMiB);
  }
  EXPECT_LT(fs::file_size(log(directory_)), 4096u);
  EXPECT_EQ(open_rocksdb(scratch_ / "copy").value()->read(Table::kBody, {"a"}).value()[0], "1");
}

TEST_F(AStoreWithALog, ThatIsOnlySyncedNowAndThenIsNotFilled) {
  const auto store = open_rocksdb(directory_, {.syncs_in_background = true}).value();
  const uint64_t epoch = store->claim(kShard).value();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(store->apply(kShard, epoch, {{}, {{Table::kBody, "a", body(i, 2000)}}}));
  const std::string all = read_file(log(directory_));
  EXPECT_GT(all.size(), 200'000u);
  EXPECT_NE(all.back(), '\0');
}

}  // namespace
}  // namespace selvage::store_rocksdb
