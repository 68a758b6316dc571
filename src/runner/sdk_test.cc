// SPDX-License-Identifier: Apache-2.0
// Mode sdk: a program that polls by itself, as long as its session lives. Scripts note each of
// their starts in the file `starts`.
#include <chrono>
#include <cstdlib>

#include "runner/feeder_fixture.h"

namespace selvage::runner {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class SdkTest : public FeederTest {
 protected:
  void run_script(const std::string& script) { make(make_sdk, "echo started >>starts; " + script); }
  static Access access(const std::string& session) {
    return {.broker = {"127.0.0.1", 9324},
            .region = "eu-north-1",
            .key = {"KEY" + session, "SECRET" + session},
            .queue_url = "http://127.0.0.1:9324/000000000000/photos",
            .to_url = "http://127.0.0.1:9324/000000000000/frames"};
  }
  size_t starts() const {
    const std::string text = text_of("starts");
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }
  void run_until_started(size_t times) {
    run_until([=, this] { return starts() == times; });
  }
  // Waits until the script has written the file.
  std::string await(const std::string& file) {
    run_until([&] { return text_of(file).ends_with('\n'); });
    return text_of(file);
  }
};

constexpr const char* kShowEnvironment = "env >new; echo >>new; mv new environment; sleep 3600";

TEST_F(SdkTest, ProgramHasTheKeyOfItsSessionAndAllThatAnSdkNeeds) {
  run_script(kShowEnvironment);
  feeder_->admit(access("1"));
  const std::string environment = "\n" + await("environment");
  for (const char* line :
       {"AWS_ENDPOINT_URL=http://127.0.0.1:9324", "AWS_ENDPOINT_URL_SQS=http://127.0.0.1:9324",
        "AWS_REGION=eu-north-1", "AWS_DEFAULT_REGION=eu-north-1", "AWS_ACCESS_KEY_ID=KEY1",
        "AWS_SECRET_ACCESS_KEY=SECRET1",
        "SELVAGE_QUEUE_URL=http://127.0.0.1:9324/000000000000/photos",
        "SELVAGE_TO_QUEUE_URL=http://127.0.0.1:9324/000000000000/frames", "SELVAGE_STAGE=shrink",
        "SELVAGE_WORKER=shrink-1"})
    EXPECT_THAT(environment, HasSubstr("\n" + std::string(line) + "\n"));
}

TEST_F(SdkTest, NothingMakesTheSdkLookElsewhere) {
  for (const char* name : {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID",
                           "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL_SQS"})
    setenv(name, "ours", 1);
  setenv("NO_PROXY", "intranet", 1);
  run_script(kShowEnvironment);
  for (const char* name : {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID",
                           "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL_SQS", "NO_PROXY"})
    unsetenv(name);
  feeder_->admit(access("1"));
  const std::string environment = await("environment");
  EXPECT_THAT(environment, Not(HasSubstr("=ours")));
  EXPECT_THAT(environment, HasSubstr("\nNO_PROXY=intranet,127.0.0.1\n"));
}

TEST_F(SdkTest, StageWithoutATargetHasNoUrlOfOne) {
  setenv("SELVAGE_TO_QUEUE_URL", "http://elsewhere", 1);
  run_script(kShowEnvironment);
  unsetenv("SELVAGE_TO_QUEUE_URL");
  Access without = access("1");
  without.to_url.clear();
  feeder_->admit(without);
  EXPECT_THAT(await("environment"), Not(HasSubstr("SELVAGE_TO_QUEUE_URL")));
}

TEST_F(SdkTest, ItIsNeverReadyForAMessage) {
  run_script("sleep 3600");
  EXPECT_FALSE(feeder_->ready());
  feeder_->admit(access("1"));
  run_until_started(1);
  EXPECT_FALSE(feeder_->ready());
}

TEST_F(SdkTest, EndIsToldWithItsKindAndLastWords) {
  run_script("echo out; echo err >&2; exit 3");
  feeder_->admit(access("1"));
  const Verdict verdict = next_verdict();
  EXPECT_EQ(verdict.exit_code, 3);
  EXPECT_EQ(verdict.cause, "exit code 3");
  EXPECT_EQ(verdict.errors, "out\nerr\n");
  EXPECT_FALSE(verdict.hung);
}

TEST_F(SdkTest, ProgramIsStartedAgainOnlyInANewSession) {
  run_script("[ $AWS_ACCESS_KEY_ID = KEY1 ] && exit 1; sleep 3600");
  feeder_->admit(access("1"));
  next_verdict();
  EXPECT_EQ(starts(), 1u);
  feeder_->admit(access("2"));
  run_until_started(2);
  EXPECT_TRUE(verdicts_.empty());
}

TEST_F(SdkTest, EachFurtherStartWaitsLonger) {
  run_script("exit 1");
  const auto begun = std::chrono::steady_clock::now();
  for (int session = 1; session <= 4; ++session) {
    feeder_->admit(access(std::to_string(session)));
    next_verdict();
  }
  EXPECT_EQ(starts(), 4u);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(300)) << "100 and 200 at least";
}

TEST_F(SdkTest, ResumedSessionLeavesItsProgramAlone) {
  run_script(kShowEnvironment);
  feeder_->admit(access("1"));
  await("environment");
  feeder_->admit(access("1"));
  bool later = false;
  reactor_.after(milliseconds(20), [&] { later = true; });
  run_until([&] { return later; });
  EXPECT_EQ(starts(), 1u);
  EXPECT_TRUE(verdicts_.empty());
}

TEST_F(SdkTest, ProgramOfASessionThatEndedIsKilledAndItsEndIsNoNews) {
  run_script(kShowEnvironment);
  feeder_->admit(access("1"));
  await("environment");
  std::filesystem::remove(directory_ / "environment");
  feeder_->abandon();
  feeder_->admit(access("2"));  // before the end of the first has been seen
  EXPECT_THAT(await("environment"), HasSubstr("KEY2"));
  EXPECT_EQ(starts(), 2u);
  EXPECT_TRUE(verdicts_.empty());
}

TEST_F(SdkTest, FinishTerminatesTheProgramWhichMayTakeItsTime) {
  run_script("trap 'echo bye >goodbye; exit 0' TERM; echo >up; while :; do sleep 0.01; done");
  feeder_->admit(access("1"));
  await("up");
  bool done = false;
  feeder_->finish([&] { done = true; });
  run_until([&] { return done; });
  EXPECT_EQ(text_of("goodbye"), "bye\n");
  EXPECT_TRUE(verdicts_.empty());
}

TEST_F(SdkTest, ProgramThatIgnoresTheSignalIsKilledAfterTheGrace) {
  stage_.grace = milliseconds(10);
  run_script("trap '' TERM; echo >up; while :; do sleep 0.01; done");
  feeder_->admit(access("1"));
  await("up");
  bool done = false;
  feeder_->finish([&] { done = true; });
  run_until([&] { return done; });
}

TEST_F(SdkTest, FinishWithoutAProgramIsDoneAtOnce) {
  run_script("exit 0");
  bool done = false;
  feeder_->finish([&] { done = true; });
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace selvage::runner
