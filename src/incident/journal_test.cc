// SPDX-License-Identifier: Apache-2.0
#include "incident/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace selvage::incident {
namespace {

namespace fs = std::filesystem;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-journal-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/events.jsonl";
  }
  ~JournalTest() override { fs::remove_all(directory_); }
  std::string directory_, path_;
};

TEST_F(JournalTest, EventsComeBackAsTheyWereRecorded) {
  Journal journal = Journal::open(path_).value();
  journal.record({.at = from_micros(5),
                  .kind = Kind::kRecovered,
                  .stage = "s",
                  .worker = "s-1",
                  .message = "m",
                  .cause = "signal \"9\"",
                  .recovery = Duration(42)});
  journal.record({.at = from_micros(6),
                  .kind = Kind::kProcessDied,
                  .stage = {},
                  .worker = "broker",
                  .message = {},
                  .cause = {},
                  .recovery = {}});
  const auto events = read_journal(path_);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].recovery, Duration(42));
  EXPECT_EQ(events[0].cause, "signal \"9\"");
  EXPECT_EQ(events[1].kind, Kind::kProcessDied);
}

TEST_F(JournalTest, EveryKindHasANameOfItsOwnAndComesBack) {
  Journal journal = Journal::open(path_).value();
  for (const Kind kind : all_kinds())
    journal.record({.at = from_micros(1),
                    .kind = kind,
                    .stage = {},
                    .worker = {},
                    .message = {},
                    .cause = {},
                    .recovery = {}});
  const auto events = read_journal(path_);
  ASSERT_EQ(events.size(), all_kinds().size());
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].kind, all_kinds()[i]);
    EXPECT_FALSE(sentence_of(events[i].kind).empty());
  }
}

TEST_F(JournalTest, ATornOrForeignLineIsSkipped) {
  std::ofstream(path_) << "{\"at_us\":1,\"ki\nnonsense\n{\"kind\":\"unheard-of\"}\n"
                       << "{\"at_us\":3,\"kind\":\"restarted\"}\n";
  const auto events = read_journal(path_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].at, from_micros(3));
}

TEST_F(JournalTest, AFullFileIsRotatedAndStillRead) {
  Journal journal = Journal::open(path_).value();
  journal.record({.at = from_micros(1),
                  .kind = Kind::kRestarted,
                  .stage = {},
                  .worker = {},
                  .message = {},
                  .cause = std::string(Journal::kMaxBytes, 'x'),
                  .recovery = {}});
  journal.record({.at = from_micros(2),
                  .kind = Kind::kRestarted,
                  .stage = {},
                  .worker = {},
                  .message = {},
                  .cause = {},
                  .recovery = {}});
  EXPECT_LT(fs::file_size(path_), 200u);
  EXPECT_EQ(read_journal(path_).size(), 2u);
}

TEST_F(JournalTest, APathThatCannotBeWrittenIsAFailureWithItsName) {
  const auto opened = Journal::open(directory_ + "/none/events");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("/none/events"), std::string::npos);
}

}  // namespace
}  // namespace selvage::incident
