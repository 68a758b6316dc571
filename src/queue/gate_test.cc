// SPDX-License-Identifier: Apache-2.0
// A gate lets so many messages be in flight, for a while; and attempts that kill their workers.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GateTest : public EngineFixture {
 protected:
  void set_gate(const std::string& queue, uint32_t most, Duration lasts) {
    SetQueue set{queue, {}};
    set.gate = {most, lasts};
    ask<Done>(std::move(set));
  }
  void fill() {
    create("q");
    for (const char* body : {"a", "b", "c"}) send("q", body);
  }
};

TEST_F(GateTest, AShutQueueGivesNothingUntilItsTime) {
  fill();
  set_gate("q", 0, seconds(10));
  EXPECT_THAT(get("q"), IsEmpty());
  expect_counts("q", 3, 0, 0);
  EXPECT_EQ(engine().next_event(), clock_.now() + seconds(10));
  pass(seconds(10) - milliseconds(1));
  EXPECT_THAT(get("q"), IsEmpty());
  pass(milliseconds(1));
  EXPECT_THAT(get("q"), ElementsAre("a", "b", "c"));
}

TEST_F(GateTest, WhoWaitsIsWokenWhenItOpens) {
  fill();
  set_gate("q", 0, seconds(10));
  engine().take_woken();
  send("q", "d");
  EXPECT_THAT(engine().take_woken(), IsEmpty());
  pass(seconds(10));
  EXPECT_EQ(engine().take_woken().size(), 1u);
}

TEST_F(GateTest, AProbeIsOneMessageAtATime) {
  fill();
  set_gate("q", 1, minutes(1));
  const auto probe = receive("q", {}, 10);
  EXPECT_THAT(bodies_of(probe), ElementsAre("a"));
  EXPECT_THAT(get("q"), IsEmpty());
  remove("q", probe.at(0).receipt);
  EXPECT_THAT(get("q"), ElementsAre("b"));
}

TEST_F(GateTest, WhatIsInFlightAlreadyStaysWithItsHolder) {
  fill();
  const Receipt held = take("q");
  take("q");
  set_gate("q", 1, minutes(1));
  remove("q", held);
  EXPECT_THAT(get("q"), IsEmpty());
  expect_counts("q", 1, 1, 0);
}

TEST_F(GateTest, IsOpenedBeforeItsTime) {
  fill();
  set_gate("q", 0, minutes(1));
  set_gate("q", 0, Duration{0});
  EXPECT_THAT(get("q"), ElementsAre("a", "b", "c"));
}

TEST_F(GateTest, TakesSendsAndDeletesAsEver) {
  fill();
  const Receipt held = take("q");
  set_gate("q", 0, minutes(1));
  send("q", "d");
  EXPECT_TRUE(remove("q", held));
  expect_counts("q", 3, 0, 0);
}

TEST_F(GateTest, IsNoChangeThatAmazonShows) {
  create("q");
  const Instant before = info("q").modified;
  pass(seconds(5));
  set_gate("q", 0, minutes(1));
  EXPECT_EQ(info("q").modified, before);
  EXPECT_EQ(info("q").config.gate, (Gate{0, clock_.now() + minutes(1)}));
}

TEST_F(GateTest, AFifoQueueHasOneToo) {
  create_fifo("q.fifo");
  send("q.fifo", "g", "a");
  send("q.fifo", "h", "b");
  set_gate("q.fifo", 1, seconds(10));
  EXPECT_THAT(get("q.fifo"), ElementsAre("a"));
  EXPECT_THAT(get("q.fifo"), IsEmpty());
  pass(seconds(10));
  EXPECT_THAT(get("q.fifo"), ElementsAre("b"));
}

// ---- deaths

class DeathsTest : public EngineFixture {
 protected:
  DeathsTest() {
    create("dead");
    ConfigPatch config;
    config.redrive = Redrive{"dead", 1000};
    config.retry = Retry{.attempts = 1000, .deaths = 3};
    create("q", config);
    send("q", "x");
  }
  Failed fail_alive(const Receipt& receipt) { return fail(receipt); }
  Failed fail_dying(const Receipt& receipt) {
    Fail command;
    command.items.push_back({receipt, clock_.now(), R"({"signal":9})", false, true});
    return ask<std::vector<OrRefusal<Failed>>>(std::move(command)).at(0).value_or(Failed{});
  }
};

TEST_F(DeathsTest, AMessageThatKillsItsWorkersIsADeadLetterWhateverItsAttempts) {
  EXPECT_FALSE(fail_dying(take("q")).dead);
  die([&] {
    const SessionId session = open();
    take("q", session);
    return session;
  }());
  live(minutes(1));
  EXPECT_TRUE(fail_dying(take("q")).dead);
  EXPECT_THAT(get("dead"), ElementsAre("x"));
}

TEST_F(DeathsTest, OrdinaryFailuresAreNoDeaths) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(fail_alive(take("q")).dead) << i;
    live(minutes(1));
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(fail_dying(take("q")).dead) << i;
    live(minutes(1));
  }
  EXPECT_FALSE(fail_alive(take("q")).dead);
  expect_counts("dead", 0, 0, 0);
}

TEST_F(DeathsTest, ADeadLetterBeginsToCountAnew) {
  for (int i = 0; i < 3; ++i) {
    fail_dying(take("q"));
    live(minutes(1));
  }
  const auto got = receive("dead");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].message.deaths, 0u);
}

}  // namespace
}  // namespace selvage::queue
