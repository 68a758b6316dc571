// SPDX-License-Identifier: Apache-2.0
#include "incident/worker_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "incident/lines.h"

namespace selvage::incident {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkerLogTest : public ::testing::Test {
 protected:
  WorkerLogTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-log-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = log_path(directory_, "a-1");
  }
  ~WorkerLogTest() override {
    fs::permissions(directory_, fs::perms::owner_all);
    fs::remove_all(directory_);
  }
  std::vector<Said> said() const {
    std::vector<Said> all;
    LineReader lines(path_);
    while (const auto line = lines.next())
      if (auto one = parse_said(*line)) all.push_back(*std::move(one));
    return all;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const Said& one : said()) all.push_back(one.line);
    return all;
  }
  static Instant at(int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }
  std::string directory_, path_;
};

TEST_F(WorkerLogTest, LinesComeBackWithTheirTimeAndMessage) {
  WorkerLog log(path_);
  log.take(at(5), "m", "one \"1\"\ntwo\r\n\n");
  log.take(at(6), "", "between\n");
  const auto all = said();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].line, "one \"1\"");
  EXPECT_EQ(all[0].message, "m");
  EXPECT_EQ(all[0].at, at(5));
  EXPECT_EQ(all[1].line, "two");
  EXPECT_EQ(all[2].line, "between");
  EXPECT_EQ(all[2].message, "");
}

TEST_F(WorkerLogTest, NothingIsMadeForAProgramThatSaysNothing) {
  WorkerLog log(path_);
  log.end_line(at(5), "m");
  EXPECT_FALSE(fs::exists(fs::path(path_).parent_path()));
}

TEST_F(WorkerLogTest, ALineMayComeInPartsAndEndsWithItsAttempt) {
  WorkerLog log(path_);
  log.take(at(5), "m", "half");
  EXPECT_THAT(lines(), ElementsAre());
  log.take(at(5), "m", " a line\nand");
  log.end_line(at(6), "m");
  log.take(at(7), "n", "next\n");
  EXPECT_THAT(lines(), ElementsAre("half a line", "and", "next"));
}

TEST_F(WorkerLogTest, AnEndlessLineIsKeptInPiecesThatEndBetweenCharacters) {
  WorkerLog log(path_, {.line_bytes = 4});
  log.take(at(5), "m", "abcäöü\n");
  EXPECT_THAT(lines(), ElementsAre("abc", "äö", "ü"));
}

TEST_F(WorkerLogTest, BytesThatAreNoTextStayReadable) {
  WorkerLog log(path_);
  log.take(at(5), "m", "caf\xE9 \x01 end\n");
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_THAT(lines()[0], HasSubstr("end"));
}

TEST_F(WorkerLogTest, TheFileAndTheOlderOneAreBounded) {
  WorkerLog log(path_, {.file_bytes = 200});
  for (int i = 0; i < 50; ++i) log.take(at(i), "m", "line " + std::to_string(i) + "\n");
  EXPECT_LE(fs::file_size(path_), 200u);
  EXPECT_LE(fs::file_size(path_ + ".1"), 200u);
  const auto kept = lines();
  ASSERT_GE(kept.size(), 4u);
  EXPECT_EQ(kept.back(), "line 49");
  for (size_t i = 1; i < kept.size(); ++i)
    EXPECT_EQ(kept[i], "line " + std::to_string(50 - kept.size() + i)) << "without a gap";
}

TEST_F(WorkerLogTest, ItGoesOnWhereAFormerRunnerStopped) {
  WorkerLog(path_).take(at(5), "m", "one\n");
  WorkerLog(path_).take(at(6), "m", "two\n");
  EXPECT_THAT(lines(), ElementsAre("one", "two"));
}

TEST_F(WorkerLogTest, TooMuchIsNotKeptAndSaysSo) {
  WorkerLog log(path_, {.bytes_per_second = 10, .burst_bytes = 20});
  log.take(at(5), "m", "12345\n12345\n");
  log.take(at(5), "m", "lost 1\nlost 2\nhal");
  log.take(at(5), "m", "f\n");  // of a line whose beginning is lost
  log.take(at(6), "m", "kept\n");
  EXPECT_THAT(lines(),
              ElementsAre("12345", "12345",
                          "(3 lines are missing here: too many at once, or a full disk)", "kept"));
}

TEST_F(WorkerLogTest, WhatIsMissingAtTheEndIsToldToo) {
  WorkerLog log(path_, {.bytes_per_second = 1, .burst_bytes = 4});
  log.take(at(5), "m", "lost\n");
  log.end_line(at(5), "m");
  EXPECT_THAT(lines(), ElementsAre("(1 line is missing here: too many at once, or a full disk)"));
}

TEST_F(WorkerLogTest, WhereItCannotBeWrittenLinesAreLostAndCountedAndItComesBack) {
  std::ofstream(fs::path(directory_) / "run") << "a file where a directory should be";
  WorkerLog log(path_);
  log.take(at(5), "m", "lost\nlost\n");
  log.take(at(5), "m", "lost\n");
  fs::remove(fs::path(directory_) / "run");
  log.take(at(6), "m", "kept\n");
  EXPECT_THAT(lines(),
              ElementsAre("(3 lines are missing here: too many at once, or a full disk)", "kept"));
}

TEST_F(WorkerLogTest, AFullDiskLeavesWholeLinesOnly) {
  fs::create_directories(logs_directory(directory_));
  fs::create_symlink("/dev/full", path_);
  WorkerLog log(path_);
  log.take(at(5), "m", "lost\n");
  log.take(at(5), "m", "lost\n");
  fs::remove(path_);
  WorkerLog(path_).take(at(6), "m", "kept\n");
  EXPECT_THAT(lines(), ElementsAre("kept"));
}

// ---- reading

TEST_F(WorkerLogTest, AReaderFollowsThroughRotation) {
  WorkerLog log(path_, {.file_bytes = 120});
  LineReader reader(path_);
  EXPECT_EQ(reader.next(), std::nullopt);
  for (int i = 0; i < 20; ++i) {
    log.take(at(i), "", std::to_string(i) + "\n");
    const auto line = reader.next();
    ASSERT_TRUE(line.has_value()) << i;
    EXPECT_EQ(parse_said(*line)->line, std::to_string(i));
    EXPECT_EQ(reader.next(), std::nullopt);
  }
}

TEST_F(WorkerLogTest, WhatIsNoLineOfALogIsNone) {
  EXPECT_FALSE(parse_said("nonsense"));
  EXPECT_FALSE(parse_said("{}"));
  EXPECT_FALSE(parse_said(R"({"at_us":1,"line":7})"));
  EXPECT_TRUE(parse_said(R"({"at_us":1,"line":"x","more":[1]})"));
}

}  // namespace
}  // namespace selvage::incident
