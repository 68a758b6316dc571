// SPDX-License-Identifier: Apache-2.0
#include "supervisor/steward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "supervisor/explain.h"
#include "wire/json.h"

namespace selvage::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

// Two stages, front and back, of one worker and a spare each; what each has is what was decided.
class StewardTest : public testing::Test {
 protected:
  StewardTest() {
    for (const auto* name : {"front", "back"}) {
      workflow::Stage stage;
      stage.name = name;
      stage.workers = {.min = 1, .max = 20, .spare = 1};
      plan_.stages.push_back(stage);
    }
    plan_.stages[0].to = "middle";
    plan_.stages[0].max_backlog = 100;
  }

  void begin(const Host& host = {.cpus = 100, .memory_kib = 1 << 30}) {
    steward_.emplace(plan_, host);
    facts_.resize(2);
    for (StageFacts& facts : facts_) facts.manned.workers = 2;
    for (const auto* worker : {"front-1", "front-2"})
      facts_[0].cards.push_back({worker, {.state = worker::State::kIdle, .runner = 7}});
    facts_[1].cards.push_back({"back-1", {.state = worker::State::kIdle, .runner = 8}});
    look();
  }
  const Decision& look() {
    clock_.advance(1s);
    decisions_ = steward_->decide(clock_.now(), facts_);
    for (size_t i = 0; i < facts_.size(); ++i) facts_[i].manned.workers = decisions_[i].target;
    return decisions_[0];
  }
  void fail_in_front(int64_t attempts) { facts_[0].cards[0].second.failed += attempts; }
  void succeed_in_front() { facts_[0].cards[1].second.done += 1; }
  std::string why_front() const {
    std::string all;
    for (const std::string& line : explain(decisions_[0], plan_.stages[0])) all += line + "\n";
    return all;
  }

  workflow::Plan plan_;
  ManualClock clock_;
  std::optional<Steward> steward_;
  std::vector<StageFacts> facts_;
  std::vector<Decision> decisions_;
};

TEST_F(StewardTest, AnIdleWorkflowStaysAsItIs) {
  begin();
  EXPECT_TRUE(decisions_[0].target_changed) << "the first time it is news";
  for (int n = 0; n < 100; ++n) {
    const Decision& decision = look();
    EXPECT_EQ(decision.target, 2);
    EXPECT_EQ(decision.gate, std::nullopt);
    EXPECT_FALSE(decision.target_changed);
  }
}

TEST_F(StewardTest, ABacklogMakesMoreWorkersOfItsStageOnly) {
  begin();
  facts_[0].in = {.visible = 600, .sent = 600};
  EXPECT_EQ(look().target, 4);
  EXPECT_TRUE(decisions_[0].target_changed);
  EXPECT_EQ(look().target, 8);
  EXPECT_EQ(decisions_[1].target, 2);
  for (int n = 0; n < 5; ++n) look();
  EXPECT_EQ(decisions_[0].target, 21);
}

TEST_F(StewardTest, AnOpenBreakerHoldsTheSizeAndShutsTheQueue) {
  begin();
  facts_[0].in = {.visible = 600, .sent = 600};
  look();
  fail_in_front(20);
  EXPECT_EQ(look().gate, 0);
  EXPECT_EQ(decisions_[0].target, 4) << "whatever waits";
  facts_[0].in = {};
  for (int n = 0; n < 100; ++n) EXPECT_EQ(look().target, 4) << "and whatever does not";
  EXPECT_EQ(decisions_[0].gate, 1) << "one message may try";
  EXPECT_THAT(why_front(), HasSubstr("breaker: open, one message at a time is tried"));
  succeed_in_front();
  EXPECT_EQ(look().gate, std::nullopt);
  EXPECT_TRUE(decisions_[0].breaker.changed);
  EXPECT_EQ(decisions_[0].target, 2);
}

TEST_F(StewardTest, APausedStageKeepsItsSize) {
  begin();
  facts_[0].in = {.visible = 600, .sent = 600};
  facts_[0].paused = true;
  EXPECT_EQ(look().gate, 0);
  EXPECT_EQ(decisions_[0].target, 2);
  EXPECT_TRUE(decisions_[0].paused);
  EXPECT_THAT(why_front(), HasSubstr("it is paused: selvage resume"));
  facts_[0].paused = false;
  EXPECT_EQ(look().gate, std::nullopt);
  EXPECT_EQ(decisions_[0].target, 4);
}

TEST_F(StewardTest, ALongQueueBehindShutsTheOneInFront) {
  begin();
  facts_[0].in = {.visible = 600, .sent = 600};
  facts_[0].out = {.visible = 90, .in_flight = 50, .delayed = 11};
  EXPECT_EQ(look().gate, 0);
  EXPECT_EQ(decisions_[0].target, 2) << "more workers would have nothing to do";
  EXPECT_THAT(why_front(),
              HasSubstr("back-pressure: 101 wait in middle, whose max_backlog is 100; nothing is "
                        "taken until 80 do"));
  facts_[0].out.delayed = 0;
  EXPECT_EQ(look().gate, 0);
  facts_[0].out.visible = 80;
  EXPECT_EQ(look().gate, std::nullopt);
  EXPECT_EQ(decisions_[0].target, 4);
}

TEST_F(StewardTest, AStageWhoseProgramCannotBeStartedCannotStarveTheOther) {
  begin({.cpus = 10, .memory_kib = 1 << 30});
  for (auto& [worker, card] : facts_[0].cards) card.state = worker::State::kBackingOff;
  // Each attempt of either keeps a processor busy.
  facts_[0].cards[0].second.done = 10;
  facts_[0].cards[0].second.busy = facts_[0].cards[0].second.cpu = 10s;
  facts_[1].cards[0].second.done = 10;
  facts_[1].cards[0].second.busy = facts_[1].cards[0].second.cpu = 10s;
  facts_[0].in = {.visible = 100'000, .sent = 100'000};
  facts_[1].in = {.visible = 300, .sent = 300};
  for (int n = 0; n < 6; ++n) look();
  EXPECT_TRUE(decisions_[0].crash_loops);
  EXPECT_EQ(decisions_[0].target, 2);
  EXPECT_EQ(decisions_[1].target, 8);
  EXPECT_THAT(why_front(),
              HasSubstr("budget: the workers' share of the host has cpu for 2 workers"));
  EXPECT_THAT(why_front(), HasSubstr("no program of the stage could be started"));
}

// ---- in words

TEST_F(StewardTest, EveryNumberOfADecisionIsTold) {
  begin();
  facts_[0].in = {.visible = 600, .in_flight = 2, .sent = 600};
  look();
  EXPECT_EQ(why_front(),
            "2 workers, 4 from now on: 21 wanted = 20 needed (min 1, max 20) + 1 spare\n"
            "arrivals: 109 a second (over 5 s 109, over 60 s 9.92) x 1 s an attempt (expected) x 1 "
            "attempts a success / 0.75 = 145.0 workers\n"
            "backlog: 600 waiting, to be gone in 30s = 20.0 workers\n"
            "at hand: 600 waiting + 2 in flight are work for at most 803 workers\n"
            "step: at most twice as many at a time, 4 of 21\n"
            "drain: with so many workers the backlog grows\n"
            "breaker: closed, 0 of the last 0 attempts failed\n"
            "back-pressure: none, 0 wait in middle, whose max_backlog is 100\n");
}

TEST_F(StewardTest, TheFileOfDecisionsIsOneJsonObject) {
  begin();
  const std::string json = to_json(from_micros(5), decisions_, plan_);
  std::vector<std::string> names;
  size_t reasons = 0;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      if (key == "at_us") return v.integer() == 5;
      return v.array([&](wire::JsonValue& stage) {
        return stage.object([&](std::string_view name, wire::JsonValue& value) {
          if (name == "name") names.emplace_back(value.string().value_or("?"));
          if (name == "why")
            return value.array([&](wire::JsonValue& line) {
              ++reasons;
              return line.string().has_value();
            });
          return true;
        });
      });
    });
  });
  ASSERT_TRUE(parsed) << json;
  EXPECT_THAT(names, testing::ElementsAre("front", "back"));
  EXPECT_GE(reasons, 10u);
}

}  // namespace
}  // namespace selvage::supervisor
