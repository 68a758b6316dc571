// SPDX-License-Identifier: Apache-2.0
// The workers of a stage as real processes that do nothing; what they show on their cards is
// written by the test.
#include "supervisor/crew.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/lock_file.h"

namespace selvage::supervisor {
namespace {

using testing::ElementsAre;
using worker::State;

constexpr Duration kLong = std::chrono::hours(1);  // no test waits for it
constexpr Duration kHopeless = std::chrono::minutes(2);

class CrewTest : public testing::Test {
 protected:
  CrewTest() {
    std::string name = testing::TempDir() + "crew-XXXXXX";
    data_ = mkdtemp(name.data());
    run_.emplace(data_);
    run_->make();
    crew_ = std::make_unique<Crew>(
        Crew::Setting{.reactor = reactor_, .clock = clock_, .run = *run_, .stage = "a"},
        Crew::Callbacks{
            .request =
                [this](const std::string& worker) {
                  started_.push_back(worker);
                  return process::SpawnRequest{.argv = {"/bin/sleep", "1000"}};
                },
            .died = [this](const auto& worker, const auto&) { died_.push_back(worker); },
            .stopped = [this] { ++stops_; }});
  }
  ~CrewTest() override {
    if (adopted_us_) return;  // whose end nobody should ask for
    crew_->stop_all(Duration{0});
    run_until([this] { return crew_->is_empty(); });
    std::filesystem::remove_all(data_);
  }

  template <typename Condition>
  void run_until(Condition condition) {
    bool hopeless = false;
    const auto limit = reactor_.after(kHopeless, [&] { hopeless = true; });
    while (!condition() && !hopeless) reactor_.run_once(kLong);
    reactor_.cancel(limit);
    ASSERT_FALSE(hopeless);
  }
  void show(const std::string& worker, State state) {
    const pid_t pid = crew_->pid_of(worker);
    worker::CardFile::open(run_->card(worker))->show({.state = state, .runner = pid});
  }

  std::string data_;
  std::optional<worker::RunDirectory> run_;
  process::Reactor reactor_;
  SystemClock clock_;
  std::vector<std::string> started_, died_;
  int stops_ = 0;
  bool adopted_us_ = false;
  std::unique_ptr<Crew> crew_;
};

TEST_F(CrewTest, ItGrowsByNumbersFromOne) {
  crew_->grow_to(3);
  EXPECT_THAT(started_, ElementsAre("a-1", "a-2", "a-3"));
  crew_->grow_to(3);
  crew_->grow_to(1);
  EXPECT_EQ(started_.size(), 3u);
  EXPECT_EQ(crew_->workers(), 3);
  EXPECT_EQ(crew_->manned().starting, 3) << "none has shown a card";
}

TEST_F(CrewTest, OnlyIdleWorkersAreEnded) {
  crew_->grow_to(4);
  show("a-1", State::kIdle);
  show("a-2", State::kBusy);
  show("a-3", State::kIdle);
  show("a-4", State::kBackingOff);
  crew_->shrink_to(1, kLong);
  EXPECT_EQ(crew_->workers(), 2);
  run_until([this] { return stops_ > 0 && crew_->pid_of("a-1") < 0 && crew_->pid_of("a-3") < 0; });
  EXPECT_GT(crew_->pid_of("a-2"), 0);
  EXPECT_GT(crew_->pid_of("a-4"), 0);
  EXPECT_TRUE(died_.empty()) << "an end that was asked for is no death";
}

TEST_F(CrewTest, TheLatestGoFirstAndTheirNumbersAreUsedAgain) {
  crew_->grow_to(3);
  for (const auto* name : {"a-1", "a-2", "a-3"}) show(name, State::kIdle);
  crew_->shrink_to(2, kLong);
  EXPECT_EQ(crew_->workers(), 2);
  crew_->grow_to(3);
  EXPECT_EQ(started_.back(), "a-4") << "a-3 has not ended yet";
  run_until([this] { return stops_ > 0; });
  crew_->grow_to(4);
  EXPECT_EQ(started_.back(), "a-3");
}

TEST_F(CrewTest, ACardOfAnEarlierRunnerSaysNothing) {
  crew_->grow_to(1);
  worker::CardFile::open(run_->card("a-1"))->show({.state = State::kIdle, .runner = 1});
  EXPECT_TRUE(crew_->cards().empty());
  crew_->shrink_to(0, kLong);
  EXPECT_EQ(crew_->workers(), 1);
}

TEST_F(CrewTest, WhoDiesIsStartedAgainUnderItsName) {
  crew_->grow_to(2);
  kill(crew_->pid_of("a-2"), SIGKILL);
  run_until([this] { return started_.size() == 3; });
  EXPECT_THAT(died_, ElementsAre("a-2"));
  EXPECT_THAT(started_, ElementsAre("a-1", "a-2", "a-2"));
  EXPECT_EQ(crew_->workers(), 2);
}

TEST_F(CrewTest, LivingWorkersAreAdoptedWhateverTheirNumber) {
  // The locks are ours, so the workers are taken to be this process.
  const auto second = process::LockFile::acquire(run_->lock("a-2"));
  const auto ninth = process::LockFile::acquire(run_->lock("a-9"));
  ASSERT_TRUE(second && ninth);
  {
    const auto dead = process::LockFile::acquire(run_->lock("a-1"));
  }
  adopted_us_ = true;
  EXPECT_EQ(crew_->adopt_all(), 2);
  EXPECT_EQ(crew_->workers(), 2);
  EXPECT_EQ(crew_->pid_of("a-9"), getpid());
  EXPECT_TRUE(started_.empty());
}

TEST_F(CrewTest, AllAreStoppedWhateverTheyDo) {
  crew_->grow_to(3);
  show("a-1", State::kBusy);
  crew_->stop_all(kLong);
  run_until([this] { return crew_->is_empty(); });
  EXPECT_EQ(crew_->workers(), 0);
}

}  // namespace
}  // namespace selvage::supervisor
