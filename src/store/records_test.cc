// SPDX-License-Identifier: Apache-2.0
#include "store/records.h"

#include <gtest/gtest.h>

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
  return message;
}

TEST(Records, AMessageComesBackAsItWent) {
  const queue::Message message = some_message();
  EXPECT_EQ(decode_message(encode(message)).value(), message);
  EXPECT_EQ(decode_message(encode(queue::Message{})).value(), queue::Message{});
}

TEST(Records, AQueueComesBackAsItWent) {
  queue::QueueRecord record;
  record.id = {5};
  record.name = "q";
  record.config.redrive = queue::Redrive{"dead", 3};
  record.config.delay = std::chrono::seconds(4);
  record.last_seq = {77};
  record.totals = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(decode_queue(encode(record)).value(), record);
}

TEST(Records, DamageIsReportedNotGuessed) {
  std::string value = encode(some_message());
  EXPECT_FALSE(decode_message(value.substr(0, value.size() - 1)).has_value());
  EXPECT_FALSE(decode_message(value + "x").has_value());
  EXPECT_FALSE(decode_message("").has_value());
  value[0] = 99;
  EXPECT_EQ(decode_message(value).error().code, ErrorCode::kCorruption);
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
