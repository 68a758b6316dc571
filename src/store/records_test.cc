// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace selvage::store {
namespace {

queue::Message some_message() {
  queue::Message message;
  message.id = Uuid::from_random(1, 2);
  message.sent = from_micros(10);
  message.vest = from_micros(20);
  message.first_received = from_micros(30);
  message.leased_at = from_micros(40);
  message.freed = from_micros(50);
  message.size = 6;
  message.taken = 7;
  message.failed = 8;
  message.token = {9};
  message.session = {10};
  message.leased = true;
  message.has_evidence = true;
  message.artifact = Uuid::from_random(3, 4);
  message.source = "origin";
  message.retained_from = from_micros(60);
  message.group = "group";
  message.deduplication_id = "id";
  message.taken_before = 11;
  return message;
}

TEST(Records, AMessageComesBackAsItWent) {
  const queue::Message message = some_message();
  EXPECT_EQ(decode_message(encode(message)).value(), message);
  EXPECT_EQ(decode_message(encode(queue::Message{})).value(), queue::Message{});
}

queue::QueueRecord some_queue() {
  queue::QueueRecord record;
  record.id = {5};
  record.name = "q.fifo";
  record.config.redrive = queue::Redrive{"dead", 3};
  record.config.delay = std::chrono::seconds(4);
  record.config.redrive_allow = {queue::RedriveAllow::Permission::kByQueue, {"a", "b"}};
  record.config.fifo = queue::Fifo{true, true, false};
  record.config.encryption = {false, "key", std::chrono::seconds(60)};
  record.config.policy = "{}";
  record.created = from_micros(1);
  record.modified = from_micros(2);
  record.last_seq = {77};
  record.totals = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  record.tags = {{"k", "v"}, {"l", ""}};
  return record;
}

queue::PutDeduplication some_deduplication() {
  return {{5}, std::string("group\nid"), Uuid::from_random(5, 6), {9}, from_micros(70)};
}

queue::MoveTask some_move_task() {
  return {.id = {7},
          .source = "dead",
          .destination = "q",
          .max_per_second = 50,
          .status = queue::MoveTask::Status::kFailed,
          .moved = 3,
          .to_move = 4,
          .started = from_micros(80),
          .failure = "why"};
}

TEST(Records, AQueueComesBackAsItWent) {
  EXPECT_EQ(decode_queue(encode(some_queue())).value(), some_queue());
  EXPECT_EQ(decode_queue(encode(queue::QueueRecord{})).value(), queue::QueueRecord{});
}

TEST(Records, ADeduplicationIdComesBackAsItWent) {
  const auto known = decode_deduplication(encode(some_deduplication())).value();
  EXPECT_EQ(known.queue, QueueId{5});
  EXPECT_EQ(known.key, "group\nid");
  EXPECT_EQ(known.id, Uuid::from_random(5, 6));
  EXPECT_EQ(known.seq, Seq{9});
  EXPECT_EQ(known.until, from_micros(70));
}

TEST(Records, AMoveTaskComesBackAsItWent) {
  EXPECT_EQ(decode_move_task(encode(some_move_task())).value(), some_move_task());
}

// Bytes that the first version wrote: they end where the second begins to say more.
TEST(Records, AMessageOfTheFirstVersionIsStillRead) {
  queue::Message message = some_message();
  message.group = message.deduplication_id = "";
  message.taken_before = 0;
  std::string value = encode(message);
  value.resize(value.size() - 8 - 4 - 4 - 4);
  value[0] = 1;
  message.retained_from = message.sent;
  EXPECT_EQ(decode_message(value).value(), message);
  value[0] = 2;
  EXPECT_FALSE(decode_message(value).has_value()) << "the second version is longer";
}

TEST(Records, AQueueOfTheFirstVersionIsStillRead) {
  std::string value;
  Encoder out(value);
  out.u8(1).u64(5).text("q");
  out.i64(30'000'000).i64(1).i64(2).i64(3).u32(1024).u8(1).text("dead").u32(4);
  out.u32(5).i64(200'000).i64(30'000'000);
  out.i64(10).i64(20).u64(77);
  for (uint64_t total = 1; total <= 9; ++total) out.u64(total);
  const queue::QueueRecord record = decode_queue(value).value();
  EXPECT_EQ(record.name, "q");
  EXPECT_EQ(record.config.delay, Duration(1));
  EXPECT_EQ(record.config.redrive, (queue::Redrive{"dead", 4}));
  EXPECT_EQ(record.last_seq, Seq{77});
  EXPECT_EQ(record.totals.expired, 9u);
  EXPECT_FALSE(record.config.fifo.has_value());
  EXPECT_TRUE(record.config.encryption.managed);
  EXPECT_TRUE(record.tags.empty());
}

TEST(Records, DamageIsReportedNotGuessed) {
  std::string value = encode(some_message());
  EXPECT_FALSE(decode_message(value.substr(0, value.size() - 1)).has_value());
  EXPECT_FALSE(decode_message(value + "x").has_value());
  EXPECT_FALSE(decode_message("").has_value());
  value[0] = 99;
  EXPECT_EQ(decode_message(value).error().code, ErrorCode::kCorruption);
}

TEST(Records, NoRecordIsReadFromTooFewOrTooManyBytes) {
  const auto refuses_all_but_whole = [](const std::string& whole, auto&& decode) {
    for (size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(decode(whole.substr(0, size)).error().code, ErrorCode::kCorruption) << size;
    EXPECT_FALSE(decode(whole + "x").has_value());
    EXPECT_TRUE(decode(whole).has_value());
  };
  refuses_all_but_whole(encode(some_message()), [](auto v) { return decode_message(v); });
  refuses_all_but_whole(encode(some_queue()), [](auto v) { return decode_queue(v); });
  refuses_all_but_whole(encode(some_move_task()), [](auto v) { return decode_move_task(v); });
  refuses_all_but_whole(encode(some_deduplication()),
                        [](auto v) { return decode_deduplication(v); });
}

TEST(Records, UnknownVersionsAndValuesAreRefused) {
  std::string queue = encode(some_queue());
  for (const char version : {0, 3, 99}) {
    queue[0] = version;
    EXPECT_FALSE(decode_queue(queue).has_value());
  }
  queue::QueueRecord odd = some_queue();
  odd.config.redrive_allow.permission = static_cast<queue::RedriveAllow::Permission>(3);
  EXPECT_FALSE(decode_queue(encode(odd)).has_value());
  queue::MoveTask task = some_move_task();
  task.status = static_cast<queue::MoveTask::Status>(4);
  EXPECT_FALSE(decode_move_task(encode(task)).has_value());
}

TEST(Records, SmallRecordsStandBehindWhatTheyBelongTo) {
  const std::string queue = queue_key({1}, {5});
  const std::string known = deduplication_key({1}, {5}, "id");
  const std::string task = move_task_key({1}, {7});
  EXPECT_EQ(meta_kind(queue), MetaKind::kQueue);
  EXPECT_EQ(meta_kind(known), MetaKind::kDeduplication);
  EXPECT_EQ(meta_kind(task), MetaKind::kMoveTask);
  EXPECT_EQ(meta_kind(queue + "\x09"), MetaKind::kUnknown);
  EXPECT_LT(queue, known);
  EXPECT_LT(known, queue_key({1}, {6}));
  EXPECT_LT(known, queue_range({1}, {5}).second) << "it goes with its queue";
  EXPECT_LT(task, queue_key({1}, {1})) << "and no task goes with a queue";
  EXPECT_GE(task, shard_range({1}).first);
}

// docs/internals/records.md shows these.
TEST(Records, TheExamplesOfThePageAreRight) {
  const Instant sent = from_micros(1'700'000'000'000'000);
  EXPECT_EQ(to_hex(message_key({0}, {3}, sent, {1})),
            "0000"
            "0000000000000003"
            "80060a24181e4000"
            "0000000000000001");
  EXPECT_EQ(to_hex(deduplication_key({0}, {3}, "d1")),
            "0000"
            "0000000000000003"
            "01"
            "6431");
  const Instant until = sent + std::chrono::minutes(5);
  EXPECT_EQ(to_hex(encode(queue::PutDeduplication{{3}, "d1", Uuid{}, {1}, until})),
            "01"
            "0000000000000003"
            "00000002"
            "6431"
            "00000000000000000000000000000000"
            "0000000000000001"
            "80060a2429ffe300");
  EXPECT_EQ(encode(queue::Message{}).size(), 126u);
}

TEST(Records, KeysSortByShardThenQueueThenVestingTimeThenSeq) {
  const std::string key = message_key({1}, {2}, from_micros(300), {4});
  EXPECT_LT(key, message_key({1}, {2}, from_micros(300), {5}));
  EXPECT_LT(key, message_key({1}, {2}, from_micros(301), {1}));
  EXPECT_LT(key, message_key({1}, {3}, from_micros(1), {1}));
  EXPECT_LT(key, message_key({2}, {1}, from_micros(1), {1}));
  const auto [first, last] = queue_range({1}, {2});
  EXPECT_LE(first, key);
  EXPECT_LT(key, last);
  EXPECT_GE(message_key({1}, {3}, from_micros(-5), {0}), last);
  EXPECT_EQ(decode_message_key(key).seq, Seq{4});
  EXPECT_EQ(decode_message_key(key).queue, QueueId{2});
}

TEST(Records, TheEndOfAPrefixCarriesOver) {
  EXPECT_EQ(prefix_end(std::string("a\xff\xff")), "b");
  EXPECT_EQ(prefix_end("ab"), "ac");
}

}  // namespace
}  // namespace selvage::store
