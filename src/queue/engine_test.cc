// SPDX-License-Identifier: Apache-2.0
// The rules of one queue and of a hand-over, in virtual time. Set-up reads like the scenario.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class EngineTest : public EngineFixture {
 protected:
  void create_with_dead_letters(const std::string& name, uint32_t attempts) {
    create(name + "-dead");
    ConfigPatch config;
    config.redrive = Redrive{name + "-dead", 1000};
    config.retry = Retry{.attempts = attempts};
    create(name, config);
  }
};

TEST_F(EngineTest, MessagesComeInTheOrderOfSending) {
  create("q");
  for (int i = 0; i < 3; ++i) {
    send("q");
    pass(milliseconds(1));
  }
  const auto got = receive("q", {}, 10);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_LT(got[0].receipt.seq, got[1].receipt.seq);
  EXPECT_LT(got[1].receipt.seq, got[2].receipt.seq);
  expect_counts("q", 0, 3, 0);
}

TEST_F(EngineTest, ExpiredLeaseReturnsMessage) {
  create("q");
  send("q");
  const Receipt first = take("q");
  EXPECT_TRUE(receive("q").empty());
  pass(seconds(30));
  expect_counts("q", 1, 0, 0);
  const auto again = receive("q");
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].message.taken, 2u);
  EXPECT_NE(again[0].receipt.token, first.token);
}

TEST_F(EngineTest, DelayedMessageIsNotReceivedBeforeItsTime) {
  ConfigPatch config;
  config.delay = seconds(5);
  create("q", config);
  send("q");
  expect_counts("q", 0, 0, 1);
  EXPECT_TRUE(receive("q").empty());
  EXPECT_EQ(engine().next_event(), clock_.now() + seconds(5));
  pass(seconds(5));
  EXPECT_EQ(engine().take_woken().size(), 1u);
  expect_counts("q", 1, 0, 0);
}

TEST_F(EngineTest, AnEarlierLeasesReceiptDeletesToo) {
  create("q");
  send("q");
  const Receipt stale = take("q");
  pass(seconds(31));
  const Receipt fresh = take("q");
  EXPECT_TRUE(ask<ItemResults>(Delete{"q", {stale}}).at(0).has_value());
  expect_counts("q", 0, 0, 0);
  EXPECT_TRUE(ask<ItemResults>(Delete{"q", {fresh}}).at(0).has_value());
}

TEST_F(EngineTest, ARevokedOrMadeUpReceiptDeletesNothingAndIsNoError) {
  create("q");
  send("q");
  const SessionId session = open();
  const Receipt revoked = take("q", session);
  die(session);
  Receipt made_up = take("q");
  made_up.token.value ^= uint64_t{1} << 50;
  EXPECT_TRUE(ask<ItemResults>(Delete{"q", {revoked}}).at(0).has_value());
  EXPECT_TRUE(ask<ItemResults>(Delete{"q", {made_up}}).at(0).has_value());
  expect_counts("q", 0, 1, 0);
}

TEST_F(EngineTest, ReceiptOfAnotherQueueIsRefused) {
  create("q");
  create("other");
  send("q");
  EXPECT_EQ(ask<ItemResults>(Delete{"other", {take("q")}}).at(0).error(), Refusal::kForeignReceipt);
}

TEST_F(EngineTest, VisibilityChangeMovesTheEndOfTheLease) {
  create("q");
  send("q");
  const Receipt lease = take("q");
  EXPECT_TRUE(change_visibility("q", lease, seconds(100)).has_value());
  pass(seconds(99));
  EXPECT_TRUE(receive("q").empty());
  EXPECT_EQ(change_visibility("q", lease, hours(12)).error(), Refusal::kLeaseTooLong);
  EXPECT_TRUE(change_visibility("q", lease, Duration{0}).has_value());
  expect_counts("q", 1, 0, 0);
  EXPECT_EQ(change_visibility("q", lease, seconds(1)).error(), Refusal::kNotInFlight);
}

TEST_F(EngineTest, RetentionEndsAMessageWhereverItStands) {
  ConfigPatch config;
  config.retention = seconds(60);
  create("q", config);
  send("q");
  send("q");
  take("q");
  pass(seconds(60));
  expect_counts("q", 0, 0, 0);
  EXPECT_EQ(info("q").totals.expired, 2u);
}

TEST_F(EngineTest, TakenTooOftenGoesToTheDeadLetterQueue) {
  create("dead");
  ConfigPatch config;
  config.redrive = Redrive{"dead", 2};
  create("q", config);
  send("q");
  for (int i = 0; i < 2; ++i) {
    take("q");
    pass(seconds(30));
  }
  EXPECT_TRUE(receive("q").empty());
  expect_counts("q", 0, 0, 0);
  const auto dead = receive("dead");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].message.source, "q");
}

TEST_F(EngineTest, AMissingDeadLetterQueueLosesNothing) {
  ConfigPatch config;
  config.redrive = Redrive{"dead", 1};
  config.retry = Retry{.attempts = 1};
  create("dead");
  create("q", config);
  ask<Done>(DeleteQueue{"dead"});
  send("q");
  const SessionId session = open();
  const Failed result = fail(take("q", session));
  EXPECT_FALSE(result.dead);
  EXPECT_EQ(result.delay, Retry{}.backoff_max);
  pass(result.delay);
  EXPECT_EQ(receive("q", session).size(), 1u);
}

TEST_F(EngineTest, DeathFreesTheMessageAtOnceAndAtTheHead) {
  create("q");
  send("q", "first");
  const SessionId session = open();
  const Receipt lease = take("q", session);
  pass(seconds(1));
  send("q", "second");
  die(session);
  const auto got = receive("q", {}, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].receipt.seq, lease.seq);
  EXPECT_EQ(got[0].message.failed, 1u);
  EXPECT_EQ(got[0].message.freed, clock_.now());
}

TEST_F(EngineTest, TheFirstRedoPassesEvenWhatWasSentBefore) {
  create("q");
  send("q", "older");
  pass(seconds(1));
  send("q", "younger");
  const SessionId alive = open();
  const SessionId dying = open();
  const Receipt older = take("q", alive);
  const Receipt younger = take("q", dying);
  ask<ItemResults>(Return{{{older, Duration{0}}}});
  die(dying);
  EXPECT_EQ(take("q").seq, younger.seq);
}

TEST_F(EngineTest, OnlyTheOldestLeaseOfADeadSessionLosesAnAttempt) {
  create("q");
  for (int i = 0; i < 3; ++i) send("q");
  const SessionId session = open();
  receive("q", session, 3);
  die(session);
  std::vector<uint32_t> failed;
  for (const Delivery& d : receive("q", {}, 3)) failed.push_back(d.message.failed);
  EXPECT_EQ(failed, (std::vector<uint32_t>{1, 0, 0}));
  EXPECT_EQ(info("q").totals.revoked, 3u);
}

TEST_F(EngineTest, AnOrderlyGoodbyeBurnsNothing) {
  create("q");
  send("q");
  const SessionId session = open();
  receive("q", session);
  ask<Done>(CloseSession{.session = session, .generation = 1, .evidence = "", .orderly = true});
  EXPECT_EQ(receive("q").at(0).message.failed, 0u);
  EXPECT_EQ(info("q").totals.revoked, 0u);
}

TEST_F(EngineTest, AnOldConnectionCannotCloseAResumedSession) {
  create("q");
  send("q");
  const SessionId session = open();
  const Receipt lease = take("q", session);
  EXPECT_EQ(ask<Opened>(OpenSession{session, {lease}}).generation, 2u);
  EXPECT_EQ(ask<Refusal>(CloseSession{session, 1, "", false}), Refusal::kNoSession);
  EXPECT_TRUE(hand_over(lease, {}).has_value());
  ask<Done>(CloseSession{session, 2, "", false});
  EXPECT_EQ(ask<Refusal>(OpenSession{session, {}}), Refusal::kNoSession);
}

TEST_F(EngineTest, ALeaseWhoseDeliveryWasLostIsReturnedOnResume) {
  create("q");
  send("q");
  send("q");
  const SessionId session = open();
  const Receipt known = take("q", session);
  take("q", session);
  ask<Opened>(OpenSession{session, {known}});
  expect_counts("q", 1, 1, 0);
  EXPECT_EQ(receive("q").at(0).message.failed, 0u);
  EXPECT_TRUE(hand_over(known, {}).has_value());
}

TEST_F(EngineTest, RevokedLeaseCannotHandOver) {
  create("in");
  create("out");
  send("in");
  const SessionId session = open();
  const Receipt lease = take("in", session);
  die(session);
  EXPECT_EQ(hand_over(lease, {"out"}).error(), Refusal::kLeaseGone);
  expect_counts("in", 1, 0, 0);
  expect_counts("out", 0, 0, 0);
  EXPECT_EQ(ask<Refusal>(
                Receive{.queue = "in", .max = 1, .visibility = {}, .wait = {}, .session = session}),
            Refusal::kNoSession);
}

TEST_F(EngineTest, SessionLeaseThatRanOutIsFencedToo) {
  create("in");
  send("in");
  const Receipt lease = take("in", open());
  pass(seconds(30));
  EXPECT_EQ(hand_over(lease, {}).error(), Refusal::kLeaseGone);
  EXPECT_EQ(info("in").totals.failed, 1u);
  EXPECT_EQ(receive("in").size(), 1u);
}

TEST_F(EngineTest, HandOverMovesTheWorkOnceAndInOneGo) {
  create("in");
  create("out");
  send("in");
  const Receipt lease = take("in", open());
  EXPECT_TRUE(hand_over(lease, {"out", "out"}).has_value());
  int dropped = 0, put = 0;
  for (const Mutation& m : out_) {
    dropped += std::holds_alternative<DropMessage>(m) ? 1 : 0;
    put += std::holds_alternative<PutMessage>(m) ? 1 : 0;
  }
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(put, 2);
  EXPECT_EQ(hand_over(lease, {"out"}).error(), Refusal::kLeaseGone);
  expect_counts("in", 0, 0, 0);
  expect_counts("out", 2, 0, 0);
  EXPECT_EQ(info("in").totals.handed_over, 1u);
}

TEST_F(EngineTest, HandOverToABadTargetLeavesTheInputWithItsHolder) {
  create("in");
  ConfigPatch small;
  small.max_message_bytes = 1024;
  create("out", small);
  send("in");
  const Receipt lease = take("in", open());
  EXPECT_EQ(hand_over(lease, {"nowhere"}).error(), Refusal::kNoSuchQueue);
  EXPECT_EQ(hand_over(lease, {"out", "out"}, 2000).error(), Refusal::kTooLarge);
  EXPECT_TRUE(out_.empty());
  expect_counts("in", 0, 1, 0);
  EXPECT_TRUE(hand_over(lease, {"out"}).has_value());
}

TEST_F(EngineTest, FirstRedoIsImmediateAndLaterOnesBackOff) {
  create_with_dead_letters("q", 10);
  send("q");
  const SessionId session = open();
  EXPECT_EQ(fail(take("q", session)).delay, Duration{0});
  Duration last{0};
  for (int n = 2; n < 10; ++n) {
    const Failed result = fail(take("q", session));
    ASSERT_FALSE(result.dead);
    const Duration full = std::min<Duration>(milliseconds(200) * (1 << (n - 2)), seconds(30));
    EXPECT_GE(result.delay, full / 2) << n;
    EXPECT_LE(result.delay, full) << n;
    last = result.delay;
    EXPECT_TRUE(receive("q", session).empty());
    pass(result.delay);
  }
  EXPECT_GT(last, seconds(10));
  EXPECT_TRUE(fail(take("q", session)).dead);
}

TEST_F(EngineTest, LastFailureDeadLettersWithAllEvidence) {
  create_with_dead_letters("q", 2);
  send("q");
  const SessionId session = open();
  fail(take("q", session));
  ASSERT_TRUE(std::holds_alternative<AddEvidence>(out_.back()));
  const Failed last = fail(take("q", session));
  EXPECT_TRUE(last.dead);
  bool moved = false;
  for (const Mutation& m : out_)
    if (const auto* move = std::get_if<MovePayload>(&m)) moved = move->has_evidence;
  EXPECT_TRUE(moved);
  const auto& evidence = std::get<AddEvidence>(out_.back());
  EXPECT_EQ(engine().name_of(evidence.queue), "q-dead");
  const auto dead = receive("q-dead");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_TRUE(dead[0].message.has_evidence);
  EXPECT_EQ(dead[0].message.source, "q");
}

TEST_F(EngineTest, PoisonGoesStraightToTheDeadLetters) {
  create_with_dead_letters("q", 5);
  send("q");
  EXPECT_TRUE(fail(take("q", open()), true).dead);
  expect_counts("q-dead", 1, 0, 0);
}

TEST_F(EngineTest, ReturnBurnsNothing) {
  create("q");
  send("q");
  const SessionId session = open();
  for (int i = 0; i < 20; ++i) {
    const Receipt lease = take("q", session);
    EXPECT_TRUE(ask<ItemResults>(Return{{{lease, Duration{0}}}}).at(0).has_value());
    EXPECT_EQ(ask<ItemResults>(Return{{{lease, Duration{0}}}}).at(0).error(), Refusal::kLeaseGone);
  }
  const auto got = receive("q", session);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].message.taken, 1u);
  EXPECT_EQ(got[0].message.failed, 0u);
}

TEST_F(EngineTest, CreateQueueIsIdempotentUnlessAGivenAttributeDiffers) {
  ConfigPatch config;
  config.delay = seconds(3);
  create("q", config);
  create("q");
  config.delay = seconds(4);
  EXPECT_EQ(ask<QueueConflict>(CreateQueue{"q", config}).existing.config.delay, seconds(3));
}

TEST_F(EngineTest, DeletedQueueTakesItsMessagesAndItsIdWithIt) {
  create("q");
  send("q");
  const Receipt lease = take("q", open());
  ask<Done>(DeleteQueue{"q"});
  EXPECT_EQ(ask<Refusal>(GetQueue{"q"}), Refusal::kNoSuchQueue);
  create("q");
  EXPECT_EQ(ask<ItemResults>(Delete{"q", {lease}}).at(0).error(), Refusal::kForeignReceipt);
  EXPECT_EQ(hand_over(lease, {}).error(), Refusal::kLeaseGone);
}

TEST_F(EngineTest, ListQueuesPagesByName) {
  for (const char* name : {"b1", "a1", "a2", "a3"}) create(name);
  const auto page = ask<std::vector<QueueInfo>>(ListQueues{.prefix = "a", .after = "a1", .max = 1});
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].name, "a2");
  EXPECT_EQ(ask<std::vector<QueueInfo>>(ListQueues{.prefix = "", .after = "a3"}).at(0).name, "b1");
}

TEST_F(EngineTest, ReadingCountersWritesNothing) {
  create("q");
  send("q");
  flush();
  info("q");
  Mutations flushed;
  engine().flush(flushed);
  EXPECT_TRUE(flushed.empty());
}

TEST_F(EngineTest, AnArtifactIsReleasedWithTheLastMessageThatNamesIt) {
  create("in");
  Send command{.queue = "in", .messages = {}};
  const ArtifactId artifact = Uuid::from_random(1, 2);
  command.messages.push_back({.payload = "p", .size = 1, .delay = {}, .artifact = artifact});
  ask<std::vector<OrRefusal<Sent>>>(std::move(command));
  EXPECT_EQ(journal_.references(artifact), 1);
  EXPECT_TRUE(hand_over(take("in", open()), {}).has_value());
  bool released = false;
  for (const Mutation& m : out_)
    if (const auto* const drop = std::get_if<DropPayload>(&m))
      released |= drop->artifact == artifact;
  EXPECT_TRUE(released);
  EXPECT_EQ(journal_.references(artifact), 0);
}

}  // namespace
}  // namespace selvage::queue
