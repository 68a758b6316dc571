// SPDX-License-Identifier: Apache-2.0
// Fair queues: how soon a quiet tenant's message comes beside a noisy one's.
#include "queue/fair_line.h"

#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

// A line of which one message at a time is taken, as a consumer does.
class FairLineTest : public ::testing::Test {
 protected:
  void add(const std::string& group) {
    Message message;
    message.group = group;
    message.vest = now_ += microseconds(1);
    const Seq seq{++last_};
    line_.add(seq, message);
    messages_[seq] = message;
  }
  void add_many(const std::string& group, int count) {
    for (int i = 0; i < count; ++i) add(group);
  }
  std::string take() {
    const auto seq = line_.first();
    if (!seq) return "(nothing)";
    const Message message = messages_.at(*seq);
    line_.charge(message);
    EXPECT_TRUE(line_.remove(*seq, message));
    messages_.erase(*seq);
    if (messages_.size() < 1000) line_.audit();
    return message.group;
  }
  // How many are taken until one of the group comes, that one included.
  int takes_until(const std::string& group) {
    for (int taken = 1; taken < 200'000; ++taken)
      if (take() == group) return taken;
    return -1;
  }

  FairLine line_;
  std::map<Seq, Message> messages_;
  Instant now_ = from_micros(1);
  uint64_t last_ = 0;
};

TEST_F(FairLineTest, WithoutGroupsTheOrderIsThatOfVesting) {
  add_many("", 3);
  EXPECT_EQ(line_.first(), Seq{1});
  take();
  EXPECT_EQ(line_.first(), Seq{2});
  line_.audit();
}

TEST_F(FairLineTest, AQuietTenantsMessageIsNextWhateverTheBacklogOfANoisyOne) {
  add_many("noisy", 100'000);
  for (int i = 0; i < 50; ++i) take();
  for (int round = 0; round < 20; ++round) {
    add("quiet");
    EXPECT_EQ(takes_until("quiet"), 1);
    for (int i = 0; i < 7; ++i) EXPECT_EQ(take(), "noisy");
  }
}

TEST_F(FairLineTest, NineQuietTenantsComeWithinTenBesideABacklogOfAHundredThousand) {
  add_many("noisy", 100'000);
  for (int round = 0; round < 100; ++round) {
    for (int tenant = 0; tenant < 9; ++tenant) add("quiet" + std::to_string(tenant));
    std::map<std::string, int> got;
    for (int i = 0; i < 10; ++i) ++got[take()];
    EXPECT_EQ(got.size(), 10u) << "each tenant once";
  }
}

TEST_F(FairLineTest, TenantsWithBacklogsTakeTurns) {
  for (const char* group : {"a", "b", "c"}) add_many(group, 100);
  std::map<std::string, int> got;
  for (int i = 0; i < 150; ++i) ++got[take()];
  for (const auto& [group, count] : got) EXPECT_NEAR(count, 50, 1) << group;
}

TEST_F(FairLineTest, ATenantThatRestedHasNoCredit) {
  add_many("a", 1000);
  add_many("b", 1);
  takes_until("b");
  for (int i = 0; i < 500; ++i) take();
  add_many("b", 400);
  std::map<std::string, int> got;
  for (int i = 0; i < 100; ++i) ++got[take()];
  EXPECT_NEAR(got["b"], 50, 1);
}

TEST_F(FairLineTest, ATenantCannotGainByComingWithOneMessageAtATime) {
  add_many("steady", 1000);
  std::map<std::string, int> got;
  for (int i = 0; i < 300; ++i) {
    add("sly");
    ++got[take()];
    if (got["sly"] + got["steady"] != i + 1) break;
  }
  EXPECT_LE(got["sly"], 200);
  EXPECT_GE(got["steady"], 100);
}

TEST_F(FairLineTest, UngroupedMessagesNeitherStarveNorStarveOthers) {
  add_many("", 10'000);
  add_many("a", 10'000);
  add_many("b", 10'000);
  std::map<std::string, int> got;
  for (int i = 0; i < 1000; ++i) ++got[take()];
  EXPECT_NEAR(got[""], 800, 10) << "eight turns for one of each group";
  EXPECT_NEAR(got["a"], 100, 5);
  EXPECT_NEAR(got["b"], 100, 5);
}

TEST_F(FairLineTest, ABacklogsTurnComesThoughNewTenantsKeepArriving) {
  add_many("backlog", 100);
  int fresh = 0;
  for (int i = 0; i < 10; ++i) add("tenant" + std::to_string(++fresh));
  int backlog = 0;
  for (int i = 0; i < 2000; ++i) {
    add("tenant" + std::to_string(++fresh));
    backlog += take() == "backlog" ? 1 : 0;
  }
  EXPECT_GE(backlog, 20);
}

TEST_F(FairLineTest, WhatADeadWorkerLeftComesBeforeEverybodyElse) {
  for (int i = 0; i < 100; ++i) add("tenant" + std::to_string(i));
  add_many("", 10);
  Message freed;
  freed.group = "tenant7";
  freed.vest = Instant{};
  line_.add(Seq{1000}, freed);
  messages_[Seq{1000}] = freed;
  EXPECT_TRUE(line_.contains(Seq{1000}, freed));
  EXPECT_EQ(line_.first(), Seq{1000});
  EXPECT_EQ(line_.size(), 111u);
  EXPECT_EQ(take(), "tenant7");
  EXPECT_EQ(take(), "tenant0");
}

TEST_F(FairLineTest, TenantsThatAreGoneAreForgotten) {
  for (int i = 0; i < 100'000; ++i) {
    add("tenant" + std::to_string(i));
    take();
    ASSERT_EQ(line_.files(), 0u);
  }
}

TEST_F(FairLineTest, TenantsThatAreGoneAreForgottenThoughTheLineIsNeverEmpty) {
  for (int i = 0; i < 50; ++i) add("early" + std::to_string(i));
  for (int i = 0; i < 30'000; ++i) {
    add("tenant" + std::to_string(i));
    take();
    ASSERT_LE(line_.files(), FairLine::kMaxResting + 51);
  }
}

using FairQueueTest = EngineFixture;

TEST_F(FairQueueTest, AGroupOnAStandardQueueHoldsNothingBack) {
  create("q");
  for (int i = 1; i <= 3; ++i)
    send_message("q", {.payload = std::to_string(i), .delay = {}, .artifact = {}, .group = "a"});
  EXPECT_THAT(get("q", 1), ElementsAre("1"));
  EXPECT_THAT(get("q", 1), ElementsAre("2"));
  EXPECT_THAT(get("q", 1), ElementsAre("3"));
}

TEST_F(FairQueueTest, OneReceiveServesSeveralTenants) {
  create("q");
  for (const char* body : {"a1", "a2", "a3", "b1"})
    send_message("q", {.payload = body, .delay = {}, .artifact = {}, .group = {body[0]}});
  EXPECT_THAT(get("q", 3), ElementsAre("a1", "b1", "a2"));
}

TEST_F(FairQueueTest, ATenantKeepsItsTurnOverFailureDelayAndRestart) {
  create("q");
  for (int i = 0; i < 20; ++i)
    send_message("q", {.payload = "noisy", .delay = {}, .artifact = {}, .group = "noisy"});
  send_message("q", {.payload = "quiet", .delay = seconds(5), .artifact = {}, .group = "quiet"});
  EXPECT_EQ(get("q", 2), (Bodies{"noisy", "noisy"}));
  restart();
  pass(seconds(5));
  const auto first = receive("q", {}, 2);
  EXPECT_THAT(bodies_of(first), ::testing::Contains("quiet"));
}

TEST_F(FairQueueTest, ADeadWorkersMessageOfAGroupComesFirst) {
  create("q");
  for (const char* body : {"a1", "b1", "c1", "a2"})
    send_message("q", {.payload = body, .delay = {}, .artifact = {}, .group = {body[0]}});
  const SessionId session = open();
  receive("q", session, 2);
  die(session);
  EXPECT_THAT(get("q", 1), ElementsAre("a1"));
}

}  // namespace
}  // namespace selvage::queue
