// SPDX-License-Identifier: Apache-2.0
#include "broker/shard_fixture.h"

namespace selvage::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(ShardTest, AMessageSurvivesARestartWithItsBodyAndLease) {
  create("q");
  send("q", "hello");
  send("q", "leased");
  const auto got = receive("q");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, "hello");
  restart();
  const auto info = ask<queue::QueueInfo>(queue::GetQueue{"q"});
  EXPECT_EQ(info.visible, 1u);
  EXPECT_EQ(info.in_flight, 1u);
  EXPECT_EQ(info.totals.sent, 2u);
  EXPECT_EQ(receive("q").at(0).payload, "leased");
  ask<queue::ItemResults>(queue::Delete{"q", {got[0].receipt}});
  restart();
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q"}).in_flight, 1u);
}

TEST_F(ShardTest, NothingIsLeftInTheStoreOfWhatWasDeleted) {
  create("q");
  send("q", "a");
  const SessionId session = open().session;
  fail(receive("q", session).at(0).receipt, "first");
  EXPECT_EQ(records(store::Table::kEvidence), 1u);
  ask<queue::ItemResults>(queue::Delete{"q", {receive("q").at(0).receipt}});
  for (const auto table :
       {store::Table::kWaiting, store::Table::kHeld, store::Table::kBody, store::Table::kEvidence})
    EXPECT_EQ(records(table), 0u);
  send("q", "b");
  ask<queue::Done>(queue::DeleteQueue{"q"});
  for (const auto table :
       {store::Table::kMeta, store::Table::kWaiting, store::Table::kHeld, store::Table::kBody})
    EXPECT_EQ(records(table), 0u);
}

TEST_F(ShardTest, AStaleOwnerAnswersNobodyNotEvenWhoOnlyReads) {
  create("q");
  send("q", "x");
  const auto former = std::move(shard_);
  restart();
  const auto got = receive("q");
  // The former owner knows of no lease and would have nothing to delete.
  ASSERT_TRUE(former
                  ->submit(
                      1000, queue::Delete{"q", {got.at(0).receipt}}, [](queue::Reply) { FAIL(); },
                      clock_.now())
                  .has_value());
  ASSERT_TRUE(former->tick(clock_.now()).has_value());
  const auto turn = former->commit();
  ASSERT_FALSE(turn.has_value());
  EXPECT_EQ(turn.error().code, ErrorCode::kGiveUp);
}

TEST_F(ShardTest, LongPollIsAnsweredByTheNextMessage) {
  create("q");
  const Ticket first = poll("q", seconds(20));
  const Ticket second = poll("q", seconds(20));
  EXPECT_FALSE(answered(first));
  send("q", "x");
  EXPECT_EQ(answer<std::vector<Delivery>>(first).at(0).payload, "x");
  EXPECT_FALSE(answered(second));
  pass(seconds(20));
  EXPECT_TRUE(answer<std::vector<Delivery>>(second).empty());
}

TEST_F(ShardTest, LongPollWakesWhenADelayOrALeaseEnds) {
  create("q");
  send("q", "x");
  receive("q");
  const Ticket waiting = poll("q", seconds(60));
  EXPECT_EQ(shard_->next_event(), clock_.now() + seconds(30));
  pass(seconds(30));
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

TEST_F(ShardTest, CancelledPollTakesNoMessage) {
  create("q");
  const Ticket gone = poll("q", seconds(20));
  shard_->cancel(gone);
  send("q", "x");
  EXPECT_FALSE(answered(gone));
  EXPECT_EQ(receive("q").size(), 1u);
}

TEST_F(ShardTest, DeletingAQueueAnswersItsWaitersInTime) {
  create("q");
  const Ticket waiting = poll("q", seconds(1));
  ask<queue::Done>(queue::DeleteQueue{"q"});
  pass(seconds(1));
  EXPECT_EQ(answer<queue::Refusal>(waiting), queue::Refusal::kNoSuchQueue);
}

TEST_F(ShardTest, DeathOfASessionHandsItsMessageToWhoWaits) {
  create("q");
  send("q", "x");
  const queue::Opened worker = open();
  receive("q", worker.session);
  const Ticket idle_worker = poll("q", seconds(20), open().session);
  const Ticket own_poll = poll("q", seconds(20), worker.session);
  start(queue::CloseSession{worker.session, worker.generation, "died", false});
  const auto rescued = answer<std::vector<Delivery>>(idle_worker);
  ASSERT_EQ(rescued.size(), 1u);
  EXPECT_EQ(rescued[0].evidence, std::vector<std::string>{"died"});
  EXPECT_EQ(answer<queue::Refusal>(own_poll), queue::Refusal::kNoSession);
}

TEST_F(ShardTest, TheEndOfAnOldConnectionLeavesAResumedSessionAlone) {
  create("q");
  const queue::Opened before = open();
  open(before.session);
  const Ticket waiting = poll("q", seconds(20), before.session);
  start(queue::CloseSession{before.session, before.generation, "old connection", false});
  EXPECT_FALSE(answered(waiting));
  send("q", "x");
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

TEST_F(ShardTest, SessionThatComesBackAfterARestartKeepsItsLease) {
  create("in");
  create("out");
  send("in", "x");
  const SessionId session = open().session;
  const auto receipt = receive("in", session).at(0).receipt;
  restart();
  pass(seconds(4));
  EXPECT_EQ(open(session, {receipt}).session, session);
  pass(seconds(4));
  queue::HandOver hand_over;
  hand_over.items.push_back({.receipt = receipt, .outputs = {}});
  hand_over.items[0].outputs.push_back(
      {"out", {.payload = "y", .size = 1, .delay = {}, .artifact = {}}});
  EXPECT_TRUE(ask<queue::ItemResults>(std::move(hand_over)).at(0).has_value());
  EXPECT_EQ(receive("out").at(0).payload, "y");
}

TEST_F(ShardTest, SessionThatDoesNotComeBackLosesItsLeaseAfterTheGrace) {
  create("q");
  send("q", "x");
  const SessionId session = open().session;
  receive("q", session);
  restart();
  EXPECT_EQ(shard_->next_event(), clock_.now() + seconds(5));
  pass(seconds(5));
  EXPECT_EQ(receive("q").size(), 1u);
  EXPECT_EQ(ask<queue::Refusal>(queue::OpenSession{session, {}}), queue::Refusal::kNoSession);
}

TEST_F(ShardTest, DeadLetterKeepsBodyAndEveryEvidence) {
  create("dead");
  queue::ConfigPatch config;
  config.redrive = queue::Redrive{"dead", 1000};
  config.retry = queue::Retry{.attempts = 3, .backoff_min = milliseconds(1)};
  create("q", config);
  send("q", "poison");
  const SessionId session = open().session;
  for (const char* evidence : {"one", "two", "three"}) {
    pass(seconds(1));
    fail(receive("q", session).at(0).receipt, evidence);
  }
  restart();
  const auto dead = receive("dead").at(0);
  EXPECT_EQ(dead.payload, "poison");
  EXPECT_EQ(dead.message.source, "q");
  EXPECT_EQ(dead.evidence, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(records(store::Table::kBody), 1u);
}

TEST_F(ShardTest, ArtifactIsKeptByTheHandOverAndReleasedAfterTheNext) {
  create("a");
  create("b");
  send("a", "x");
  const SessionId session = open().session;
  fs::create_directories(root_ + "/out");
  std::ofstream(root_ + "/out/file") << "z";
  const ArtifactId artifact = artifacts_->stage(root_ + "/out", random_).value();
  queue::HandOver hand_over;
  hand_over.items.push_back({.receipt = receive("a", session).at(0).receipt, .outputs = {}});
  hand_over.items[0].outputs.push_back(
      {"b", {.payload = "y", .size = 1, .delay = {}, .artifact = artifact}});
  EXPECT_TRUE(ask<queue::ItemResults>(std::move(hand_over)).at(0).has_value());
  restart();
  const auto got = receive("b", session.value ? open().session : session).at(0);
  EXPECT_EQ(got.message.artifact, artifact);
  EXPECT_TRUE(fs::exists(artifacts_->path(artifact) + "/file"));
  queue::HandOver end;
  end.items.push_back({.receipt = got.receipt, .outputs = {}});
  EXPECT_TRUE(ask<queue::ItemResults>(std::move(end)).at(0).has_value());
  EXPECT_FALSE(fs::exists(artifacts_->path(artifact)));
}

TEST_F(ShardTest, HandOverWithAMissingArtifactIsRefusedAndLosesNothing) {
  create("a");
  create("b");
  send("a", "x");
  queue::HandOver hand_over;
  hand_over.items.push_back({.receipt = receive("a", open().session).at(0).receipt, .outputs = {}});
  hand_over.items[0].outputs.push_back(
      {"b", {.payload = "y", .size = 1, .delay = {}, .artifact = Uuid::from_random(1, 1)}});
  EXPECT_EQ(ask<queue::ItemResults>(std::move(hand_over)).at(0).error(),
            queue::Refusal::kNoArtifact);
  EXPECT_TRUE(receive("b").empty());
}

}  // namespace
}  // namespace selvage::broker
