// SPDX-License-Identifier: Apache-2.0
// The simulator's own promises: a seed replays exactly, and the disk keeps what it must and no
// more.
#include <gtest/gtest.h>

#include "tests/sim/world.h"

namespace selvage::sim {
namespace {

using store::Table;

Outcome run(uint64_t seed) {
  return World(seed, false).run();
}

TEST(Replay, TheSameSeedGivesTheSameEvents) {
  const Outcome first = run(3);
  const Outcome second = run(3);
  EXPECT_GT(first.trace_lines, 100u);
  EXPECT_EQ(first.trace_hash, second.trace_hash);
  EXPECT_EQ(first.trace_lines, second.trace_lines);
}

TEST(Replay, AnotherSeedGivesOthers) {
  EXPECT_NE(run(3).trace_hash, run(4).trace_hash);
}

class DiskTest : public ::testing::Test {
 protected:
  void put(const std::string& key) {
    const store::Batch batch{{}, {{Table::kWaiting, key, "value of " + key}}};
    ASSERT_TRUE(disk_.apply({}, epoch_, batch));
  }
  void sync() {
    disk_.sync_began_at(disk_.position());
    ASSERT_TRUE(disk_.sync());
  }
  std::string all() {
    std::string found;
    EXPECT_TRUE(disk_.scan(Table::kWaiting, "", "~", [&](std::string_view key, std::string_view) {
      found += key;
      return true;
    }));
    return found;
  }

  Chance chance_{5};
  Marks marks_;
  SimStore disk_{chance_, marks_};
  uint64_t epoch_ = disk_.claim({}).value();
};

TEST_F(DiskTest, APowerLossKeepsWhatWasSyncedAndABeginningOfTheRest) {
  for (int round = 0; round < 200; ++round) {
    put("a");
    sync();
    for (const char* key : {"b", "c", "d"}) put(key);
    disk_.reopen(true);
    const std::string left = all();
    EXPECT_TRUE(std::string("abcd").starts_with(left)) << left;
    EXPECT_TRUE(left.starts_with("a")) << left;
    const store::Batch clean{{{Table::kWaiting, "b", "z"}}, {}};
    ASSERT_TRUE(disk_.apply({}, epoch_, clean));
    sync();
  }
  for (const Mark mark : {Mark::kLostPrefix, Mark::kTornTail, Mark::kHole, Mark::kFlippedTail})
    EXPECT_GT(marks_.hits(mark), 0u) << text_of(mark);
}

TEST_F(DiskTest, AKilledProcessLosesNothing) {
  put("a");
  put("b");
  disk_.reopen(false);
  EXPECT_EQ(all(), "ab");
}

TEST_F(DiskTest, ASyncCoversWhatWasThereWhenItBeganAndNoMore) {
  bool lost = false;
  for (int round = 0; round < 50; ++round) {
    put("a");
    const uint64_t began = disk_.position();
    put("b");
    disk_.sync_began_at(began);
    ASSERT_TRUE(disk_.sync());
    disk_.reopen(true);
    EXPECT_EQ(all().front(), 'a');
    lost = lost || all() == "a";
    const store::Batch clean{{{Table::kWaiting, "a", "z"}}, {}};
    ASSERT_TRUE(disk_.apply({}, epoch_, clean));
    sync();
  }
  EXPECT_TRUE(lost);
}

TEST_F(DiskTest, AFlippedBitIsReportedAndNeverShown) {
  put("a");
  sync();
  disk_.rot();
  const auto read = disk_.read(Table::kWaiting, {"a"});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorruption);
  disk_.repair();
  EXPECT_EQ(disk_.read(Table::kWaiting, {"a"}).value().front(), "value of a");
}

TEST_F(DiskTest, ADamagedBodyIsNobodysReasonToStopAndIsNotBroughtBack) {
  const store::Batch batch{{}, {{Table::kBody, "a", "a body"}}};
  ASSERT_TRUE(disk_.apply({}, epoch_, batch));
  sync();
  EXPECT_EQ(disk_.rot(), "a body");
  EXPECT_FALSE(disk_.read(Table::kBody, {"a"}));
  EXPECT_FALSE(disk_.rot_was_found());
  disk_.repair();
  EXPECT_FALSE(disk_.read(Table::kBody, {"a"}));
  disk_.look(Table::kBody, "", "~", [](std::string_view, std::string_view value) {
    EXPECT_EQ(value, "a body");
    return true;
  });
}

TEST_F(DiskTest, AfterAFailureEverythingIsRefusedUntilItIsOpenedAgain) {
  disk_.fail_next_apply(ErrorCode::kRetry);
  const store::Batch batch{{}, {{Table::kWaiting, "a", ""}}};
  EXPECT_FALSE(disk_.apply({}, epoch_, batch));
  EXPECT_FALSE(disk_.apply({}, epoch_, batch));
  EXPECT_FALSE(disk_.sync());
  disk_.reopen(false);
  EXPECT_TRUE(disk_.apply({}, epoch_, batch));
}

}  // namespace
}  // namespace selvage::sim
