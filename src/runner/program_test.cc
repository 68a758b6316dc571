// SPDX-License-Identifier: Apache-2.0
// The life of one process, with real processes: the kernel is the point. Programs say when they
// have come so far, so nothing here depends on how fast they are.
#include "runner/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "process/tree.h"
#include "runner/program_guard.h"

namespace selvage::runner {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

constexpr Duration kNow{0};
constexpr Duration kLong = std::chrono::hours(1);  // no test waits for it
constexpr Duration kHopeless = std::chrono::minutes(2);

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    process::become_subreaper();
    std::signal(SIGPIPE, SIG_IGN);  // a program may be gone before it has read
  }
  ~ProgramTest() override {
    EXPECT_EQ(forbidden_kills(), forbidden_before_) << "it signalled more than its own program";
    program_.reset();
    EXPECT_TRUE(process::childless()) << "something outlived its program";
  }

  void use_grace(Duration grace) { program_.emplace(reactor_, grace); }

  void start(const std::string& script) {
    ended_ = false;
    const auto started =
        program_->start({.argv = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}},
                        {.output = [this](std::string_view bytes) { output_ += bytes; },
                         .ended =
                             [this] {
                               ended_ = true;
                               output_at_end_ = output_;
                             }});
    ASSERT_TRUE(started) << started.error().message;
  }

  template <typename Condition>
  void run_until(Condition condition) {
    bool hopeless = false;
    const auto limit = reactor_.after(kHopeless, [&] { hopeless = true; });
    while (!condition() && !hopeless) reactor_.run_once(kLong);
    reactor_.cancel(limit);
    ASSERT_FALSE(hopeless) << "output so far: " << output_.substr(0, 1000);
  }
  void run_until_it_says(const std::string& word) {
    run_until([&] { return output_.find(word) != std::string::npos; });
  }
  void run_to_the_end() {
    run_until([&] { return ended_; });
  }

  // The pid that the program wrote as the first word of its output.
  pid_t announced_pid() const { return static_cast<pid_t>(std::stoi(output_)); }
  static bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

  const int forbidden_before_ = forbidden_kills();
  process::Reactor reactor_;
  std::optional<Program> program_{std::in_place, reactor_, kLong};
  std::string output_;
  std::string output_at_end_;
  bool ended_ = false;
};

// ---- in and out

TEST_F(ProgramTest, AllOutputComesBeforeTheEnd) {
  start("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done");
  run_to_the_end();
  EXPECT_THAT(output_at_end_, EndsWith("line 1999\n"));
  EXPECT_EQ(program_->how().exit_code, 0);
}

TEST_F(ProgramTest, InputLargerThanAPipePassesWhileTheProgramAnswers) {
  const std::string input(5 << 20, 'x');
  start("cat");
  program_->write(input);
  program_->close_input();
  run_to_the_end();
  EXPECT_TRUE(output_ == input);
}

TEST_F(ProgramTest, InputStaysOpenUntilItIsClosed) {
  start("while read -r line; do echo \"got $line\"; done; echo end of input");
  program_->write("one\n");
  run_until_it_says("got one");
  program_->write("two\n");
  run_until_it_says("got two");
  EXPECT_EQ(output_.find("end of input"), std::string::npos);
  program_->close_input();
  run_to_the_end();
  EXPECT_THAT(output_, EndsWith("end of input\n"));
}

TEST_F(ProgramTest, ProgramThatNeverReadsEndsAsItLikes) {
  start("echo ready; sleep 1000");
  program_->write("a few bytes");
  program_->close_input();
  run_until_it_says("ready");
  program_->kill();
  run_to_the_end();
  EXPECT_EQ(program_->how().signal, SIGKILL);
}

TEST_F(ProgramTest, OfItsErrorsTheTailIsKept) {
  start("head -c 100000 /dev/zero | tr '\\0' x >&2; echo the end >&2");
  run_to_the_end();
  EXPECT_EQ(program_->errors().size(), Program::kErrorTail);
  EXPECT_THAT(program_->errors(), EndsWith("xxxthe end\n"));
  EXPECT_EQ(output_, "");
}

TEST_F(ProgramTest, ErrorsAreOfTheLatestRun) {
  start("echo first >&2");
  run_to_the_end();
  start("echo second >&2");
  run_to_the_end();
  EXPECT_EQ(program_->errors(), "second\n");
  program_->clear_errors();
  EXPECT_EQ(program_->errors(), "");
}

TEST_F(ProgramTest, ClosedOutputIsNotTheEnd) {
  start("exec >&- 2>&-; read -r line; exit 7");
  program_->write("go on\n");
  run_to_the_end();
  EXPECT_EQ(program_->how().exit_code, 7);
}

// ---- how it ends

TEST_F(ProgramTest, TellsHowItEnded) {
  struct Case {
    const char* script;
    int exit_code;
    int signal;
  };
  for (const auto& [script, exit_code, signal] :
       {Case{"exit 0", 0, 0}, Case{"exit 75", 75, 0}, Case{"kill -SEGV $$", 0, SIGSEGV}}) {
    start(script);
    run_to_the_end();
    EXPECT_EQ(program_->how().exit_code, exit_code) << script;
    EXPECT_EQ(program_->how().signal, signal) << script;
    EXPECT_FALSE(program_->was_hung()) << script;
    EXPECT_FALSE(program_->is_running()) << script;
  }
}

TEST_F(ProgramTest, CanBeStartedAgainFromItsEnd) {
  int runs = 0;
  std::function<void()> again = [&] {
    if (++runs == 3) return;
    ASSERT_TRUE(program_->start({.argv = {"/bin/true"}},
                                {.output = [](std::string_view) {}, .ended = again}));
  };
  again();
  run_until([&] { return runs == 3; });
  EXPECT_FALSE(program_->is_running());
}

TEST_F(ProgramTest, WhatCannotBeStartedIsDown) {
  const auto started = program_->start({.argv = {"/no/such/program"}}, {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("/no/such/program"));
  EXPECT_FALSE(program_->is_running());
  start("echo fine");
  run_to_the_end();
  EXPECT_EQ(output_, "fine\n");
}

// ---- the deadline

TEST_F(ProgramTest, DeadlineAsksFirst) {
  start("trap 'echo asked; exit 3' TERM; echo ready; sleep 1000 & wait");
  run_until_it_says("ready");
  program_->set_deadline(kNow);
  run_to_the_end();
  EXPECT_TRUE(program_->was_hung());
  EXPECT_THAT(output_, HasSubstr("asked"));
  EXPECT_EQ(program_->how().exit_code, 3);
}

TEST_F(ProgramTest, WhoDoesNotLeaveInTheGraceIsKilledWithItsChildrenWhoIgnoreItToo) {
  use_grace(kNow);
  start("trap '' TERM; (trap '' TERM; sleep 1000) & echo $!; while :; do sleep 1000; done");
  run_until_it_says("\n");
  program_->set_deadline(kNow);
  run_to_the_end();
  EXPECT_TRUE(program_->was_hung());
  EXPECT_EQ(program_->how().signal, SIGKILL);
  EXPECT_TRUE(is_gone(announced_pid()));
}

TEST_F(ProgramTest, LaterDeadlineTakesThePlaceOfTheFormer) {
  start("echo ready; read -r line");
  run_until_it_says("ready");
  program_->set_deadline(kNow);
  program_->set_deadline(kLong);
  reactor_.run_once(kNow);
  program_->close_input();
  run_to_the_end();
  EXPECT_FALSE(program_->was_hung());
  EXPECT_EQ(program_->how().signal, 0);
}

TEST_F(ProgramTest, ClearedDeadlineIsNone) {
  start("echo ready; read -r line");
  run_until_it_says("ready");
  program_->set_deadline(kNow);
  program_->clear_deadline();
  reactor_.run_once(kNow);
  program_->close_input();
  run_to_the_end();
  EXPECT_FALSE(program_->was_hung());
}

TEST_F(ProgramTest, DeadlineEndsWithTheRun) {
  start("read -r line");
  program_->set_deadline(kLong);
  program_->close_input();
  run_to_the_end();
  start("echo ready; read -r line");
  run_until_it_says("ready");
  EXPECT_FALSE(program_->was_hung());
  program_->close_input();
  run_to_the_end();
}

TEST_F(ProgramTest, KillDoesNotAskAndIsNoHang) {
  start("trap 'echo asked' TERM; echo ready; sleep 1000 & wait");
  run_until_it_says("ready");
  program_->kill();
  program_->kill();
  run_to_the_end();
  EXPECT_EQ(program_->how().signal, SIGKILL);
  EXPECT_FALSE(program_->was_hung());
  EXPECT_EQ(output_, "ready\n");
}

TEST_F(ProgramTest, WhatIsAskedOfAProgramThatIsDownDoesNothing) {
  program_->kill();
  program_->set_deadline(kNow);
  program_->clear_deadline();
  reactor_.run_once(kNow);
  EXPECT_FALSE(program_->is_running());
}

// ---- its descendants

TEST_F(ProgramTest, NothingThatItStartedOutlivesIt) {
  start("setsid sh -c 'trap \"\" TERM HUP; sleep 1000' >/dev/null 2>&1 & echo $!; exit 0");
  run_to_the_end();
  EXPECT_TRUE(is_gone(announced_pid()));
  EXPECT_EQ(program_->how().exit_code, 0);
}

TEST_F(ProgramTest, DescendantThatHoldsItsOutputDoesNotDelayItsEnd) {
  start("sleep 1000 & echo $!");
  run_to_the_end();
  EXPECT_TRUE(is_gone(announced_pid()));
}

TEST_F(ProgramTest, WhoIsDestroyedWhileItRunsLeavesNobody) {
  start("sleep 1000 & echo $!; sleep 1000");
  run_until_it_says("\n");
  program_.reset();
  EXPECT_TRUE(is_gone(announced_pid()));
  EXPECT_TRUE(process::childless());
  reactor_.run_once(kNow);
  EXPECT_FALSE(ended_);
}

}  // namespace
}  // namespace selvage::runner
