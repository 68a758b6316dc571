// SPDX-License-Identifier: Apache-2.0
// A shard over the reference store, in virtual time. Opening a second shard on the same store is
// what a restart of the broker is.
#include "broker/shard.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::broker {
namespace {

using queue::Delivery;
using queue::OrRefusal;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-shard-XXXXXX";
    root_ = mkdtemp(pattern.data());
    artifacts_.emplace(artifact::Artifacts::open(root_).value());
    restart();
  }
  ~ShardTest() override { artifact::remove_tree(root_); }

  void restart() {
    shard_ = Shard::open({}, {store_, &*artifacts_, random_}, clock_.now()).value();
  }
  Ticket start(queue::Command command) {
    const Ticket ticket = ++last_ticket_;
    EXPECT_TRUE(shard_
                    ->submit(
                        ticket, std::move(command),
                        [this, ticket](queue::Reply r) { replies_[ticket] = std::move(r); },
                        clock_.now())
                    .has_value());
    settle();
    return ticket;
  }
  void settle() {
    ASSERT_TRUE(shard_->tick(clock_.now()).has_value());
    auto turn = shard_->commit();
    ASSERT_TRUE(turn.has_value());
    for (Answer& a : turn->answers) a.done(std::move(a.reply));
    for (const ArtifactId id : turn->released) artifacts_->release(id);
    shard_->engine().audit(clock_.now());
  }
  void pass(Duration d) {
    clock_.advance(d);
    settle();
  }
  template <typename R>
  R ask(queue::Command command) {
    return answer<R>(start(std::move(command)));
  }
  bool answered(Ticket ticket) const { return replies_.contains(ticket); }
  template <typename R>
  R answer(Ticket ticket) {
    if (!answered(ticket) || !std::holds_alternative<R>(replies_[ticket])) {
      ADD_FAILURE() << "no such answer";
      return {};
    }
    return std::get<R>(replies_[ticket]);
  }
  void create(const std::string& name, queue::ConfigPatch config = {}) {
    ask<queue::QueueInfo>(queue::CreateQueue{name, std::move(config)});
  }
  void send(const std::string& queue, const std::string& body, ArtifactId artifact = {}) {
    queue::Send command{.queue = queue, .messages = {}};
    command.messages.push_back({.payload = body, .size = 1, .delay = {}, .artifact = artifact});
    ask<std::vector<OrRefusal<queue::Sent>>>(std::move(command));
  }
  Ticket poll(const std::string& queue, Duration wait, SessionId session = {}) {
    return start(queue::Receive{
        .queue = queue, .max = 1, .visibility = {}, .wait = wait, .session = session});
  }
  std::vector<Delivery> receive(const std::string& queue, SessionId session = {}) {
    return answer<std::vector<Delivery>>(poll(queue, Duration{0}, session));
  }
  queue::Opened open(SessionId resume = {}, std::vector<queue::Receipt> holding = {}) {
    return ask<queue::Opened>(queue::OpenSession{resume, std::move(holding)});
  }
  queue::Failed fail(const queue::Receipt& receipt, const std::string& evidence) {
    queue::Fail command;
    command.items.push_back({receipt, clock_.now(), evidence, false});
    return ask<std::vector<OrRefusal<queue::Failed>>>(std::move(command)).at(0).value();
  }
  size_t records(store::Table table) {
    size_t count = 0;
    const auto [first, last] = store::shard_range({});
    EXPECT_TRUE(store_.scan(table, first, last, [&](auto, auto) { return ++count > 0; }));
    return count;
  }

  std::string root_;
  std::optional<artifact::Artifacts> artifacts_;
  ManualClock clock_;
  SeededRandom random_{11};
  store::MemoryStore store_;
  std::unique_ptr<Shard> shard_;
  Ticket last_ticket_ = 0;
  std::map<Ticket, queue::Reply> replies_;
};

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
  for (const auto table : {store::Table::kState, store::Table::kBody, store::Table::kEvidence})
    EXPECT_EQ(records(table), 0u);
  send("q", "b");
  ask<queue::Done>(queue::DeleteQueue{"q"});
  for (const auto table : {store::Table::kMeta, store::Table::kState, store::Table::kBody})
    EXPECT_EQ(records(table), 0u);
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
