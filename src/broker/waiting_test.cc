// SPDX-License-Identifier: Apache-2.0
// Long polls, and what moves within one commit, over the reference store.
#include "broker/shard_fixture.h"

namespace selvage::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class WaitingTest : public ShardTest {
 protected:
  void create_fifo(const std::string& name) {
    queue::ConfigPatch config;
    config.fifo = true;
    create(name, config);
  }
  void create_with_dead_letters(const std::string& name, const std::string& dead) {
    queue::ConfigPatch config;
    config.redrive = queue::Redrive{dead, 1000};
    config.retry = queue::Retry{.attempts = 1};
    create(name, config);
  }
  void send_in_group(const std::string& queue, const std::string& group) {
    queue::Send command{.queue = queue, .messages = {}};
    command.messages.push_back({.payload = "x",
                                .size = 1,
                                .delay = {},
                                .artifact = {},
                                .group = group,
                                .deduplication_id = std::to_string(++sent_)});
    ask<std::vector<OrRefusal<queue::Sent>>>(std::move(command));
  }
  Ticket poll_several(const std::string& first, std::vector<std::string> others) {
    return start(queue::Receive{.queue = first,
                                .max = 1,
                                .visibility = {},
                                .wait = seconds(20),
                                .session = {},
                                .attempt = {},
                                .then_from = std::move(others)});
  }
  int sent_ = 0;
};

TEST_F(WaitingTest, APollForSeveralQueuesWakesForEachOfThem) {
  for (const char* name : {"a", "b", "c"}) create(name);
  for (const char* name : {"a", "b", "c"}) {
    const Ticket waiting = poll_several("a", {"b", "c"});
    EXPECT_FALSE(answered(waiting));
    send(name, name);
    const auto got = answer<std::vector<Delivery>>(waiting);
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].queue, name);
    EXPECT_EQ(got[0].payload, name);
  }
}

TEST_F(WaitingTest, APollForSeveralQueuesIsAnsweredOnceAndLeavesEveryLine) {
  create("a");
  create("b");
  const Ticket waiting = poll_several("a", {"b", "b"});
  send("a", "x");
  EXPECT_TRUE(answered(waiting));
  send("b", "y");
  EXPECT_EQ(receive("b").size(), 1u);
}

TEST_F(WaitingTest, ACancelledPollForSeveralQueuesTakesNothing) {
  create("a");
  create("b");
  const Ticket waiting = poll_several("a", {"b"});
  shard_->cancel(waiting);
  send("b", "y");
  EXPECT_FALSE(answered(waiting));
  EXPECT_EQ(receive("b").size(), 1u);
}

TEST_F(WaitingTest, DeletingAnyOfItsQueuesAnswersAPollAtOnce) {
  create("a");
  create("b");
  const Ticket waiting = poll_several("a", {"b"});
  ask<queue::Done>(queue::DeleteQueue{"b"});
  EXPECT_EQ(answer<queue::Refusal>(waiting), queue::Refusal::kNoSuchQueue);
  EXPECT_EQ(shard_->next_event(), kNever);
}

TEST_F(WaitingTest, WhoWaitsLongestIsServedFirst) {
  create("a");
  const Ticket first = poll("a", seconds(20));
  const Ticket second = poll("a", seconds(10));
  send("a", "x");
  EXPECT_TRUE(answered(first));
  EXPECT_FALSE(answered(second));
  pass(seconds(10));
  EXPECT_TRUE(answer<std::vector<Delivery>>(second).empty());
}

TEST_F(WaitingTest, APollWakesWhenItsFifoGroupBecomesFree) {
  create_fifo("q.fifo");
  send_in_group("q.fifo", "a");
  send_in_group("q.fifo", "a");
  const auto head = receive("q.fifo").at(0).receipt;
  const Ticket waiting = poll("q.fifo", seconds(20));
  EXPECT_FALSE(answered(waiting));
  start(queue::Delete{"q.fifo", {head}});
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

TEST_F(WaitingTest, APollWakesWhenTheFifoLeaseRunsOut) {
  create_fifo("q.fifo");
  send_in_group("q.fifo", "a");
  receive("q.fifo");
  const Ticket waiting = poll("q.fifo", seconds(40));
  pass(seconds(30));
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

TEST_F(WaitingTest, APollWakesWhenADelayEnds) {
  queue::ConfigPatch config;
  config.delay = seconds(5);
  create("q", config);
  send("q", "x");
  const Ticket waiting = poll("q", seconds(20));
  EXPECT_EQ(shard_->next_event(), clock_.now() + seconds(5));
  pass(seconds(5));
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

TEST_F(WaitingTest, APollWakesForWhatAMoveTaskBrings) {
  create("dead");
  create_with_dead_letters("q", "dead");
  send("q", "x");
  fail(receive("q", open().session).at(0).receipt, "why");
  const Ticket waiting = poll("q", seconds(20));
  ask<queue::MoveTask>(queue::StartMove{"dead", "", 0});
  const auto got = answer<std::vector<Delivery>>(waiting);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, "x");
  EXPECT_EQ(got[0].evidence, std::vector<std::string>{"why"});
}

TEST_F(WaitingTest, APollOfAFullQueueWaitsAndOthersAreToldAtOnce) {
  create("q");
  queue::Send crowd{.queue = "q", .messages = std::vector<queue::NewMessage>(queue::kMaxInFlight)};
  ask<std::vector<OrRefusal<queue::Sent>>>(std::move(crowd));
  for (size_t taken = 0; taken < queue::kMaxInFlight;) {
    const auto some = ask<std::vector<Delivery>>(queue::Receive{
        .queue = "q", .max = 1000, .visibility = {}, .wait = Duration{0}, .session = {}});
    ASSERT_FALSE(some.empty());
    taken += some.size();
  }
  EXPECT_EQ(answer<queue::Refusal>(poll("q", Duration{0})), queue::Refusal::kOverLimit);
  const Ticket waiting = poll("q", seconds(20));
  EXPECT_FALSE(answered(waiting));
  send("q", "one more");
  EXPECT_FALSE(answered(waiting));
  ask<queue::Done>(queue::PurgeQueue{"q"});
  send("q", "another");
  EXPECT_EQ(answer<std::vector<Delivery>>(waiting).size(), 1u);
}

// The lease of a session runs out, which kills its message, and in the same moment a move task
// takes it from the dead letters: its body and evidence move twice in one batch.
TEST_F(WaitingTest, AMessageThatMovesTwiceInOneCommitKeepsBodyAndEvidence) {
  create("dead");
  create("other");
  create_with_dead_letters("q", "dead");
  const SessionId session = open().session;
  for (const char* body : {"first", "spare"}) {
    send("q", body);
    fail(receive("q", session).at(0).receipt, "why");
  }
  send("q", "second");
  ask<std::vector<Delivery>>(queue::Receive{
      .queue = "q", .max = 1, .visibility = seconds(1), .wait = Duration{0}, .session = session});
  ask<queue::MoveTask>(queue::StartMove{"dead", "other", 1});
  start(queue::Delete{"dead", {receive("dead").at(0).receipt}});
  pass(seconds(1));
  std::map<std::string, std::vector<std::string>> found;
  for (int i = 0; i < 2; ++i)
    for (const Delivery& d : receive("other")) found[d.payload] = d.evidence;
  EXPECT_EQ(found["first"], std::vector<std::string>{"why"});
  EXPECT_EQ(found["second"],
            std::vector<std::string>{R"({"cause":"lease ran out","signature":"lease ran out"})"});
  EXPECT_EQ(records(store::Table::kBody), 2u);
  EXPECT_EQ(records(store::Table::kEvidence), 2u);
}

TEST_F(WaitingTest, TheSameReceiveFindsASpentMessageInTheDeadLetters) {
  create("dead");
  queue::ConfigPatch config;
  config.redrive = queue::Redrive{"dead", 1};
  create("q", config);
  send("q", "x");
  receive("q");
  pass(seconds(30));
  const auto got = answer<std::vector<Delivery>>(poll_several("q", {"dead"}));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].queue, "dead");
  EXPECT_EQ(got[0].payload, "x");
}

TEST_F(WaitingTest, NobodyIsShownAMessageWhoseBodyWentInTheSameTurn) {
  create("q");
  send("q", "x");
  queue::Reply reply;
  ASSERT_TRUE(shard_
                  ->submit(
                      1000, queue::Peek{"q", {}, {}, {}, 10},
                      [&](queue::Reply r) { reply = std::move(r); }, clock_.now())
                  .has_value());
  start(queue::PurgeQueue{"q"});
  EXPECT_TRUE(std::get<queue::Peeked>(reply).messages.empty());
}

TEST_F(WaitingTest, DeduplicationTasksAndTagsSurviveARestart) {
  create_fifo("q.fifo");
  create("dead");
  create_with_dead_letters("q", "dead");
  for (int i = 0; i < 3; ++i) {
    send("q", std::to_string(i));
    fail(receive("q", open().session).at(0).receipt, "");
  }
  ask<queue::Done>(queue::EditTags{"q", {{"k", "v"}}, {}});
  ask<queue::MoveTask>(queue::StartMove{"dead", "", 1});
  send_in_group("q.fifo", "a");
  --sent_;
  restart();
  send_in_group("q.fifo", "a");
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q.fifo"}).visible, 1u);
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q"}).tags.at("k"), "v");
  for (int i = 0; i < 5; ++i) pass(seconds(1));
  const auto tasks = ask<std::vector<queue::MoveTask>>(queue::ListMoves{"dead", 10});
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].moved, 3u);
  EXPECT_EQ(tasks[0].status, queue::MoveTask::Status::kCompleted);
  pass(minutes(5));
  EXPECT_EQ(records(store::Table::kMeta), 4u) << "three queues and a task";
}

// ---- receives that end with nothing

TEST_F(WaitingTest, AnEmptyReceiveIsCountedOnceHoweverLongItWaited) {
  create("q");
  const auto empty = [&] {
    return ask<queue::QueueInfo>(queue::GetQueue{"q"}).totals.empty_receives;
  };
  EXPECT_TRUE(receive("q").empty());
  EXPECT_EQ(empty(), 1u);
  poll("q", seconds(10));
  pass(seconds(5));
  EXPECT_EQ(empty(), 1u) << "it still waits";
  pass(seconds(5));
  EXPECT_EQ(empty(), 2u);
  poll("q", seconds(10));
  send("q", "x");
  EXPECT_EQ(empty(), 2u) << "a message came";
}

TEST_F(WaitingTest, AnEmptyReceiveWritesNothing) {
  create("q");
  const size_t before = records(store::Table::kMeta);
  EXPECT_TRUE(receive("q").empty());
  EXPECT_EQ(records(store::Table::kMeta), before);
  restart();
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q"}).totals.empty_receives, 0u);
}

TEST_F(WaitingTest, TheCountOfEmptyReceivesIsKeptWithTheNextChange) {
  create("q");
  EXPECT_TRUE(receive("q").empty());
  send("q", "x");
  restart();
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q"}).totals.empty_receives, 1u);
}

TEST_F(WaitingTest, WhenWaitsEndEveryPollIsAnsweredAndNoLeaseRunsOut) {
  create("q");
  create("other");
  send("q", "x");
  ASSERT_EQ(receive("q").size(), 1u);
  const Ticket first = poll("q", seconds(10));
  const Ticket second = poll("other", seconds(20));
  shard_->end_waits(kNever);
  settle();
  EXPECT_TRUE(answer<std::vector<Delivery>>(first).empty());
  EXPECT_TRUE(answer<std::vector<Delivery>>(second).empty());
  EXPECT_EQ(ask<queue::QueueInfo>(queue::GetQueue{"q"}).in_flight, 1u);
}

TEST_F(WaitingTest, AQueueKnowsHowOldItsOldestMessageIs) {
  create("q");
  const auto oldest = [&] { return ask<queue::QueueInfo>(queue::GetQueue{"q"}).oldest; };
  EXPECT_EQ(oldest(), kNever);
  const Instant sent = clock_.now();
  send("q", "a");
  pass(seconds(5));
  send("q", "b");
  EXPECT_EQ(oldest(), sent);
  const auto got = receive("q");
  EXPECT_EQ(oldest(), sent) << "in flight, it may come back";
  ask<queue::ItemResults>(queue::Delete{"q", {got.at(0).receipt}});
  EXPECT_EQ(oldest(), sent + seconds(5));
}

}  // namespace
}  // namespace selvage::broker
