// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/records.h"

namespace selvage::store {

// How a failing test shows one.
static void PrintTo(const Finding& finding, std::ostream* out) {
  *out << finding.where << ": " << finding.what;
}

namespace {

using testing::AllOf;
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
    m.id = Uuid::from_random(seq, seq);
    m.sent = m.vest = m.retained_from = kNow - kMinute * static_cast<int>(seq);
    return m;
  }
  void put_message(uint64_t seq, const queue::Message& m, QueueId queue = kQueue) {
    put(Table::kState, message_key(kShard, queue, m.vest, {seq}), encode(m));
  }
  void put_payload(uint64_t seq) {
    put(Table::kBody, payload_key(kShard, kQueue, {seq}), "payload");
  }
  // A message as a send leaves it behind.
  void send(uint64_t seq, const queue::Message& m) {
    put_message(seq, m);
    put_payload(seq);
    record_.last_seq = {std::max(record_.last_seq.value, seq)};
    ++record_.totals.sent;
    put_queue();
  }
  void send(uint64_t seq) { send(seq, message(seq)); }

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
  queue::Message leased = message(3);
  leased.vest = kNow + kMinute;
  leased.leased = true;
  leased.taken = 1;
  leased.token = {7};
  leased.session = {9};
  send(3, leased);
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
  queue::Message leased = message(1);
  leased.leased = true;
  leased.leased_at = leased.vest - kMinute;
  leased.taken = 1;
  leased.token = {7};
  leased.session = {9};
  send(1, leased);
  const Census census = inspect();
  EXPECT_THAT(census.findings, IsEmpty());
  EXPECT_EQ(census.queues[0].visible, 1u);
  EXPECT_EQ(census.session_leases, 0u);
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
  put_payload(2);
  EXPECT_THAT(inspect().findings,
              ElementsAre(finding("queue orders, message 2", "not the message")));
}

TEST_F(Inspection, FindsAPayloadThatNobodyWrote) {
  send(1);
  put(Table::kBody, payload_key(kShard, kQueue, {1}), "other");
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
  const std::string key = message_key(kShard, kQueue, kNow, {5});
  put(Table::kState, key, "damage");
  put(Table::kState, "short", "damage");
  put(Table::kMeta, queue_key(kShard, {4}), "damage");
  put(Table::kMeta, move_task_key(kShard, {5}), "damage");
  put(Table::kMeta, deduplication_key(kShard, kQueue, "d"), "damage");
  EXPECT_EQ(inspect().findings.size(), 5u);
}

TEST_F(Inspection, FindsARecordThatStandsInTheWrongPlace) {
  send(1);
  queue::Message moved = message(2);
  put(Table::kState, message_key(kShard, kQueue, kNow, {2}), encode(moved));
  put_payload(2);
  record_.last_seq = {2};
  record_.totals.sent = 2;
  put_queue();
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 2", "another time")));
}

TEST_F(Inspection, FindsTwoRecordsOfOneMessage) {
  send(1);
  put_message(1, message(2));
  ++record_.totals.sent;
  put_queue();
  EXPECT_THAT(inspect().findings, ElementsAre(finding("orders, message 1", "two records")));
}

TEST_F(Inspection, FindsALeaseThatNobodyWasGiven) {
  queue::Message leased = message(1);
  leased.leased = true;
  send(1, leased);
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
  put_queue();
  const queue::PutDeduplication known{kQueue, "d1", Uuid::from_random(1, 1), {1}, kNow};
  put(Table::kMeta, deduplication_key(kShard, kQueue, "d1"), encode(known));
  EXPECT_EQ(inspect().deduplications, 1u);
  EXPECT_THAT(inspect().findings, IsEmpty());
  put(Table::kMeta, deduplication_key(kShard, kQueue, "d2"), encode(known));
  EXPECT_THAT(inspect().findings, ElementsAre(finding("queue orders", "'d1'")));
}

TEST_F(Inspection, SaysWhichArtifactsAreReferredTo) {
  queue::Message large = message(1);
  large.artifact = Uuid::from_random(5, 5);
  send(1, large);
  EXPECT_THAT(inspect().artifacts,
              ElementsAre(testing::Pair(large.artifact, "queue orders, message 1")));
}

TEST_F(Inspection, TellsTheFirstFewOfAKindAndCountsTheRest) {
  put_queue();
  for (uint64_t seq = 1; seq <= 25; ++seq) put_payload(seq);
  const Census census = inspect();
  EXPECT_EQ(census.findings.size(), 10u);
  EXPECT_EQ(census.more_findings, 15u);
}

}  // namespace
}  // namespace selvage::store
