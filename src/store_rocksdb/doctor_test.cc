// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/doctor.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store {
// How a failing test shows one.
static void PrintTo(const Finding& finding, std::ostream* out) {
  *out << finding.where << ": " << finding.what;
}
}  // namespace selvage::store

namespace selvage::store_rocksdb {
namespace {

using store::Finding;
using store::Table;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr ShardIndex kShard{1};

auto finding(const std::string& where, const std::string& what) {
  return AllOf(Field(&Finding::where, HasSubstr(where)), Field(&Finding::what, HasSubstr(what)),
               Field(&Finding::todo, HasSubstr("restore a backup")));
}

class Doctor : public ::testing::Test {
 protected:
  // Records in a table file, and records in the log.
  void fill() {
    for (const char* round : {"tables", "log"}) {
      const auto store = open_rocksdb(directory_).value();  // writes the log of before to tables
      const uint64_t epoch = store->claim(kShard).value();
      for (int i = 0; i < 500; ++i)
        ASSERT_TRUE(store->apply(kShard, epoch,
                                 {{}, {{Table::kBody, fmt_key(round, i), std::string(100, 'v')}}}));
      ASSERT_TRUE(store->sync());
    }
  }
  static std::string fmt_key(const std::string& round, int i) {
    return round + std::to_string(1000 + i);
  }
  // The largest file of a kind: of the bodies.
  fs::path file(const std::string& extension) const {
    fs::path largest;
    for (const auto& at : fs::directory_iterator(directory_ + "/queues"))
      if (at.path().extension() == extension &&
          (largest.empty() || at.file_size() > fs::file_size(largest)))
        largest = at.path();
    return largest;
  }
  static void flip_bit(const fs::path& path, uintmax_t at) {
    std::string bytes = read_file(path);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(path, bytes);
  }
  Examination examined() {
    auto result = examine(directory_);
    EXPECT_TRUE(result) << result.error().message;
    return *std::move(result);
  }
  static uint64_t records_of(Examination& examination) {
    uint64_t records = 0;
    EXPECT_TRUE(examination.records->scan(Table::kBody, "", "\xff",
                                          [&](auto, auto) { return ++records > 0; }));
    return records;
  }
  std::string refusal() {
    const auto result = examine(directory_);
    EXPECT_FALSE(result);
    return result ? "" : result.error().message;
  }

  Scratch scratch_;
  std::string directory_ = scratch_ / "data";
};

TEST_F(Doctor, ASoundDirectoryHasNoFindingsAndAllItsRecords) {
  fill();
  Examination sound = examined();
  EXPECT_THAT(sound.findings, IsEmpty());
  EXPECT_EQ(records_of(sound), 1000u);
  EXPECT_EQ(sound.format, kFormatVersion);
  EXPECT_THAT(sound.engine, testing::StartsWith("RocksDB "));
  EXPECT_GE(sound.files, 1u);
  EXPECT_GT(sound.log_bytes, 500u * 100);
  EXPECT_GT(sound.bytes, sound.log_bytes);
}

TEST_F(Doctor, LooksAndChangesNothing) {
  fill();
  fs::remove(directory_ + "/queues/LOG");  // else it could be added to unseen
  const auto times = [&] {
    std::map<std::string, fs::file_time_type> all;
    for (const auto& found : fs::recursive_directory_iterator(directory_))
      all[found.path()] = found.last_write_time();
    return all;
  };
  const auto bytes_before = everything_in(directory_);
  const auto times_before = times();
  Examination sound = examined();
  EXPECT_EQ(records_of(sound), 1000u);
  EXPECT_TRUE(everything_in(directory_) == bytes_before);
  EXPECT_TRUE(times() == times_before);
}

TEST_F(Doctor, FindsAFlippedBitInATable) {
  fill();
  const fs::path table = file(".sst");
  flip_bit(table, 200);
  EXPECT_THAT(examined().findings, ElementsAre(finding("queues/" + table.filename().string(),
                                                       "not those that were written")));
}

TEST_F(Doctor, FindsEveryFlippedBitInATable) {
  fill();
  const fs::path table = file(".sst");
  constexpr uintmax_t kFooter = 53;  // some of whose bytes mean nothing
  const uintmax_t size = fs::file_size(table) - kFooter;
  for (uintmax_t at = 1; at < size; at += size / 23) {
    flip_bit(table, at);
    EXPECT_FALSE(examined().findings.empty()) << "at " << at << " of " << size;
    flip_bit(table, at);
  }
  EXPECT_THAT(examined().findings, IsEmpty());
}

TEST_F(Doctor, FindsATruncatedTable) {
  fill();
  const fs::path table = file(".sst");
  fs::resize_file(table, fs::file_size(table) - 100);
  EXPECT_THAT(examined().findings,
              ElementsAre(finding("queues/" + table.filename().string(), "were written")));
}

TEST_F(Doctor, FindsAMissingTable) {
  fill();
  const fs::path table = file(".sst");
  fs::remove(table);
  EXPECT_THAT(examined().findings,
              ElementsAre(finding("queues/" + table.filename().string(), "cannot be read")));
}

TEST_F(Doctor, FindsAFlippedBitInTheLog) {
  fill();
  const fs::path log = file(".log");
  flip_bit(log, fs::file_size(log) / 2);
  Examination damaged = examined();
  EXPECT_THAT(damaged.findings,
              ElementsAre(finding("queues/" + log.filename().string(), "the log is damaged")));
  EXPECT_LT(records_of(damaged), 1000u);
}

TEST_F(Doctor, WhatAPowerCutToreBehindTheLastSyncIsSound) {
  fill();
  const fs::path log = file(".log");
  const auto end = fs::file_size(log);
  fs::resize_file(log, end + (1 << 20));  // the zeros that an open log ends with
  std::string bytes = read_file(log);
  bytes.replace(end, 40, std::string(40, 'x'));
  write_file(log, bytes);
  Examination torn = examined();
  EXPECT_THAT(torn.findings, IsEmpty());
  EXPECT_EQ(records_of(torn), 1000u);
}

TEST_F(Doctor, FindsALogThatEndsBeforeWhatWasSynced) {
  fill();
  const fs::path log = file(".log");
  fs::resize_file(log, fs::file_size(log) - 40);
  Examination torn = examined();
  EXPECT_THAT(torn.findings, ElementsAre(finding("queues/", "the logs end 1 records too early")));
  EXPECT_EQ(records_of(torn), 999u);
}

// So it is with a backup, which has no mark.
TEST_F(Doctor, ALogThatEndsInTheMiddleOfARecordIsSoundWhereNobodyKnowsWhatWasSynced) {
  fill();
  fs::remove(directory_ + "/queues/SYNCED");
  const fs::path log = file(".log");
  fs::resize_file(log, fs::file_size(log) - 40);
  Examination torn = examined();
  EXPECT_THAT(torn.findings, IsEmpty());
  EXPECT_EQ(records_of(torn), 999u);
}

TEST_F(Doctor, FindsAMissingLogThatOthersFollow) {
  {
    const auto store = open_rocksdb(directory_).value();
    const uint64_t epoch = store->claim(kShard).value();
    const auto logs = [&] {
      return std::ranges::count_if(fs::directory_iterator(directory_ + "/queues"),
                                   [](const auto& at) { return at.path().extension() == ".log"; });
    };
    std::string value(1 << 20, 'v');
    for (int i = 0; i < 200 && logs() < 2; ++i) {
      // A small record in each log keeps it needed.
      ASSERT_TRUE(store->apply(
          kShard, epoch,
          {{},
           {{Table::kMeta, fmt_key("m", i), "small"}, {Table::kBody, fmt_key("b", i), value}}}));
      ASSERT_TRUE(store->sync());
    }
    ASSERT_GE(logs(), 2);
    ASSERT_TRUE(store->checkpoint(scratch_ / "copy", {}));
  }
  EXPECT_THAT(examined().findings, IsEmpty());
  directory_ = scratch_ / "copy";
  EXPECT_THAT(examined().findings, IsEmpty());
  fs::path first;
  for (const auto& at : fs::directory_iterator(directory_ + "/queues"))
    if (at.path().extension() == ".log" && (first.empty() || at.path() < first)) first = at.path();
  fs::remove(first);
  EXPECT_THAT(examined().findings, ElementsAre(finding("queues/", "Missing WAL")));
}

TEST_F(Doctor, FindsAManifestThatIsDamagedOrGone) {
  fill();
  for (const auto& at : fs::directory_iterator(directory_ + "/queues"))
    if (at.path().filename().string().starts_with("MANIFEST")) flip_bit(at.path(), 60);
  const Examination damaged = examined();
  EXPECT_THAT(damaged.findings, ElementsAre(finding("queues/", "cannot be opened")));
  EXPECT_EQ(damaged.records, nullptr);
  fs::remove(directory_ + "/queues/CURRENT");
  EXPECT_THAT(examined().findings, ElementsAre(finding("queues/", "CURRENT")));
  fs::remove_all(directory_ + "/queues");
  EXPECT_THAT(examined().findings, ElementsAre(finding("queues/", "cannot be opened")));
}

TEST_F(Doctor, LeavesADirectoryAloneThatAServerUses) {
  const auto store = open_rocksdb(directory_).value();
  const std::string sentence = refusal();
  EXPECT_THAT(sentence, HasSubstr("is open in another process (pid "));
  EXPECT_THAT(sentence, HasSubstr("selvage backup"));
}

TEST_F(Doctor, NoServerStartsOnADirectoryThatIsBeingExamined) {
  fill();
  {
    const Examination under_way = examined();
    const auto opened = open_rocksdb(directory_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kInUse);
    EXPECT_THAT(examined().findings, IsEmpty()) << "two may look";
  }
  EXPECT_TRUE(open_rocksdb(directory_));
}

TEST_F(Doctor, SaysWhatADirectoryIsThatCannotBeExamined) {
  EXPECT_THAT(refusal(), HasSubstr("there is no directory"));
  write_file(directory_, "a file");
  EXPECT_THAT(refusal(), HasSubstr("is not a directory"));
  fs::remove(directory_);
  fs::create_directory(directory_);
  EXPECT_THAT(refusal(), HasSubstr("holds no data"));
  write_file(fs::path(directory_) / "letter.txt", "not ours");
  EXPECT_THAT(refusal(), HasSubstr("not a Selvage data directory"));
  write_file(fs::path(directory_) / "FORMAT", "selvage-data 99\n");
  EXPECT_THAT(refusal(), HasSubstr("format 99"));
  fs::remove_all(directory_);
  fs::create_directory(directory_);
  write_file(fs::path(directory_) / "FORMAT.new", "selvage-data 4\n");
  EXPECT_THAT(refusal(), HasSubstr("did not get so far"));
}

}  // namespace
}  // namespace selvage::store_rocksdb
