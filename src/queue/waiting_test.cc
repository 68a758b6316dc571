// SPDX-License-Identifier: Apache-2.0
// Looking at messages, cancelling and rescheduling those nobody holds, long delays, several queues.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class WaitingTest : public EngineFixture {
 protected:
  Bodies bodies(const Peeked& page) {
    Bodies found;
    for (const Delivery& d : page.messages)
      found.push_back(journal_.payload(d.receipt.queue, d.receipt.seq));
    return found;
  }
  Bodies peek(const std::string& queue, std::optional<MessageState> state = {}) {
    return bodies(ask<Peeked>(Peek{queue, state, {}, {}, 100}));
  }
  OrRefusal<Done> cancel(const std::string& queue, MessageId id) {
    return ask<ItemResults>(Cancel{queue, {id}}).at(0);
  }
  OrRefusal<Done> reschedule(const std::string& queue, MessageId id, std::optional<Duration> delay,
                             const std::string& to = "") {
    return ask<ItemResults>(Reschedule{queue, {{id, delay, to}}}).at(0);
  }
  // A dead letter, which keeps its id and stands elsewhere than that says.
  MessageId kill() {
    create("dead");
    for (int i = 0; i < 3; ++i) send("dead", "filler" + std::to_string(i));
    ConfigPatch config;
    config.redrive = Redrive{"dead", 1000};
    create("q", config);
    const Sent sent = send("q", "killed");
    EXPECT_TRUE(fail(take("q", open()), true).dead);
    return sent.id;
  }
};

TEST_F(WaitingTest, PeekShowsEachStateAndChangesNothing) {
  create("q");
  send("q", "held");
  take("q");
  send("q", "visible");
  send_later("q", "delayed", seconds(60));
  const Totals before = info("q").totals;
  EXPECT_THAT(peek("q"), ElementsAre("held", "visible", "delayed"));
  EXPECT_THAT(peek("q", MessageState::kInFlight), ElementsAre("held"));
  EXPECT_THAT(peek("q", MessageState::kVisible), ElementsAre("visible"));
  EXPECT_THAT(peek("q", MessageState::kDelayed), ElementsAre("delayed"));
  EXPECT_EQ(info("q").totals, before);
  expect_counts("q", 1, 1, 1);
}

TEST_F(WaitingTest, WhatIsPeekedCannotBeDeletedByIt) {
  create("q");
  send("q", "x");
  const auto page = ask<Peeked>(Peek{"q", {}, {}, {}, 1});
  EXPECT_FALSE(static_cast<bool>(page.messages.at(0).receipt.token));
  remove("q", page.messages.at(0).receipt);
  expect_counts("q", 1, 0, 0);
}

TEST_F(WaitingTest, PeekFindsAMessageByIdWhereverItStands) {
  const MessageId killed = kill();
  const auto page = ask<Peeked>(Peek{"dead", {}, killed, {}, 10});
  EXPECT_THAT(bodies(page), ElementsAre("killed"));
  EXPECT_THAT(bodies(ask<Peeked>(Peek{"q", {}, killed, {}, 10})), IsEmpty());
}

TEST_F(WaitingTest, PagesGoOnThoughMessagesComeAndGo) {
  create("q");
  for (int i = 0; i < 6; ++i) {
    send("q", std::to_string(i));
    pass(milliseconds(1));
  }
  Peeked page = ask<Peeked>(Peek{"q", {}, {}, {}, 2});
  EXPECT_THAT(bodies(page), ElementsAre("0", "1"));
  const Receipt first = take("q");
  const Receipt second = take("q");
  remove("q", first);
  remove("q", second);
  remove("q", take("q"));
  send("q", "6");
  page = ask<Peeked>(Peek{"q", {}, {}, page.next, 3});
  EXPECT_THAT(bodies(page), ElementsAre("3", "4", "5"));
  page = ask<Peeked>(Peek{"q", {}, {}, page.next, 3});
  EXPECT_THAT(bodies(page), ElementsAre("6"));
  EXPECT_FALSE(page.next.has_value());
}

TEST_F(WaitingTest, ALastPageThatIsJustFullHasNoNext) {
  create("q");
  send("q", "0");
  send_later("q", "1", seconds(9));
  EXPECT_FALSE(ask<Peeked>(Peek{"q", {}, {}, {}, 2}).next.has_value());
  EXPECT_FALSE(ask<Peeked>(Peek{"q", MessageState::kVisible, {}, {}, 1}).next.has_value());
}

TEST_F(WaitingTest, WhatNobodyHoldsCanBeCancelled) {
  create("q");
  const Sent visible = send("q", "visible");
  const Sent delayed = send_later("q", "delayed", minutes(1));
  EXPECT_TRUE(cancel("q", delayed.id).has_value());
  EXPECT_TRUE(cancel("q", visible.id).has_value());
  EXPECT_EQ(cancel("q", visible.id).error(), Refusal::kNoMessage);
  expect_counts("q", 0, 0, 0);
  EXPECT_EQ(info("q").totals.deleted, 2u);
}

TEST_F(WaitingTest, WhatSomebodyHoldsIsLeftToThem) {
  create("q");
  const Sent sent = send("q", "x");
  const Receipt lease = take("q");
  EXPECT_EQ(cancel("q", sent.id).error(), Refusal::kHeld);
  EXPECT_EQ(reschedule("q", sent.id, seconds(1)).error(), Refusal::kHeld);
  EXPECT_TRUE(remove("q", lease).has_value());
}

TEST_F(WaitingTest, ADeadLetterIsCancelledAndMovedByItsOldId) {
  const MessageId killed = kill();
  EXPECT_TRUE(reschedule("dead", killed, {}, "q").has_value());
  EXPECT_THAT(get("q"), ElementsAre("killed"));
  pass(seconds(30));
  EXPECT_TRUE(cancel("q", killed).has_value());
  expect_counts("q", 0, 0, 0);
  expect_counts("dead", 3, 0, 0);
}

TEST_F(WaitingTest, AMessageThatComesBackToWhereItDiedIsNoDeadLetterAnyMore) {
  const MessageId killed = kill();
  get("dead");
  pass(days(3));
  EXPECT_TRUE(reschedule("dead", killed, {}, "q").has_value());
  pass(days(2));  // of a retention of four
  const Delivery back = ask<std::vector<Delivery>>(Receive{.queue = "q"}).at(0);
  EXPECT_EQ(back.message.id, killed);
  EXPECT_EQ(back.message.source, "");
  EXPECT_EQ(back.message.taken, 1u) << "what was received as a dead letter does not count here";
  EXPECT_EQ(back.message.taken_before, 2u);
  EXPECT_EQ(back.message.failed, 0u);
  EXPECT_EQ(journal_.evidence_of(back.receipt.queue, back.receipt.seq).size(), 1u);
}

TEST_F(WaitingTest, AFifoDeadLetterThatIsMovedIsRetainedAnewAndStandsBehind) {
  create_fifo("old.fifo");
  create_fifo("new.fifo");
  const Sent first = send("old.fifo", "g", "first");
  pass(days(3));
  send("new.fifo", "g", "second");
  EXPECT_TRUE(reschedule("old.fifo", first.id, {}, "new.fifo").has_value());
  pass(days(2));
  EXPECT_THAT(peek("new.fifo"), ElementsAre("second", "first"));
}

// ---- edit

TEST_F(WaitingTest, AnEditedMessageIsTheSameInAllButItsPayload) {
  create("q");
  const Sent sent = send_later("q", "old", minutes(1));
  const Message before = ask<Peeked>(Peek{"q", {}, sent.id, {}, 1}).messages.at(0).message;
  ask<Done>(Edit{"q", sent.id, "the new one", 11});
  Message after = ask<Peeked>(Peek{"q", {}, sent.id, {}, 1}).messages.at(0).message;
  EXPECT_EQ(after.size, 11u);
  after.size = before.size;
  EXPECT_EQ(after, before);
  pass(minutes(1));
  EXPECT_THAT(get("q"), ElementsAre("the new one"));
}

TEST_F(WaitingTest, ADeadLetterIsEditedAndKeepsItsEvidence) {
  const MessageId killed = kill();
  ask<Done>(Edit{"dead", killed, "mended", 6});
  EXPECT_THAT(peek("dead"), ElementsAre("filler0", "filler1", "filler2", "mended"));
  const Delivery seen = ask<Peeked>(Peek{"dead", {}, killed, {}, 1}).messages.at(0);
  EXPECT_EQ(journal_.evidence_of(seen.receipt.queue, seen.receipt.seq).size(), 1u);
  EXPECT_EQ(seen.message.source, "q");
}

TEST_F(WaitingTest, AMessageThatWasGivenBackIsEditedWhereItStands) {
  create("q");
  const Sent first = send("q", "first");
  send("q", "second");
  ask<ItemResults>(Return{{{take("q", open()), Duration{0}}}});
  ask<Done>(Edit{"q", first.id, "1st", 3});
  EXPECT_THAT(peek("q"), ElementsAre("1st", "second"));
}

TEST_F(WaitingTest, AnEditedFifoMessageKeepsItsPlaceInItsGroup) {
  create_fifo("q.fifo");
  send("q.fifo", "g", "1");
  const Sent second = send("q.fifo", "g", "2");
  send("q.fifo", "g", "3");
  pass(minutes(1));
  ask<Done>(Edit{"q.fifo", second.id, "two", 3});
  EXPECT_THAT(peek("q.fifo"), ElementsAre("1", "two", "3"));
}

TEST_F(WaitingTest, WhatCannotBeEditedStaysAsItIs) {
  ConfigPatch config;
  config.max_message_bytes = 1024;
  create("q", config);
  const Sent sent = send("q", "x");
  EXPECT_EQ(refusal(Edit{"none", sent.id, "y", 1}), Refusal::kNoSuchQueue);
  EXPECT_EQ(refusal(Edit{"q", Uuid::from_random(5, 1), "y", 1}), Refusal::kNoMessage);
  EXPECT_EQ(refusal(Edit{"q", sent.id, "y", 1025}), Refusal::kTooLarge);
  EXPECT_THAT(peek("q"), ElementsAre("x"));
  take("q");
  EXPECT_EQ(refusal(Edit{"q", sent.id, "y", 1}), Refusal::kHeld);
  EXPECT_THAT(peek("q"), ElementsAre("x"));
}

TEST_F(WaitingTest, AnIdThatWasNeverGivenIsNotFound) {
  create("q");
  send("q", "x");
  EXPECT_EQ(cancel("q", Uuid::from_random(5, 1)).error(), Refusal::kNoMessage);
  EXPECT_EQ(reschedule("q", {}, seconds(1)).error(), Refusal::kNoMessage);
}

TEST_F(WaitingTest, AMessageIsPutOffAndBroughtForward) {
  create("q");
  const Sent sent = send("q", "x");
  EXPECT_TRUE(reschedule("q", sent.id, hours(1)).has_value());
  expect_counts("q", 0, 0, 1);
  EXPECT_EQ(engine().next_event(), clock_.now() + hours(1));
  engine().take_woken();
  EXPECT_TRUE(reschedule("q", sent.id, Duration{0}).has_value());
  EXPECT_TRUE(wakes("q"));
  EXPECT_THAT(get("q"), ElementsAre("x"));
}

TEST_F(WaitingTest, AMessageGoesToAnotherQueueAndWakesIt) {
  create("q");
  create("other");
  const Sent sent = send_later("q", "x", minutes(1));
  EXPECT_TRUE(reschedule("q", sent.id, {}, "other").has_value());
  expect_counts("q", 0, 0, 0);
  expect_counts("other", 0, 0, 1);
  engine().take_woken();
  pass(minutes(1));
  EXPECT_TRUE(wakes("other"));
  EXPECT_THAT(get("other"), ElementsAre("x"));
}

TEST_F(WaitingTest, AFifoQueuesDelayCountsForWhatIsMovedThereToo) {
  ConfigPatch slow;
  slow.delay = seconds(10);
  ConfigPatch slower;
  slower.delay = seconds(60);
  create_fifo("slow", slow);
  create_fifo("slower", slower);
  create_fifo("quick");
  const Sent first = send("slow", "a", "first");
  const Sent second = send("slow", "b", "second");
  EXPECT_TRUE(reschedule("slow", first.id, {}, "quick"));
  EXPECT_TRUE(reschedule("slow", second.id, {}, "slower"));
  expect_counts("quick", 1, 0, 0);
  expect_a_restart_changes_nothing();
  EXPECT_THAT(get("quick"), ElementsAre("first"));
  pass(seconds(59));
  expect_counts("slower", 0, 0, 1);
  expect_a_restart_changes_nothing();
  pass(seconds(1));
  EXPECT_THAT(get("slower"), ElementsAre("second"));
}

TEST_F(WaitingTest, WhereItCannotGoItStays) {
  create("q");
  create_fifo("q.fifo");
  ConfigPatch small;
  small.max_message_bytes = 3;
  create("small", small);
  const Sent sent = send("q", "four");
  EXPECT_EQ(reschedule("q", sent.id, {}, "none").error(), Refusal::kNoDestination);
  EXPECT_EQ(reschedule("q", sent.id, {}, "q.fifo").error(), Refusal::kDeadLetterKind);
  EXPECT_EQ(reschedule("q", sent.id, {}, "small").error(), Refusal::kTooLarge);
  expect_counts("q", 1, 0, 0);
}

TEST_F(WaitingTest, ADelayOfAYearOutlivesTheRetention) {
  create("q");
  send_later("q", "next year", days(365));
  pass(days(365) - seconds(1));
  expect_counts("q", 0, 0, 1);
  pass(seconds(1));
  expect_counts("q", 1, 0, 0);
  pass(days(4) - seconds(1));
  expect_counts("q", 1, 0, 0);
  pass(seconds(1));
  expect_counts("q", 0, 0, 0);
  EXPECT_EQ(info("q").totals.expired, 1u);
}

TEST_F(WaitingTest, AnAmazonDelayCountsToTheRetention) {
  ConfigPatch config;
  config.retention = minutes(20);
  create("q", config);
  send_later("q", "x", minutes(15));
  pass(minutes(20));
  expect_counts("q", 0, 0, 0);
}

TEST_F(WaitingTest, APutOffMessageIsRetainedFromItsNewTime) {
  create("q");
  const Sent sent = send("q", "x");
  reschedule("q", sent.id, days(30));
  pass(days(30));
  EXPECT_THAT(get("q"), ElementsAre("x"));
}

TEST_F(WaitingTest, ALongDelaySurvivesARestart) {
  create("q");
  send_later("q", "x", days(100));
  restart();
  pass(days(99));
  expect_counts("q", 0, 0, 1);
  pass(days(1));
  EXPECT_THAT(get("q"), ElementsAre("x"));
}

TEST_F(WaitingTest, SeveralQueuesAreReceivedFromInTheOrderGiven) {
  create("first");
  create("second");
  create("third");
  for (const char* body : {"3a", "3b"}) send("third", body);
  send("first", "1");
  Receive command = a_receive("first", 2);
  command.then_from = {"second", "third"};
  const auto got = receive(command);
  EXPECT_EQ(bodies_of(got), (Bodies{"1", "3a"}));
  EXPECT_EQ(got.at(1).queue, "third");
  EXPECT_TRUE(remove("third", got.at(1).receipt).has_value());
  expect_counts("third", 1, 0, 0);
}

TEST_F(WaitingTest, OneMissingQueueAmongSeveralIsNoticedBeforeAnythingIsTaken) {
  create("first");
  send("first", "1");
  Receive command = a_receive("first");
  command.then_from = {"none"};
  EXPECT_EQ(refusal(command), Refusal::kNoSuchQueue);
  expect_counts("first", 1, 0, 0);
}

TEST_F(WaitingTest, AQueueNamedTwiceGivesItsMessagesOnce) {
  create("q");
  send("q", "x");
  Receive command = a_receive("q", 10);
  command.then_from = {"q"};
  EXPECT_EQ(receive(command).size(), 1u);
}

}  // namespace
}  // namespace selvage::queue
