// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queue/message_id.h"
#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::store {

// How a failing test shows one.
static void PrintTo(const Finding& finding, std::ostream* out) {
  *out << finding.where << ": " << finding.what;
}

namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr ShardIndex kShard{0};
constexpr QueueId kQueue{3};
constexpr Instant kNow = from_micros(1'700'000'000'000'000);
constexpr Duration kMinute = std::chrono::minutes(1);

auto finding(const std::string& where, const std::string& what) {
  return AllOf(Field(&Finding::where, HasSubstr(where)), Field(&Finding::what, HasSubstr(what)),
               Field(&Finding::todo, HasSubstr(" ")));
}

// A store with one queue, `orders`, that a test fills and spoils.
class Inspection : public testing::Test {
 protected:
  Inspection() : epoch_(store_.claim(kShard).value()) {
    record_.id = kQueue;
    record_.name = "orders";
  }

  void put(Table table, std::string key, std::optional<std::string> value) {
    ASSERT_TRUE(store_.apply(kShard, epoch_, {{}, {{table, std::move(key), std::move(value)}}}));
  }
  void put_queue() { put(Table::kMeta, queue_key(kShard, record_.id), encode(record_)); }
  static queue::Message message(uint64_t seq) {
    queue::Message m;
    m.id = queue::make_message_id({seq}, seq);
    m.sent = m.vest = m.retained_from = kNow - kMinute * static_cast<int>(seq);
    return m;
  }
  static queue::Message leased(uint64_t seq) {
    queue::Message m = message(seq);
    m.leased_at = kNow - kMinute;
    m.vest = kNow + kMinute;
    m.leased = true;
    m.taken = 1;
    m.token = {7};
    m.session = {9};
    return m;
  }
  // Where it stands when it waits, and then where its payload says.
  static queue::Place place(const queue::Message& m) {
    return {m.vest > kNow ? queue::kDelayedLane : queue::lane_of(m.group), m.vest};
  }
  static queue::Place home(const queue::Message& m) { return {queue::lane_of(m.group), m.vest}; }

  void put_message(uint64_t seq, const queue::Message& m, const queue::Place& at) {
    put(table_of(at), message_key(kShard, kQueue, at, {seq}), encode(m));
  }
  void put_payload(uint64_t seq, const queue::Place& at, std::string_view payload = "payload") {
    put(Table::kBody, payload_key(kShard, kQueue, {seq}), encode_payload(at, payload));
  }
  // A message as a send leaves it behind, and what happened to it later.
  void send(uint64_t seq, const queue::Message& m, const queue::Place& at) {
    put_message(seq, m, at);
    put_payload(seq, home(m));
    record_.last_seq = {std::max(record_.last_seq.value, seq)};
    ++record_.totals.sent;
    if (at.is_delayed()) ++record_.extent.delayed;
    if (at.lane < queue::kVisibleLanes) {
      ++record_.extent.visible;
      record_.extent.lanes.set(at.lane);
    }
    put_queue();
  }
  void send(uint64_t seq, const queue::Message& m) { send(seq, m, place(m)); }
  void send(uint64_t seq) { send(seq, message(seq)); }
  void hold(uint64_t seq, const queue::Message& m) { send(seq, m, queue::kHeldPlace); }
  void put_alias(MessageId id, uint64_t seq) {
    put(Table::kIndex, alias_key(kShard, kQueue, id), encode(Seq{seq}));
  }
  void put_reference(uint64_t seq, ArtifactId artifact) {
    put(Table::kIndex, artifact_key(kShard, kQueue, {seq}), encode(artifact));
  }

  Census inspect() {
    const auto is_payload = [](std::string_view payload) { return payload == "payload"; };
    return store::inspect(store_, {kNow, is_payload});
  }

  MemoryStore store_;
  uint64_t epoch_;
  queue::QueueRecord record_;
};

TEST_F(Inspection, AnEmptyStoreIsSound) {
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_THAT(census.queues, IsEmpty());
}

TEST_F(Inspection, CountsWhatIsThere) {
  send(1);
  send(2);
  hold(3, leased(3));
  queue::Message delayed = message(4);
  delayed.vest = kNow + kMinute;
  send(4, delayed);
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  ASSERT_EQ(census.queues.size(), 1u);
  const QueueCensus& queue = census.queues[0];
  EXPECT_EQ(queue.name, "orders");
  EXPECT_EQ(std::tuple(queue.visible, queue.in_flight, queue.delayed), std::tuple(2u, 1u, 1u));
  EXPECT_EQ(queue.oldest, message(4).sent);
  EXPECT_EQ(queue.payload_bytes, 4 * std::string_view("payload").size());
  EXPECT_EQ(census.messages, 4u);
  EXPECT_EQ(census.session_leases, 1u);
  EXPECT_THAT(census.sessions, ElementsAre(SessionId{9}));
}

TEST_F(Inspection, ALeaseThatRanOutIsVisible) {
  queue::Message late = leased(1);
  late.leased_at = kNow - 2 * kMinute;
  late.vest = kNow - kMinute;
  hold(1, late);
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_EQ(census.queues[0].visible, 1u);
  EXPECT_EQ(census.session_leases, 0u);
}

TEST_F(Inspection, ADelayThatEndedIsOverBeforeAServerMovesTheMessage) {
  send(1, message(1), {queue::kDelayedLane, message(1).vest});
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_EQ(std::tuple(census.queues[0].visible, census.queues[0].delayed), std::tuple(1u, 0u));
}

TEST_F(Inspection, TheDelayOfAFifoQueueIsThatOfNow) {
  record_.config.fifo.emplace();
  record_.config.delay = 3 * kMinute;
  send(1, message(2), {queue::kDelayedLane, message(2).sent});
  send(2, message(4), {queue::kDelayedLane, message(4).sent});
  put_alias(message(2).id, 1);
  put_alias(message(4).id, 2);
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_EQ(std::tuple(census.queues[0].visible, census.queues[0].delayed), std::tuple(1u, 1u));
}

TEST_F(Inspection, MessagesOfGroupsStandInTheirLanes) {
  for (uint64_t seq = 1; seq <= 5; ++seq) {
    queue::Message m = message(seq);
    m.group = std::to_string(seq);
    send(seq, m);
  }
  EXPECT_THAT(inspect().findings, IsEmpty());
}

TEST_F(Inspection, FindsAMessageWithoutItsPayload) {
  send(1);
  send(2);
  put(Table::kBody, payload_key(kShard, kQueue, {2}), std::nullopt);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders, message 2", "payload is missing")));
}

TEST_F(Inspection, FindsAPayloadWithoutItsMessage) {
  send(1);
  put_payload(2, home(message(2)));
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders, message 2", "not the message")));
}

TEST_F(Inspection, FindsAPayloadThatNobodyWrote) {
  send(1);
  put_payload(1, home(message(1)), "other");
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders, message 1", "not what a sender wrote")));
}

TEST_F(Inspection, FindsCountersThatDifferFromWhatIsThere) {
  send(1);
  send(2);
  record_.totals.sent = 7;
  record_.totals.deleted = 2;
  put_queue();
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders", "7 messages came and 2 left, but 2 are there")));
}

TEST_F(Inspection, FindsMessagesBeyondTheLastOfTheirQueue) {
  send(1);
  send(8);
  record_.last_seq = {7};
  put_queue();
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders", "message 7 was the last, but message 8")));
}

TEST_F(Inspection, FindsMessagesWithoutTheirQueue) {
  send(1);
  put(Table::kMeta, queue_key(kShard, kQueue), std::nullopt);
  const Census census = inspect();
  EXPECT_THAT(census.findings, ElementsAre(finding("queue number 3", "1 messages")));
  EXPECT_EQ(census.messages, 1u);
}

TEST_F(Inspection, FindsRecordsThatCannotBeRead) {
  send(1);
  for (const queue::Place& at : {queue::Place{0, kNow}, queue::kHeldPlace})
    put(table_of(at), message_key(kShard, kQueue, at, {5}), "damage");
  put(Table::kHeld, "short", "damage");
  const queue::Place no_lane{queue::kHeldLane + 1, kNow};
  put(Table::kWaiting, message_key(kShard, kQueue, no_lane, {6}), encode(message(6)));
  put(Table::kIndex, alias_key(kShard, kQueue, message(1).id), "damage");
  put(Table::kIndex, artifact_key(kShard, kQueue, {1}), "damage");
  put(Table::kIndex, payload_key(kShard, kQueue, {1}), encode(Seq{1}));
  put(Table::kBody, payload_key(kShard, kQueue, {1}), "damage");
  put(Table::kMeta, queue_key(kShard, {4}), "damage");
  put(Table::kMeta, move_task_key(kShard, {5}), "damage");
  put(Table::kIds, id_key(kShard, {1, kQueue, "d"}), "damage");
  put(Table::kIds, "short", "damage");
  const Census census = inspect();
  EXPECT_EQ(census.findings.size() + census.more_findings, 12u);
}

TEST_F(Inspection, FindsARecordThatStandsAtAnotherTime) {
  send(1, message(1), {0, kNow});
  put_payload(1, {0, kNow});
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "another time")));
}

TEST_F(Inspection, FindsARecordInTheLaneOfAnotherGroup) {
  queue::Message m = message(1);
  m.group = "g";
  send(1, m, {0, m.vest});
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "stands in lane 0")));
}

TEST_F(Inspection, FindsPayloadsThatNameAnotherPlace) {
  queue::Message delayed = message(2);
  delayed.vest = kNow + kMinute;
  send(1);
  send(2, delayed);
  hold(3, leased(3));
  EXPECT_THAT(inspect().findings, IsEmpty());
  put_payload(1, {1, message(1).vest});
  put_payload(2, {0, kNow});
  put_payload(3, {5, kNow - kMinute});  // where it stood before it was held
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "elsewhere"),
                                              finding("orders, message 2", "elsewhere")));
}

TEST_F(Inspection, FindsTwoRecordsOfOneMessage) {
  send(1);
  send(1, message(1), {0, kNow - kMinute * 9});
  EXPECT_THAT(inspect().findings, Contains(finding("orders, message 1", "two records")));
}

TEST_F(Inspection, FindsAMessageThatWaitsAndIsHeld) {
  send(1);
  hold(1, message(1));
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "two records")));
}

TEST_F(Inspection, FindsAnExtentThatCountsOtherwise) {
  send(1);
  send(2);
  record_.extent.delayed = 1;
  put_queue();
  EXPECT_THAT(
      inspect().findings,
      ElementsAre(finding("queue orders", "2 messages wait and 1 are delayed, but 2 and 0")));
  record_.extent.visible = 1;
  record_.extent.delayed = 0;
  put_queue();
  EXPECT_THAT(
      inspect().findings,
      ElementsAre(finding("queue orders", "1 messages wait and 0 are delayed, but 2 and 0")));
}

TEST_F(Inspection, FindsAnExtentThatLeavesOutALane) {
  queue::Message m = message(2);
  m.group = "g";
  send(1);
  send(2, m);
  record_.extent.lanes.reset(0);
  record_.extent.lanes.set(queue::lane_of("other"));  // may be empty
  put_queue();
  EXPECT_THAT(inspect().findings, ElementsAre(finding("queue orders", "leaves out 1 of the 2")));
}

TEST_F(Inspection, FindsMessagesBeforeTheFloorOfTheirQueue) {
  send(1);
  send(2);
  record_.extent.floor = message(1).vest;
  put_queue();
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 2", "before the time")));
}

TEST_F(Inspection, FindsWhatTheIndexHasWronglyOfMovedMessages) {
  const queue::Message moved = message(1);
  send(2, moved);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("orders, message 2", "does not have its id")));
  put_alias(moved.id, 2);
  EXPECT_THAT(inspect().findings, IsEmpty());
  put_alias(message(3).id, 2);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("orders, message 2", message(3).id.to_string())));
  put(Table::kIndex, alias_key(kShard, kQueue, message(3).id), std::nullopt);
  put_alias(moved.id, 4);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("orders, message 4", moved.id.to_string()),
                          finding("orders, message 2", "does not have its id")));
}

TEST_F(Inspection, FindsALeaseOfAMessageThatWaits) {
  queue::Message m = leased(1);
  send(1, m);
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "those that wait")));
}

TEST_F(Inspection, FindsALeaseThatEndsBeforeItBegins) {
  queue::Message m = leased(1);
  m.leased_at = m.vest + kMinute;
  hold(1, m);
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "before it began")));
}

TEST_F(Inspection, FindsALeaseThatNobodyWasGiven) {
  queue::Message m = message(1);
  m.leased = true;
  hold(1, m);
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "nobody")));
}

TEST_F(Inspection, FindsEvidenceThatIsMissingAndThatIsOfNoMessage) {
  queue::Message failed = message(1);
  failed.has_evidence = true;
  send(1, failed);
  put(Table::kEvidence, evidence_key(kShard, kQueue, {2}, kNow), "{}");
  const Census census = inspect();
  EXPECT_EQ(census.evidence, 1u);
  EXPECT_THAT(census.findings,
              testing::UnorderedElementsAre(finding("message 2", "not the message"),
                                            finding("message 1", "is missing")));
}

TEST_F(Inspection, FindsMoveTasksWhoseQueueIsGone) {
  put_queue();
  queue::MoveTask task;
  task.id = {5};
  task.source = "orders";
  task.destination = "nowhere";
  put(Table::kMeta, move_task_key(kShard, task.id), encode(task));
  const Census running = inspect();
  EXPECT_EQ(running.running_move_tasks, 1u);
  EXPECT_THAT(running.findings, ElementsAre(finding("out of queue orders", "no queue nowhere")));
  task.status = queue::MoveTask::Status::kCompleted;
  put(Table::kMeta, move_task_key(kShard, task.id), encode(task));
  EXPECT_THAT(inspect().findings, IsEmpty());
}

TEST_F(Inspection, FindsDeduplicationIdsOfAnotherPlace) {
  send(1);
  const auto put_id = [&](queue::PutDeduplication known, queue::Minute minute) {
    known.at.minute = minute;
    put(Table::kIds, id_key(kShard, known.at), encode(known));
  };
  const queue::Minute minute = queue::minute_of(kNow);
  queue::PutDeduplication known{
      {minute, kQueue, "d1"}, queue::make_message_id({1}, 5), kNow + queue::kDeduplicationWindow};
  put_id(known, minute);
  EXPECT_EQ(inspect().deduplications, 1u);
  EXPECT_THAT(inspect().findings, IsEmpty());
  known.at.key = "d2";
  put_id(known, minute - 1);
  known.at.key = "d3";
  known.id = queue::make_message_id({2}, 5);
  put_id(known, minute);
  EXPECT_THAT(inspect().findings,
              testing::UnorderedElementsAre(finding("queue orders", "'d2' stands in another"),
                                            finding("queue orders", "'d3' is of a message")));
}

TEST_F(Inspection, IdsThatHaveExpiredAreNoFindingWhateverQueueTheyAreOf) {
  put_queue();
  const queue::PutDeduplication expired{{0, {99}, "d1"}, queue::make_message_id({1}, 5), kNow};
  put(Table::kIds, id_key(kShard, expired.at), encode(expired));
  const Census census = inspect();
  EXPECT_EQ(census.deduplications, 1u);
  EXPECT_THAT(census.findings, IsEmpty());
}

TEST_F(Inspection, FindsIdsWhoseQueueIsGone) {
  queue::PutDeduplication known{{queue::minute_of(kNow), kQueue, "d1"},
                                queue::make_message_id({1}, 5),
                                kNow + queue::kDeduplicationWindow};
  put(Table::kIds, id_key(kShard, known.at), encode(known));
  EXPECT_THAT(inspect().findings, ElementsAre(finding("queue number", "not the queue")));
}

TEST_F(Inspection, SaysWhichArtifactsAreReferredTo) {
  queue::Message large = message(1);
  large.artifact = Uuid::from_random(5, 5);
  send(1, large);
  put_reference(1, large.artifact);
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_THAT(census.artifacts,
              ElementsAre(testing::Pair(large.artifact, "queue orders, message 1")));
}

TEST_F(Inspection, FindsWhatTheIndexHasWronglyOfArtifacts) {
  queue::Message large = message(1);
  large.artifact = Uuid::from_random(5, 5);
  const ArtifactId other = Uuid::from_random(6, 6);
  send(1, large);
  send(2);
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "does not say so")));
  put_reference(1, other);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("orders, message 1", "index says " + other.to_string())));
  put_reference(1, large.artifact);
  put_reference(2, other);
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 2", other.to_string())));
}

TEST_F(Inspection, TellsTheFirstFewOfAKindAndCountsTheRest) {
  put_queue();
  for (uint64_t seq = 1; seq <= 25; ++seq) put_payload(seq, home(message(seq)));
  const Census census = inspect();
  EXPECT_EQ(census.findings.size(), 10u);
  EXPECT_EQ(census.more_findings, 15u);
}

}  // namespace
}  // namespace selvage::store
