// SPDX-License-Identifier: Apache-2.0
// Keeping one process, with real ones that live as briefly as they can; how long they are thought
// to have lived is told by a clock that the test turns.
#include "supervisor/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace selvage::supervisor {
namespace {

using testing::ElementsAre;

constexpr Duration kNow{0};
constexpr Duration kLong = std::chrono::hours(1);  // no test waits for it
constexpr Duration kHopeless = std::chrono::minutes(2);

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() { make(); }
  ~KeeperTest() override {
    if (keeper_ && keeper_->is_running()) {
      keeper_->stop(kNow);
      run_until([this] { return stopped_ > 0; });
    }
  }

  void make() {
    keeper_ = std::make_unique<Keeper>(
        reactor_, clock_, "worker",
        Keeper::Callbacks{.request =
                              [this] {
                                ++requests_;
                                return process::SpawnRequest{.argv = argv_,
                                                             .environment = {"PATH=/usr/bin:/bin"}};
                              },
                          .started = [this] { clock_.advance(lives_for_); },
                          .died =
                              [this](const std::optional<process::Ended>& how) {
                                deaths_.push_back(how ? how->describe() : "unknown");
                                return again_;
                              },
                          .stopped = [this] { ++stopped_; }});
  }
  void run_script(const std::string& script) { argv_ = {"/bin/sh", "-c", script}; }

  template <typename Condition>
  void run_until(Condition condition) {
    bool hopeless = false;
    const auto limit = reactor_.after(kHopeless, [&] { hopeless = true; });
    while (!condition() && !hopeless) reactor_.run_once(kLong);
    reactor_.cancel(limit);
    ASSERT_FALSE(hopeless);
  }
  void run_until_deaths(size_t count) {
    run_until([this, count] { return deaths_.size() >= count; });
  }

  process::Reactor reactor_;
  ManualClock clock_;
  std::vector<std::string> argv_ = {"/bin/sleep", "1000"};
  Duration lives_for_{0};  // as the clock will say
  bool again_ = true;
  std::unique_ptr<Keeper> keeper_;
  int requests_ = 0;
  int stopped_ = 0;
  std::vector<std::string> deaths_;
};

// ---- starting again

TEST_F(KeeperTest, FirstDeathIsFollowedByAStartAtOnce) {
  run_script("exit 3");
  keeper_->start();
  run_until_deaths(1);
  EXPECT_THAT(deaths_, ElementsAre("exit code 3"));
  argv_ = {"/bin/sleep", "1000"};
  run_until([this] { return keeper_->is_running(); });
  EXPECT_EQ(keeper_->starts(), 2);
}

TEST_F(KeeperTest, SecondDeathInARowIsFollowedByAWait) {
  run_script("kill -KILL $$");
  keeper_->start();
  run_until_deaths(2);
  EXPECT_FALSE(keeper_->is_running());
  EXPECT_EQ(keeper_->pid(), -1);
  EXPECT_EQ(keeper_->starts(), 2);
  run_until_deaths(3);
  EXPECT_THAT(deaths_, testing::Each("signal 9 (Killed)"));
}

TEST_F(KeeperTest, WhoLivedLongIsAlwaysStartedAtOnce) {
  lives_for_ = kLong;
  run_script("exit 0");
  keeper_->start();
  // Waits would add up to an hour.
  run_until_deaths(40);
}

TEST_F(KeeperTest, WhatCannotBeStartedIsTriedAgainWithANewRequest) {
  argv_ = {"/no/such/program"};
  keeper_->start();
  EXPECT_FALSE(keeper_->is_running());
  EXPECT_EQ(keeper_->starts(), 0);
  run_until([this] { return requests_ >= 2; });
  argv_ = {"/bin/sleep", "1000"};
  run_until([this] { return keeper_->is_running(); });
  EXPECT_EQ(keeper_->starts(), 1);
  EXPECT_TRUE(deaths_.empty());
}

TEST_F(KeeperTest, WhoIsNotWantedAgainStaysDown) {
  again_ = false;
  run_script("exit 9");
  keeper_->start();
  run_until_deaths(1);
  reactor_.run_once(kNow);
  EXPECT_FALSE(keeper_->is_running());
  EXPECT_EQ(requests_, 1);
}

// ---- stopping

TEST_F(KeeperTest, StoppedProcessIsAskedAndNotStartedAgain) {
  keeper_->start();
  keeper_->stop(kLong);
  run_until([this] { return stopped_ == 1; });
  reactor_.run_once(kNow);
  EXPECT_FALSE(keeper_->is_running());
  EXPECT_EQ(requests_, 1);
  EXPECT_TRUE(deaths_.empty()) << "a death that was asked for is none";
}

TEST_F(KeeperTest, WhoDoesNotEndInTimeIsKilled) {
  // A stopped process ends by nothing but SIGKILL.
  keeper_->start();
  ASSERT_EQ(::kill(keeper_->pid(), SIGSTOP), 0);
  keeper_->stop(kNow);
  run_until([this] { return stopped_ == 1; });
  EXPECT_FALSE(keeper_->is_running());
}

TEST_F(KeeperTest, WhoIsDownIsStoppedAtOnce) {
  keeper_->stop(kLong);
  EXPECT_EQ(stopped_, 1);
}

TEST_F(KeeperTest, StopWhileItWaitsCancelsTheStart) {
  run_script("exit 1");
  keeper_->start();
  run_until_deaths(2);
  const int before = requests_;
  keeper_->stop(kLong);
  EXPECT_EQ(stopped_, 1);
  // Longer than it would have waited.
  bool over = false;
  reactor_.after(std::chrono::milliseconds(150), [&] { over = true; });
  run_until([&] { return over; });
  EXPECT_EQ(requests_, before);
}

// ---- adoption

class AdoptionTest : public KeeperTest {
 protected:
  AdoptionTest() {
    auto child = process::spawn({.argv = {"/bin/sleep", "1000"}});
    EXPECT_TRUE(child) << child.error().message;
    child_ = *std::move(child);
  }
  ~AdoptionTest() override {
    keeper_.reset();
    if (child_.pid > 0) reap_child();
  }
  // As its parent does.
  void reap_child() {
    ::kill(child_.pid, SIGKILL);
    pollfd end{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&end, 1, -1), 1);
    EXPECT_TRUE(process::reap(child_));
    child_ = {};
  }
  process::Child child_;
};

TEST_F(AdoptionTest, AdoptedProcessIsWatchedAndReplaced) {
  ASSERT_TRUE(keeper_->adopt(child_.pid));
  EXPECT_EQ(keeper_->pid(), child_.pid);
  EXPECT_EQ(keeper_->starts(), 0);
  ::kill(child_.pid, SIGKILL);
  run_until_deaths(1);
  EXPECT_THAT(deaths_, ElementsAre("unknown")) << "its parent knows more";
  run_until([this] { return keeper_->is_running(); });
  EXPECT_EQ(keeper_->starts(), 1);
  keeper_->stop(kLong);
  run_until([this] { return stopped_ == 1; });
}

TEST_F(AdoptionTest, AdoptedProcessCanBeStopped) {
  ASSERT_TRUE(keeper_->adopt(child_.pid));
  keeper_->stop(kLong);
  run_until([this] { return stopped_ == 1; });
  EXPECT_TRUE(deaths_.empty());
}

TEST_F(AdoptionTest, WhoHasEndedCannotBeAdopted) {
  const pid_t gone = child_.pid;
  reap_child();
  EXPECT_FALSE(keeper_->adopt(gone));
  EXPECT_FALSE(keeper_->is_running());
}

TEST_F(AdoptionTest, DestroyedKeeperLeavesItsProcessAndCallsNobody) {
  ASSERT_TRUE(keeper_->adopt(child_.pid));
  keeper_.reset();
  EXPECT_EQ(::kill(child_.pid, 0), 0);
  reap_child();
  reactor_.run_once(kNow);
  EXPECT_TRUE(deaths_.empty());
}

TEST_F(KeeperTest, DestroyedKeeperStartsNothing) {
  run_script("exit 1");
  keeper_->start();
  run_until_deaths(2);
  const int before = requests_;
  keeper_.reset();
  bool over = false;
  reactor_.after(std::chrono::milliseconds(150), [&] { over = true; });
  run_until([&] { return over; });
  EXPECT_EQ(requests_, before);
}

}  // namespace
}  // namespace selvage::supervisor
