// SPDX-License-Identifier: Apache-2.0
// Message move tasks, in virtual time.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Status = MoveTask::Status;

class MovesTest : public EngineFixture {
 protected:
  MovesTest() {
    create("dead");
    create("other");
    create_with_dead_letters("q");
    create_with_dead_letters("r");
  }
  void create_with_dead_letters(const std::string& name, const std::string& dead = "dead") {
    ConfigPatch config;
    config.fifo = info(dead).config.fifo.has_value();
    config.redrive = Redrive{dead, 1000};
    create(name, config);
  }
  // Sends and kills, with evidence.
  void kill(const std::string& queue, const std::string& body) {
    if (info(queue).config.fifo)
      send(queue, "a", body);
    else
      send(queue, body);
    EXPECT_TRUE(fail(take(queue, open()), true).dead);
  }
  void kill_many(const std::string& queue, int count) {
    for (int i = 0; i < count; ++i) kill(queue, std::to_string(i));
  }
  MoveTask start(const std::string& destination = "", uint32_t rate = 0) {
    return ask<MoveTask>(StartMove{"dead", destination, rate});
  }
  MoveTask latest(const std::string& source = "dead") {
    const auto tasks = ask<std::vector<MoveTask>>(ListMoves{source, 1});
    return tasks.empty() ? MoveTask{} : tasks[0];
  }
};

TEST_F(MovesTest, MessagesGoBackToWhereTheyCameFrom) {
  kill("q", "from q");
  kill("r", "from r");
  const MoveTask task = start();
  EXPECT_EQ(task.to_move, 2u);
  EXPECT_EQ(task.status, Status::kRunning);
  live(seconds(1));
  EXPECT_THAT(get("q"), ElementsAre("from q"));
  EXPECT_THAT(get("r"), ElementsAre("from r"));
  EXPECT_EQ(latest().status, Status::kCompleted);
  EXPECT_EQ(latest().moved, 2u);
  expect_counts("dead", 0, 0, 0);
}

TEST_F(MovesTest, AMovedMessageIsANewOne) {
  kill("q", "x");
  const MessageId dead = take("dead").queue
                             ? ask<Peeked>(Peek{"dead", {}, {}, {}, 1}).messages.at(0).message.id
                             : MessageId{};
  pass(minutes(1));
  start();
  live(seconds(1));
  const Message back = receive("q").at(0).message;
  EXPECT_NE(back.id, dead);
  EXPECT_EQ(back.taken, 1u);
  EXPECT_EQ(back.failed, 0u);
  EXPECT_EQ(back.source, "");
  EXPECT_GE(back.retained_from, clock_.now() - seconds(1));
  EXPECT_TRUE(back.has_evidence) << "what is known of its death stays with it";
}

TEST_F(MovesTest, MessagesGoWhereTheTaskSays) {
  kill("q", "from q");
  kill("r", "from r");
  start("other");
  live(seconds(1));
  EXPECT_THAT(get("other"), ElementsAre("from q", "from r"));
  expect_counts("q", 0, 0, 0);
}

TEST_F(MovesTest, EachStepWakesWhoWaitsForIt) {
  kill("q", "x");
  start();
  engine().take_woken();
  EXPECT_EQ(engine().next_event(), clock_.now());
  pass(Duration{0});
  EXPECT_TRUE(wakes("q"));
}

TEST_F(MovesTest, TheRateIsKept) {
  kill_many("q", 60);
  for (const uint32_t rate : {1u, 7u, 33u}) {
    start("other", rate);
    const uint64_t before = info("other").visible;
    live(seconds(1) - milliseconds(1));
    const uint64_t moved = info("other").visible - before;
    EXPECT_LE(moved, rate + 1) << rate;
    EXPECT_GE(moved + 1, rate) << rate;
    ask<MoveTask>(CancelMove{latest().id, latest().source});
    pass(seconds(1));
  }
}

TEST_F(MovesTest, TheHighestRateIsReached) {
  kill_many("q", 600);
  start("other", 500);
  live(seconds(1) - milliseconds(1));
  EXPECT_EQ(latest().moved, 500u);
}

TEST_F(MovesTest, WithoutARateItStillMovesABoundedNumberAtATime) {
  kill_many("q", 150);
  start();
  pass(Duration{0});
  EXPECT_EQ(latest().moved, 100u);
  live(seconds(1));
  EXPECT_EQ(latest().moved, 150u);
}

TEST_F(MovesTest, OnlyWhatWasThereAtTheStartIsMoved) {
  kill_many("q", 2);
  start("other", 1);
  kill_many("q", 5);
  live(minutes(1));
  EXPECT_EQ(latest().status, Status::kCompleted);
  EXPECT_EQ(latest().moved, 2u);
  expect_counts("dead", 5, 0, 0);
}

TEST_F(MovesTest, ACancelledTaskMovesNoMoreAndTakesNothingBack) {
  kill_many("q", 5);
  const MoveTask task = start("other", 1);
  live(milliseconds(1500));
  const MoveTask cancelled = ask<MoveTask>(CancelMove{task.id, task.source});
  EXPECT_EQ(cancelled.status, Status::kCancelled);
  EXPECT_EQ(cancelled.moved, 2u);
  live(minutes(1));
  expect_counts("other", 2, 0, 0);
  expect_counts("dead", 3, 0, 0);
  EXPECT_EQ(refusal(CancelMove{task.id, task.source}), Refusal::kMoveTaskEnded);
  EXPECT_EQ(refusal(CancelMove{{123}, task.source}), Refusal::kNoMoveTask);
}

TEST_F(MovesTest, AMessageWithoutAKnownSourceFailsTheTaskAndStays) {
  send("dead", "sent here by hand");
  start();
  live(seconds(1));
  EXPECT_EQ(latest().status, Status::kFailed);
  EXPECT_EQ(latest().failure, "CouldNotDetermineMessageSource");
  expect_counts("dead", 1, 0, 0);
}

TEST_F(MovesTest, ADeletedDestinationFailsTheTaskAndLosesNothing) {
  kill_many("q", 3);
  start("other", 1);
  pass(Duration{0});
  ask<Done>(DeleteQueue{"other"});
  live(seconds(10));
  EXPECT_EQ(latest().status, Status::kFailed);
  EXPECT_EQ(latest().failure, "AWS.SimpleQueueService.NonExistentQueue");
  expect_counts("dead", 2, 0, 0);
}

TEST_F(MovesTest, TheRulesOfStartingAreKept) {
  create_fifo("other.fifo");
  EXPECT_EQ(refusal(StartMove{"none", "", 0}), Refusal::kNoSuchQueue);
  EXPECT_EQ(refusal(StartMove{"q", "", 0}), Refusal::kNotADeadLetterQueue);
  EXPECT_EQ(refusal(StartMove{"dead", "none", 0}), Refusal::kNoDestination);
  EXPECT_EQ(refusal(StartMove{"dead", "other.fifo", 0}), Refusal::kDeadLetterKind);
  kill_many("q", 2);
  start("other", 1);
  EXPECT_EQ(refusal(StartMove{"dead", "", 0}), Refusal::kMoveTaskRunning);
}

TEST_F(MovesTest, AnEmptySourceIsDoneAtOnce) {
  EXPECT_EQ(start().to_move, 0u);
  pass(Duration{0});
  EXPECT_EQ(latest().status, Status::kCompleted);
}

TEST_F(MovesTest, ItGoesOnAfterARestartWhereItStood) {
  kill_many("q", 10);
  const MoveTask task = start("other", 1);
  live(milliseconds(3500));
  EXPECT_EQ(latest().moved, 4u);
  restart();
  EXPECT_EQ(latest().moved, 4u);
  EXPECT_EQ(latest().id, task.id);
  live(minutes(1));
  EXPECT_EQ(latest().status, Status::kCompleted);
  EXPECT_EQ(latest().moved, 10u);
  EXPECT_THAT(get("other"), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_F(MovesTest, TenAreRememberedLatestFirst) {
  std::vector<MoveTaskId> started;
  for (int i = 0; i < 12; ++i) {
    started.push_back(start().id);
    live(seconds(1));
  }
  const auto known = ask<std::vector<MoveTask>>(ListMoves{"dead", 100});
  ASSERT_EQ(known.size(), 10u);
  EXPECT_EQ(known.front().id, started.back());
  EXPECT_EQ(known.back().id, started[2]);
  EXPECT_EQ(journal_.moves(), 10u);
}

TEST_F(MovesTest, DeletingTheSourceEndsItsTasks) {
  kill_many("q", 5);
  start("other", 1);
  ask<Done>(DeleteQueue{"dead"});
  EXPECT_EQ(journal_.moves(), 0u);
  live(minutes(1));
  EXPECT_EQ(refusal(ListMoves{"dead", 1}), Refusal::kNoSuchQueue);
}

TEST_F(MovesTest, FifoMessagesKeepTheirGroupAndOrder) {
  create_fifo("dead.fifo");
  create_with_dead_letters("q.fifo", "dead.fifo");
  kill_many("q.fifo", 3);
  ask<MoveTask>(StartMove{"dead.fifo", "", 0});
  live(seconds(1));
  EXPECT_EQ(latest("dead.fifo").status, Status::kCompleted);
  const auto back = receive("q.fifo", {}, 10);
  EXPECT_EQ(bodies_of(back), (Bodies{"0", "1", "2"}));
  EXPECT_EQ(back.at(0).message.group, "a");
}

TEST_F(MovesTest, AFifoMessageInHandIsNotMovedPast) {
  create_fifo("dead.fifo");
  create_with_dead_letters("q.fifo", "dead.fifo");
  kill_many("q.fifo", 3);
  take("dead.fifo");
  ask<MoveTask>(StartMove{"dead.fifo", "", 0});
  live(seconds(1));
  EXPECT_THAT(get("q.fifo"), IsEmpty());
  expect_counts("dead.fifo", 2, 1, 0);
}

TEST_F(MovesTest, AMessageInHandIsNotTaken) {
  kill_many("q", 2);
  take("dead");
  EXPECT_EQ(start().to_move, 1u);
  live(seconds(1));
  EXPECT_EQ(latest().moved, 1u);
  expect_counts("dead", 0, 1, 0);
}

TEST_F(MovesTest, TwoTasksPassAMessageOnAtTheSameMoment) {
  create("last");
  ConfigPatch config;
  config.redrive = Redrive{"last", 1000};
  ask<Done>(SetQueue{"dead", config});
  create_with_dead_letters("s", "last");
  send("last", "further");
  kill("q", "x");
  ask<MoveTask>(StartMove{"last", "dead", 0});
  start("other");
  live(seconds(1));
  EXPECT_EQ(get("other").size() + get("dead").size(), 2u);
}

}  // namespace
}  // namespace selvage::queue
