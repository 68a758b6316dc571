// SPDX-License-Identifier: Apache-2.0
// What a persistent program does around its own end must cost no other message anything.
#include <sys/stat.h>

#include <thread>

#include "runner/feeder_fixture.h"

namespace selvage::runner {
namespace {

using Kind = Verdict::Kind;
using std::chrono::milliseconds;

class PersistentEndTest : public FeederTest {
 protected:
  // Looks away, so that the program's words and its end are found together.
  void look_away_until_written(const char* file) const {
    while (!std::filesystem::exists(directory_ / file))
      std::this_thread::sleep_for(milliseconds(1));
  }
};

TEST_F(PersistentEndTest, GarbageFoundAfterItsEndIsNoReasonToKillAnybody) {
  make(make_persistent, "read -r x; (sleep 0.2; echo garbage; echo >late; sleep 100) & exit 0");
  run_until_ready();
  feeder_->feed(message_, places_);
  look_away_until_written("late");
  EXPECT_EQ(next_verdict().kind, Kind::kFailed);
  EXPECT_EQ(forbidden_kills(), forbidden_before_);
}

TEST_F(PersistentEndTest, SecondAnswerIsNotTakenForTheNextMessages) {
  make(make_persistent, R"(while read -r l; do printf '{"body":"1"}\n{"body":"extra"}\n'; done)");
  EXPECT_EQ(attempt().kind, Kind::kFailed);
}

TEST_F(PersistentEndTest, AnswerInTheLastGraceCountsAndCostsTheNextMessageNothing) {
  stage_.deadline = milliseconds(200);
  stage_.grace = std::chrono::seconds(60);
  make(make_persistent,
       R"(trap 'echo "{\"body\":\"late\"}"' TERM; read -r l; while :; do sleep 0.05; done)");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kDone);
  EXPECT_EQ(verdict.output, "late");
  EXPECT_FALSE(feeder_->ready()) << "it is being killed";
}

TEST_F(PersistentEndTest, WhatItLeftUnreadWasNeverStarted) {
  ASSERT_EQ(mkfifo((directory_ / "go").c_str(), 0600), 0);
  make(make_persistent, "read -r x <go; exit 3");
  run_until_ready();
  feeder_->feed(message_, places_);
  std::ofstream(directory_ / "go") << "now\n";
  const Verdict verdict = next_verdict();
  EXPECT_EQ(verdict.kind, Kind::kNotStarted);
  EXPECT_EQ(verdict.exit_code, 3);
}

TEST_F(PersistentEndTest, WhatItHasBegunToReadIsAnAttempt) {
  make(make_persistent, "head -c 1 >/dev/null; exit 3");
  EXPECT_EQ(attempt().kind, Kind::kFailed);
}

TEST_F(PersistentEndTest, WhoNeverReadsHangs) {
  stage_.deadline = milliseconds(100);
  make(make_persistent, "exec sleep 1000");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_TRUE(verdict.hung);
}

TEST_F(PersistentEndTest, WhoLeavesAfterItsAnswerGetsNoFurtherMessage) {
  make(make_persistent, R"(read -r l; echo '{"body":"x"}'; echo >late; exit 0)");
  EXPECT_EQ(attempt().kind, Kind::kDone);
  look_away_until_written("late");
  run_until([this] { return !feeder_->ready() || ready_changes_ >= 2; });
}

}  // namespace
}  // namespace selvage::runner
