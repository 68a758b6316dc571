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
  message.deaths = 12;
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
  record.config.gate = {12, from_micros(13)};
  record.created = from_micros(1);
  record.modified = from_micros(2);
  record.last_seq = {77};
  record.totals = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  record.tags = {{"k", "v"}, {"l", ""}};
  record.extent = {.visible = 10,
                   .delayed = 11,
                   .lanes = {},
                   .floor = from_micros(90),
                   .last_time = from_micros(91)};
  for (const size_t lane : {0, 1, 63, 64, 1023}) record.extent.lanes.set(lane);
  return record;
}

queue::PutDeduplication some_deduplication() {
  return {{8, {5}, "group\nid"}, Uuid::from_random(5, 6), from_micros(70)};
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
  const queue::IdPlace at = some_deduplication().at;
  const auto known = decode_deduplication(at, encode(some_deduplication())).value();
  EXPECT_EQ(known.at, at);
  EXPECT_EQ(known.id, Uuid::from_random(5, 6));
  EXPECT_EQ(known.until, from_micros(70));
}

TEST(Records, AMoveTaskComesBackAsItWent) {
  EXPECT_EQ(decode_move_task(encode(some_move_task())).value(), some_move_task());
}

TEST(Records, AQueueWithoutGroupsHasNoListOfLanes) {
  queue::QueueRecord record = some_queue();
  const size_t listed = encode(record).size();
  record.extent.lanes.reset();
  record.extent.lanes.set(0);
  EXPECT_EQ(encode(record).size(), listed - 128);
  EXPECT_EQ(decode_queue(encode(record)).value(), record);
}

TEST(Records, APayloadComesBackWithThePlaceThatItNames) {
  const queue::Place place{1023, from_micros(-5)};
  const std::string value = encode_payload(place, "body");
  EXPECT_EQ(value.size(), 14u);
  EXPECT_EQ(decode_payload(value).value().place, place);
  EXPECT_EQ(decode_payload(value).value().payload, "body");
  EXPECT_EQ(decode_payload(encode_payload(place, "")).value().payload, "");
  for (size_t size = 0; size < 10; ++size)
    EXPECT_EQ(decode_payload(value.substr(0, size)).error().code, ErrorCode::kCorruption);
  EXPECT_FALSE(decode_payload(encode_payload({queue::kDelayedLane, {}}, "")).has_value());
}

TEST(Records, WhatTheIndexSaysComesBackAsItWent) {
  EXPECT_EQ(decode_seq(encode(Seq{7})).value(), Seq{7});
  EXPECT_FALSE(decode_seq("1234567").has_value());
  EXPECT_EQ(decode_id(encode(Uuid::from_random(1, 2))).value(), Uuid::from_random(1, 2));
  EXPECT_FALSE(decode_id("123456789012345").has_value());
}

TEST(Records, EachPartOfAMessageComesBackAlone) {
  const queue::Message all = some_message();
  const auto comes_back = [&](auto&& change) {
    queue::Message message;
    message.sent = message.retained_from = all.sent;
    change(message);
    EXPECT_EQ(decode_message(encode(message)).value(), message);
  };
  comes_back([&](queue::Message& m) { m.first_received = all.first_received; });
  comes_back([&](queue::Message& m) { m.leased_at = all.leased_at; });
  comes_back([&](queue::Message& m) { m.freed = all.freed; });
  comes_back([&](queue::Message& m) { m.taken = all.taken; });
  comes_back([&](queue::Message& m) { m.failed = all.failed; });
  comes_back([&](queue::Message& m) { m.deaths = all.deaths; });
  comes_back([&](queue::Message& m) { m.token = all.token; });
  comes_back([&](queue::Message& m) { m.session = all.session; });
  comes_back([&](queue::Message& m) { m.leased = true; });
  comes_back([&](queue::Message& m) { m.has_evidence = true; });
  comes_back([&](queue::Message& m) { m.artifact = all.artifact; });
  comes_back([&](queue::Message& m) { m.source = all.source; });
  comes_back([&](queue::Message& m) { m.taken_before = all.taken_before; });
  comes_back([&](queue::Message& m) { m.retained_from = all.retained_from; });
  comes_back([&](queue::Message& m) { m.group = all.group; });
  comes_back([&](queue::Message& m) { m.deduplication_id = all.deduplication_id; });
}

TEST(Records, AMessageWithAPartThatSaysNothingIsDamaged) {
  std::string value = encode(queue::Message{});
  value[1] = 64;
  EXPECT_FALSE(decode_message(value + std::string(16, 0)).has_value());
  value[1] = static_cast<char>(128);
  EXPECT_FALSE(decode_message(value).has_value());
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
                        [](auto v) { return decode_deduplication({}, v); });
}

TEST(Records, UnknownVersionsAndValuesAreRefused) {
  std::string queue = encode(some_queue());
  for (const char version : {0, 3, 5, 99}) {
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

TEST(Records, IdsStandByTheirMinuteThenByTheirQueue) {
  const std::string id = id_key({1}, {7, {5}, "id"});
  const auto is_in = [](const std::string& key, const KeyRange& range) {
    return range.first <= key && key < range.second;
  };
  EXPECT_TRUE(is_in(id, id_range({1}, {5}, 7)));
  EXPECT_FALSE(is_in(id, id_range({1}, {6}, 7)));
  EXPECT_FALSE(is_in(id, id_range({1}, {5}, 8)));
  EXPECT_TRUE(is_in(id, id_range_before({1}, 8)));
  EXPECT_FALSE(is_in(id, id_range_before({1}, 7)));
  EXPECT_FALSE(is_in(id, id_range_before({2}, 8)));
}

TEST(Records, SmallRecordsStandBehindWhatTheyBelongTo) {
  const std::string queue = queue_key({1}, {5});
  const std::string task = move_task_key({1}, {7});
  EXPECT_EQ(meta_kind(queue), MetaKind::kQueue);
  EXPECT_EQ(meta_kind(task), MetaKind::kMoveTask);
  EXPECT_EQ(meta_kind(queue + "\x09"), MetaKind::kUnknown);
  EXPECT_LT(task, queue_key({1}, {1})) << "and no task goes with a queue";
  EXPECT_GE(task, shard_range({1}).first);
}

// docs/internals/records.md shows these.
TEST(Records, TheExamplesOfThePageAreRight) {
  const Instant sent = from_micros(1'700'000'000'000'000);
  EXPECT_EQ(to_hex(message_key({0}, {3}, {0, sent}, {1})),
            "0000"
            "0000000000000003"
            "0000"
            "80060a24181e4000"
            "0000000000000001");
  const queue::IdPlace at{queue::minute_of(sent), {3}, "d1"};
  EXPECT_EQ(to_hex(id_key({0}, at)),
            "0000"
            "01b05515"
            "0000000000000003"
            "6431");
  EXPECT_EQ(to_hex(encode(queue::PutDeduplication{at, Uuid{}, sent + std::chrono::minutes(5)})),
            "02"
            "00000000000000000000000000000000"
            "80060a2429ffe300");
  queue::Message plain;
  EXPECT_EQ(encode(plain).size(), 38u);
  plain.taken = 1;
  EXPECT_EQ(encode(plain).size(), 90u);
}

TEST(Records, KeysSortByShardThenQueueThenLaneThenTimeThenSeq) {
  const auto key_at = [](uint64_t shard, uint64_t queue, queue::Lane lane, int64_t us) {
    return message_key({shard}, {queue}, {lane, from_micros(us)}, {4});
  };
  const std::string key = key_at(1, 2, 3, 300);
  EXPECT_LT(key, message_key({1}, {2}, {3, from_micros(300)}, {5}));
  EXPECT_LT(key, key_at(1, 2, 3, 301));
  EXPECT_LT(key, key_at(1, 2, 4, 1));
  EXPECT_LT(key, key_at(1, 3, 0, 1));
  EXPECT_LT(key, key_at(2, 1, 0, 1));
  const auto [first, last] = queue_range({1}, {2});
  EXPECT_LE(first, key);
  EXPECT_LT(key, last);
  EXPECT_GE(key_at(1, 3, 0, -5), last);
  const MessagePlace at = decode_message_key(Table::kWaiting, key);
  EXPECT_EQ(at.queue, QueueId{2});
  EXPECT_EQ(at.place, queue::Place(3, from_micros(300)));
  EXPECT_EQ(at.seq, Seq{4});
}

TEST(Records, AHeldMessageStandsBySeqAlone) {
  EXPECT_EQ(table_of(queue::kHeldPlace), Table::kHeld);
  EXPECT_EQ(table_of({0, from_micros(1)}), Table::kWaiting);
  const std::string key = message_key({1}, {2}, queue::kHeldPlace, {4});
  const MessagePlace at = decode_message_key(Table::kHeld, key);
  EXPECT_TRUE(at.place.is_held());
  EXPECT_EQ(at.queue, QueueId{2});
  EXPECT_EQ(at.seq, Seq{4});
}

TEST(Records, APageBeginsAtItsPositionAndEndsWithItsLane) {
  const auto [first, last] = page_range({1}, {{2}, 3, {from_micros(10), {5}}, 100});
  EXPECT_LT(message_key({1}, {2}, {3, from_micros(10)}, {4}), first);
  EXPECT_EQ(message_key({1}, {2}, {3, from_micros(10)}, {5}), first);
  EXPECT_LT(message_key({1}, {2}, {3, from_micros(99)}, {1}), last);
  EXPECT_GE(message_key({1}, {2}, {4, from_micros(0)}, {0}), last);
}

TEST(Records, TheIndexKeepsEachKindOfEachQueueTogether) {
  const std::string alias = alias_key({1}, {2}, Uuid::from_random(1, 2));
  const std::string file = artifact_key({1}, {2}, {3});
  const auto is_in = [](const std::string& key, const KeyRange& range) {
    return range.first <= key && key < range.second;
  };
  EXPECT_TRUE(is_in(alias, alias_range({1}, {2})) && is_in(alias, shard_range({1})));
  EXPECT_TRUE(is_in(file, artifact_range({1}, {2})) && is_in(file, artifact_range({1})));
  EXPECT_FALSE(is_in(alias, artifact_range({1})) || is_in(file, alias_range({1}, {2})));
  EXPECT_FALSE(is_in(file, artifact_range({1}, {3})));
}

TEST(Records, TheEndOfAPrefixCarriesOver) {
  EXPECT_EQ(prefix_end(std::string("a\xff\xff")), "b");
  EXPECT_EQ(prefix_end("ab"), "ac");
}

}  // namespace
}  // namespace selvage::store
