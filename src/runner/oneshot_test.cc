// SPDX-License-Identifier: Apache-2.0
// Mode oneshot: what a program's end means for its message.
#include <csignal>

#include "runner/feeder_fixture.h"
#include "runner/program.h"

namespace selvage::runner {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Kind = Verdict::Kind;

class OneshotTest : public FeederTest {
 protected:
  Verdict verdict_of(const std::string& script, const std::string& body = "the body") {
    make(make_oneshot, script);
    return attempt(body);
  }
};

TEST_F(OneshotTest, EndOfTheProgramDecides) {
  struct Case {
    const char* script;
    Kind kind;
    int exit_code;
    int signal;
    const char* cause;
  };
  for (const Case& c : {
           Case{"cat", Kind::kDone, 0, 0, "exit code 0"},
           Case{"exit 0", Kind::kDone, 0, 0, "exit code 0"},
           Case{"exit 1", Kind::kFailed, 1, 0, "exit code 1"},
           Case{"exit 64", Kind::kFailed, 64, 0, "exit code 64"},
           Case{"exit 65", Kind::kPoison, 65, 0, "exit code 65"},
           Case{"exit 75", Kind::kTryLater, 75, 0, "exit code 75"},
           Case{"exit 255", Kind::kFailed, 255, 0, "exit code 255"},
           Case{"kill -KILL $$", Kind::kFailed, 0, SIGKILL, "signal 9 (Killed)"},
           Case{"kill -SEGV $$", Kind::kFailed, 0, SIGSEGV, "signal 11 (Segmentation fault)"},
       }) {
    const Verdict verdict = verdict_of(c.script);
    EXPECT_EQ(verdict.kind, c.kind) << c.script;
    EXPECT_EQ(verdict.exit_code, c.exit_code) << c.script;
    EXPECT_EQ(verdict.signal, c.signal) << c.script;
    EXPECT_EQ(verdict.cause, c.cause) << c.script;
    EXPECT_FALSE(verdict.hung) << c.script;
  }
}

TEST_F(OneshotTest, BodyGoesInAndOutputComesOut) {
  const std::string body = "first line\nsecond \xC3\xA9 line";
  EXPECT_EQ(verdict_of("cat; echo to be seen >&2", body).output, body);
  EXPECT_EQ(started_, 1);
}

TEST_F(OneshotTest, OutputOfAFailedAttemptIsNotHandedOn) {
  EXPECT_EQ(verdict_of("echo half; exit 1").output, "");
}

TEST_F(OneshotTest, OutputIsOfOneAttemptOnly) {
  make(make_oneshot, "cat; echo errors of $SELVAGE_MESSAGE_ID >&2");
  EXPECT_EQ(attempt("one").output, "one");
  message_.id = "m-2";
  const Verdict second = attempt("two");
  EXPECT_EQ(second.output, "two");
  EXPECT_EQ(second.errors, "errors of m-2\n");
}

TEST_F(OneshotTest, OutputMayBeAsLargeAsAMessage) {
  static_assert(kMaxOutputBytes == 1048576);
  const Verdict verdict = verdict_of("head -c 1048576 /dev/zero | tr '\\0' x");
  EXPECT_EQ(verdict.kind, Kind::kDone);
  EXPECT_EQ(verdict.output.size(), kMaxOutputBytes);
}

TEST_F(OneshotTest, EndlessOutputFailsTheAttemptAndEndsTheProgram) {
  const Verdict verdict = verdict_of("exec yes");
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_THAT(verdict.cause, HasSubstr("larger than a message may be (1048576 bytes)"));
  EXPECT_EQ(verdict.output, "");
}

TEST_F(OneshotTest, ErrorsOfTheProgramAreEvidence) {
  EXPECT_EQ(verdict_of("echo why it failed >&2; exit 3").errors, "why it failed\n");
}

TEST_F(OneshotTest, WhatItSaysIsHeardInFullBeforeItsVerdict) {
  const Verdict verdict = verdict_of("head -c 20000 /dev/zero | tr '\\0' x >&2; exit 3");
  EXPECT_EQ(verdict.errors.size(), Program::kErrorTail);
  EXPECT_EQ(said_.size(), 20'000u);
}

TEST_F(OneshotTest, WhoMeetsItsDeadlineHasFailedWhateverItsExitCode) {
  stage_.deadline = kNow;
  for (const char* script : {"sleep 1000", "trap 'exit 0' TERM; sleep 1000 & wait"}) {
    const Verdict verdict = verdict_of(script);
    EXPECT_EQ(verdict.kind, Kind::kFailed) << script;
    EXPECT_TRUE(verdict.hung) << script;
    EXPECT_THAT(verdict.cause, HasSubstr("the deadline of")) << script;
  }
}

TEST_F(OneshotTest, AttemptIsTimedByTheClock) {
  make(make_oneshot, "read -r line");
  const Instant begin = clock_.now();
  feeder_->feed(message_, places_);
  clock_.advance(std::chrono::seconds(7));
  const Verdict verdict = next_verdict();
  EXPECT_EQ(verdict.started, begin);
  EXPECT_EQ(verdict.ended, begin + std::chrono::seconds(7));
}

TEST_F(OneshotTest, WhatItUsedIsMeasured) {
  const Verdict verdict = verdict_of("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
  EXPECT_GT(verdict.cpu_us, 0);
  EXPECT_GT(verdict.max_rss_kib, 0);
}

TEST_F(OneshotTest, AbandonedProgramEndsWithAllItStarted) {
  make(make_oneshot, "sleep 1000 & echo up >up; sleep 1000");
  feeder_->feed(message_, places_);
  EXPECT_EQ(started_, 1);
  feeder_->abandon();
  const Verdict verdict = next_verdict();
  EXPECT_EQ(verdict.signal, SIGKILL);
  EXPECT_FALSE(verdict.hung);
}

TEST_F(OneshotTest, ProgramThatCannotBeStartedBurnsNothingAndIsNotTriedAtOnce) {
  stage_.run = {"/no/such/program"};
  make(make_oneshot);
  EXPECT_TRUE(feeder_->ready());
  feeder_->feed(message_, places_);
  const Verdict verdict = next_verdict();
  EXPECT_EQ(verdict.kind, Kind::kNotStarted);
  EXPECT_THAT(verdict.cause, HasSubstr("/no/such/program"));
  EXPECT_EQ(started_, 0);
  EXPECT_FALSE(feeder_->ready());
}

TEST_F(OneshotTest, WhoCouldNotBeStartedIsTriedAgainLater) {
  stage_.run = {directory_ / "late.sh"};
  make(make_oneshot);
  EXPECT_EQ(attempt().kind, Kind::kNotStarted);
  std::ofstream(directory_ / "late.sh") << "#!/bin/sh\ncat\n";
  std::filesystem::permissions(directory_ / "late.sh", std::filesystem::perms::owner_all);
  run_until([this] { return ready_changes_ > 0; });
  EXPECT_EQ(attempt("here").output, "here");
}

TEST_F(OneshotTest, EnvironmentTellsWhatIsToBeDone) {
  setenv("SELVAGE_LEFT_OVER", "of our own", 1);
  setenv("FEEDER_TEST_KEPT", "yes", 1);
  stage_.env = {{"COLOUR", "red"}, {"FEEDER_TEST_KEPT", "changed"}};
  message_.failed = 2;
  places_.in = directory_ / "in";
  const std::string text = verdict_of("env").output;
  unsetenv("SELVAGE_LEFT_OVER");
  unsetenv("FEEDER_TEST_KEPT");
  const int64_t deadline_ms = to_millis(clock_.now() + stage_.deadline);
  for (const std::string& line :
       {std::string("SELVAGE_MESSAGE_ID=m-1"), std::string("SELVAGE_ATTEMPT=3"),
        "SELVAGE_DEADLINE_MS=" + std::to_string(deadline_ms), "SELVAGE_OUT=" + places_.out,
        "SELVAGE_IN=" + places_.in, std::string("SELVAGE_STAGE=shrink"),
        std::string("SELVAGE_WORKER=shrink-1"), std::string("SELVAGE_QUEUE=photos"),
        std::string("COLOUR=red"), std::string("FEEDER_TEST_KEPT=changed")})
    EXPECT_THAT("\n" + text, HasSubstr("\n" + line + "\n"));
  EXPECT_THAT(text,
              AllOf(Not(HasSubstr("SELVAGE_LEFT_OVER")), Not(HasSubstr("FEEDER_TEST_KEPT=yes"))));
}

TEST_F(OneshotTest, MessageWithoutAnArtifactHasNoPlaceForOne) {
  EXPECT_THAT(verdict_of("env").output, Not(HasSubstr("SELVAGE_IN=")));
}

TEST_F(OneshotTest, ProgramRunsWhereItsFileLies) {
  EXPECT_EQ(verdict_of("pwd -P").output, std::filesystem::canonical(directory_).string() + "\n");
}

}  // namespace
}  // namespace selvage::runner
