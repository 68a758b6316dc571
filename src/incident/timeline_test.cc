// SPDX-License-Identifier: Apache-2.0
#include "incident/timeline.h"

#include <gtest/gtest.h>

namespace selvage::incident {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TimelineTest : public ::testing::Test {
 protected:
  // At so many milliseconds.
  void add(int64_t ms, Kind kind, const std::string& worker, const std::string& message = "",
           Duration recovery = {}) {
    const std::string stage = worker.substr(0, worker.find('-'));
    events_.push_back({.at = Instant(milliseconds(ms)),
                       .kind = kind,
                       .stage = stage,
                       .worker = worker,
                       .message = message,
                       .cause = {},
                       .recovery = recovery});
  }
  std::vector<Incident> timeline() { return pair_up(events_); }
  std::vector<Event> events_;
};

TEST_F(TimelineTest, ALossIsMendedByTheNextRedoOfItsMessage) {
  add(100'000, Kind::kProgramDied, "a-1", "m");
  add(100'001, Kind::kProgramDied, "a-1", "n");
  add(100'003, Kind::kRecovered, "a-2", "m", milliseconds(3));
  add(100'010, Kind::kProgramDied, "a-2", "m");
  add(100'310, Kind::kRetried, "a-1", "m", milliseconds(300));
  const auto incidents = timeline();
  ASSERT_EQ(incidents.size(), 5u);
  EXPECT_EQ(incidents[0].mended_after, milliseconds(3));
  EXPECT_EQ(incidents[0].mended_by, "a-2");
  EXPECT_EQ(incidents[1].mended_after, std::nullopt);
  EXPECT_EQ(incidents[2].mended_after, std::nullopt);
  EXPECT_EQ(incidents[3].mended_after, milliseconds(300));
  EXPECT_EQ(incidents[3].mended_by, "a-1");
}

TEST_F(TimelineTest, AWorkersDeathIsMendedByTheRedoOfItsStageThatBeganThen) {
  add(100'000, Kind::kRecovered, "a-3", "of-a", milliseconds(4));  // told before the death was
  add(100'001, Kind::kWorkerDied, "a-1");
  add(100'001, Kind::kWorkerDied, "b-1");
  add(100'500, Kind::kWorkerDied, "a-2");
  add(100'530, Kind::kRecovered, "a-3", "of-a-too", milliseconds(29));
  const auto incidents = timeline();
  EXPECT_EQ(incidents[1].mended_after, milliseconds(4));
  EXPECT_EQ(incidents[2].mended_after, std::nullopt);
  EXPECT_EQ(incidents[3].mended_after, milliseconds(29));
}

TEST_F(TimelineTest, OneRedoMendsOneDeath) {
  add(100'000, Kind::kWorkerDied, "a-1");
  add(100'000, Kind::kWorkerDied, "a-2");
  add(100'004, Kind::kRecovered, "a-3", "m", milliseconds(4));
  add(200'000, Kind::kWorkerDied, "a-1");
  const auto incidents = timeline();
  EXPECT_EQ(incidents[0].mended_after.has_value() + incidents[1].mended_after.has_value(), 1);
  EXPECT_EQ(incidents[3].mended_after, std::nullopt) << "it was idle";
}

TEST_F(TimelineTest, ARedoOfAnotherTimeMendsNothing) {
  add(100'000, Kind::kWorkerDied, "a-1");
  add(105'000, Kind::kRecovered, "a-2", "m", seconds(3));
  EXPECT_EQ(timeline()[0].mended_after, std::nullopt);
}

TEST_F(TimelineTest, AProcessIsMendedWhenItRunsAgain) {
  add(100'000, Kind::kProcessDied, "broker");
  add(100'002, Kind::kProcessDied, "supervisor");
  add(100'120, Kind::kProcessRestarted, "broker");
  const auto incidents = timeline();
  EXPECT_EQ(incidents[0].mended_after, milliseconds(120));
  EXPECT_EQ(incidents[1].mended_after, std::nullopt);
}

}  // namespace
}  // namespace selvage::incident
