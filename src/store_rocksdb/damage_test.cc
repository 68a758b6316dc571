// SPDX-License-Identifier: Apache-2.0
// What is wrong with a data directory is told before anything in it is changed, in a sentence that
// says what to do; and what a power cut leaves of unsynced writes is nothing wrong.
#include <gmock/gmock.h>

#include <functional>

#include "base/bytes.h"
#include "base/clock.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

using store::Store;
using store::Table;
using testing::EndsWith;
using testing::HasSubstr;

constexpr ShardIndex kShard{1};
constexpr int kSynced = 20;

// Incompressible, and the same for the same number.
std::string body(int number) {
  SeededRandom random(static_cast<uint64_t>(number));
  std::string bytes;
  while (bytes.size() < 10'000) Encoder(bytes).u64(random.next());
  return bytes;
}

void overwrite(const fs::path& file, uint64_t at, const std::string& bytes) {
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
          .seekp(static_cast<std::streamoff>(at))
      << bytes;
}

class Damage : public ::testing::Test {
 protected:
  // As a power cut leaves it: kSynced records that were synced, then `unsynced` that were not.
  void make_image(int unsynced = 0) {
    const std::string live = scratch_ / "live";
    const auto store = open_rocksdb(live).value();
    const uint64_t epoch = store->claim(kShard).value();
    for (int i = 0; i < kSynced + unsynced; ++i) {
      if (i == kSynced) synced_size_ = log_size(live);
      ASSERT_TRUE(store->apply(kShard, epoch, {{}, {{Table::kBody, std::to_string(i), body(i)}}}));
      if (i < kSynced) {
        ASSERT_TRUE(store->sync());
      }
    }
    fs::copy(live, directory_, fs::copy_options::recursive);
  }
  // Without the zeros that an open log has behind its last record.
  static uint64_t log_size(const fs::path& directory) {
    return read_file(only_file(directory, ".log")).find_last_not_of('\0') + 1;
  }
  static fs::path only_file(const fs::path& directory, const std::string& extension) {
    fs::path found;
    for (const auto& file : fs::directory_iterator(directory / "queues"))
      if (file.path().extension() == extension) found = file.path();
    EXPECT_FALSE(found.empty()) << extension;
    return found;
  }
  fs::path log() { return only_file(directory_, ".log"); }
  uint64_t log_end() { return log_size(directory_); }

  // Every file but those that say who opened it last, and RocksDB's account.
  std::map<std::string, std::string> content() const {
    auto all = everything_in(directory_);
    std::erase_if(all, [](const auto& file) {
      return file.first.ends_with("/LOG") || file.first.ends_with(".lock") ||
             file.first.ends_with("/LOCK");
    });
    return all;
  }
  // How many of the first records are there, without one missing between them.
  int count(Store& store) {
    int n = 0;
    while (store.read(Table::kBody, {std::to_string(n)}).value()[0] == body(n)) ++n;
    return n;
  }
  // What is behind the damage is not touched, so that somebody may still mend it.
  void expect_loss_and_no_change() {
    const auto before = content();
    expect_loss();
    EXPECT_TRUE(content() == before);
  }
  void expect_loss() {
    for (int i = 0; i < 2; ++i) {  // however often it is tried
      const auto opened = open_rocksdb(directory_);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
      EXPECT_THAT(opened.error().message, HasSubstr(directory_ + " is damaged: "));
      EXPECT_THAT(opened.error().message, HasSubstr(".log"));
      EXPECT_THAT(opened.error().message,
                  EndsWith("restore a backup, look closer with `selvage doctor --data " +
                           directory_ + "`, or go on without them with `selvage serve --data " +
                           directory_ + " --accept-loss`"));
      message_ = opened.error().message;
    }
  }
  // What is left after the loss was accepted; it is open for good then.
  int accept_loss() {
    const int left = count(*open_rocksdb(directory_, {.accept_loss = true}).value());
    const auto again = open_rocksdb(directory_).value();
    EXPECT_EQ(count(*again), left);
    EXPECT_TRUE(again->claim(kShard));
    return left;
  }
  void expect_whole() {
    const auto opened = open_rocksdb(directory_);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_GE(count(**opened), kSynced);
  }

  Scratch scratch_;
  const std::string directory_ = scratch_ / "data";
  uint64_t synced_size_ = 0;  // of the log, where there is more
  std::string message_;
};

// ---- the log: what was acknowledged

TEST_F(Damage, InTheMiddleOfTheLogIsTold) {
  make_image();
  overwrite(log(), log_end() / 2, "XXXX");
  expect_loss_and_no_change();
  EXPECT_THAT(message_, HasSubstr(log().filename().string()));
  const int left = accept_loss();
  EXPECT_GT(left, kSynced / 3);
  EXPECT_LT(left, kSynced);
}

TEST_F(Damage, AtTheBeginningOfTheLogIsTold) {
  make_image();
  overwrite(log(), 0, "XXXX");
  expect_loss_and_no_change();
  EXPECT_EQ(accept_loss(), 0);
}

TEST_F(Damage, OfTheLastSyncedRecordIsTold) {
  make_image();
  overwrite(log(), log_end() - 100, "XXXX");
  expect_loss_and_no_change();
  EXPECT_THAT(message_, HasSubstr("at least 1 records"));
  EXPECT_EQ(accept_loss(), kSynced - 1);
}

TEST_F(Damage, ALogThatWasCutShortIsTold) {
  make_image();
  fs::resize_file(log(), log_end() / 2);
  expect_loss();
  EXPECT_LT(accept_loss(), kSynced);
}

TEST_F(Damage, ALogThatIsEmptyOrGoneIsTold) {
  make_image();
  fs::resize_file(log(), 0);
  expect_loss();
  fs::remove(log());
  expect_loss();
  EXPECT_EQ(accept_loss(), 0);
}

// ---- the log: what was not

TEST_F(Damage, OfATailThatWasNeverSyncedIsNone) {
  make_image(5);
  const uint64_t end = log_end();
  struct Row {
    const char* what;
    std::function<void()> tear;
  };
  const fs::path whole = scratch_ / "whole";
  fs::copy(directory_, whole, fs::copy_options::recursive);
  for (const auto& [what, tear] : {
           Row{"whole", [] {}},
           Row{"cut at the sync", [&] { fs::resize_file(log(), synced_size_); }},
           Row{"cut within a record", [&] { fs::resize_file(log(), end - 3000); }},
           Row{"cut within a header", [&] { fs::resize_file(log(), synced_size_ + 3); }},
           Row{"a hole", [&] { overwrite(log(), synced_size_ + 4096, std::string(8192, '\0')); }},
           Row{"a hole at the sync",
               [&] { overwrite(log(), synced_size_, std::string(512, '\0')); }},
           Row{"no zeroes behind", [&] { fs::resize_file(log(), end); }},
           Row{"zeroes behind", [&] { fs::resize_file(log(), end + 100'000); }},
           Row{"zeroes from the sync on",
               [&] { overwrite(log(), synced_size_, std::string(end - synced_size_, '\0')); }},
           Row{"zeroes within a record",
               [&] { overwrite(log(), end - 3000, std::string(3000, '\0')); }},
           Row{"only the last", [&] { overwrite(log(), synced_size_, std::string(9000, '\0')); }},
           Row{"garbage behind", [&] { overwrite(log(), end, body(99)); }},
           Row{"one bit", [&] { overwrite(log(), end - 20'000, "X"); }},
       }) {
    SCOPED_TRACE(what);
    fs::remove_all(directory_);
    fs::copy(whole, directory_, fs::copy_options::recursive);
    tear();
    expect_whole();
    expect_whole();
  }
}

// ---- the mark

TEST_F(Damage, AMarkThatIsMissingOrNoneOnlyMeansThatNothingIsKnown) {
  make_image();
  const std::string mark = directory_ + "/queues/SYNCED";
  const std::string good = read_file(mark);
  EXPECT_EQ(good.size(), 38u);
  for (const std::string& text :
       {std::string(), std::string(38, '\0'), good.substr(0, 20), "9" + good.substr(1),
        std::string("99999999999999999999999999")}) {
    write_file(mark, text);
    expect_whole();
  }
  fs::remove(mark);
  expect_whole();
}

TEST_F(Damage, TheMarkFollowsEachSyncAndNothingElse) {
  const std::string live = scratch_ / "live", mark = live + "/queues/SYNCED";
  const auto store = open_rocksdb(live).value();
  const uint64_t epoch = store->claim(kShard).value();
  const std::string first = read_file(mark);
  ASSERT_TRUE(store->apply(kShard, epoch, {{}, {{Table::kMeta, "a", "b"}}}));
  EXPECT_EQ(read_file(mark), first);
  ASSERT_TRUE(store->sync());
  EXPECT_GT(read_file(mark), first);
}

// ---- everything else in the directory

TEST_F(Damage, OfAnyOtherFileIsNamedAndNothingIsCreatedInItsPlace) {
  make_image();
  (void)open_rocksdb(directory_).value();  // recovery makes a table
  const fs::path whole = scratch_ / "whole";
  fs::copy(directory_, whole, fs::copy_options::recursive);
  struct Row {
    const char* what;
    std::function<void()> spoil;
    const char* named;
  };
  const auto queues = [&](const std::string& name) { return directory_ + "/queues/" + name; };
  const auto manifest = [&] {
    std::string name = read_file(queues("CURRENT"));
    name.pop_back();
    return queues(name);
  };
  for (const auto& [what, spoil, named] : {
           Row{"no CURRENT", [&] { fs::remove(queues("CURRENT")); }, "CURRENT"},
           Row{"an empty CURRENT", [&] { write_file(queues("CURRENT"), ""); }, "CURRENT"},
           Row{"CURRENT names nothing", [&] { write_file(queues("CURRENT"), "MANIFEST-999999\n"); },
               "MANIFEST-999999"},
           Row{"no manifest", [&] { fs::remove(manifest()); }, "MANIFEST-"},
           Row{"an empty manifest", [&] { fs::resize_file(manifest(), 0); }, ""},
           Row{"a manifest cut short", [&] { fs::resize_file(manifest(), 30); }, ""},
           Row{"a flipped manifest", [&] { overwrite(manifest(), 20, "XXXX"); }, ""},
           Row{"no table", [&] { fs::remove(only_file(directory_, ".sst")); }, ".sst"},
           Row{"a table cut short", [&] { fs::resize_file(only_file(directory_, ".sst"), 100); },
               ".sst"},
           Row{"an empty table", [&] { fs::resize_file(only_file(directory_, ".sst"), 0); },
               ".sst"},
           Row{"no queues", [&] { fs::remove_all(directory_ + "/queues"); }, "CURRENT"},
       }) {
    SCOPED_TRACE(what);
    fs::remove_all(directory_);
    fs::copy(whole, directory_, fs::copy_options::recursive);
    spoil();
    const auto before = content();
    const auto opened = open_rocksdb(directory_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(opened.error().message, HasSubstr(directory_ + " is damaged"));
    EXPECT_THAT(opened.error().message, HasSubstr(named));
    EXPECT_THAT(opened.error().message, HasSubstr("restore a backup"));
    for (const auto& [file, bytes] : before) {
      ASSERT_TRUE(fs::exists(file)) << file;
      EXPECT_TRUE(fs::is_directory(file) || read_file(file) == bytes) << file;
    }
  }
}

}  // namespace
}  // namespace selvage::store_rocksdb
