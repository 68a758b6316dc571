// SPDX-License-Identifier: Apache-2.0
// What a FIFO queue takes only once.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

class DeduplicationTest : public EngineFixture {
 protected:
  Sent send_as(const std::string& id, const std::string& group, const std::string& body) {
    return send_message(
        "q",
        {.payload = body, .delay = {}, .artifact = {}, .group = group, .deduplication_id = id});
  }
  // As the SQS layer does: with the digest of the body beside an id, if there is one.
  Sent send_content(const std::string& body, const std::string& id = "") {
    return send_message("q", {.payload = body,
                              .delay = {},
                              .artifact = {},
                              .group = "a",
                              .deduplication_id = id,
                              .content_digest = "digest of " + body});
  }
};

TEST_F(DeduplicationTest, ADoubleIsAnsweredLikeTheFirstAndAddsNothing) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  const Sent second = send_as("id", "a", "two");
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.seq, first.seq);
  EXPECT_EQ(info("q").totals.sent, 1u);
  EXPECT_THAT(get("q"), ElementsAre("one"));
}

TEST_F(DeduplicationTest, ADoubleInTheSameBatchIsOneToo) {
  create_fifo("q");
  Send batch{.queue = "q", .messages = {}};
  for (const char* body : {"one", "two"}) {
    batch.messages.push_back(in_group("a", body));
    batch.messages.back().deduplication_id = "same";
  }
  const auto sent = ask<std::vector<OrRefusal<Sent>>>(std::move(batch));
  EXPECT_EQ(sent.at(0)->id, sent.at(1)->id);
  EXPECT_THAT(get("q"), ElementsAre("one"));
}

TEST_F(DeduplicationTest, ItOutlivesTheMessage) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  remove("q", take("q"));
  EXPECT_EQ(send_as("id", "a", "two").id, first.id);
  expect_counts("q", 0, 0, 0);
}

TEST_F(DeduplicationTest, ItOutlivesAPurge) {
  create_fifo("q");
  send_as("id", "a", "one");
  ask<Done>(PurgeQueue{"q"});
  send_as("id", "a", "two");
  expect_counts("q", 0, 0, 0);
}

TEST_F(DeduplicationTest, ItOutlivesARestart) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  remove("q", take("q"));
  restart();
  EXPECT_EQ(send_as("id", "a", "two").seq, first.seq);
  EXPECT_EQ(engine().next_event(), clock_.now() + minutes(5));
}

TEST_F(DeduplicationTest, TheWindowIsFiveMinutesFromTheFirstSend) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  pass(minutes(5) - milliseconds(1));
  EXPECT_EQ(send_as("id", "a", "two").id, first.id);
  pass(milliseconds(1));
  EXPECT_NE(send_as("id", "a", "three").id, first.id);
  EXPECT_EQ(journal_.deduplication(), 1u);
}

TEST_F(DeduplicationTest, ASendAfterTheWindowIsFreshEvenBeforeTheOldOneIsForgotten) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  clock_.advance(minutes(5));
  const Sent second = send_as("id", "a", "two");
  EXPECT_NE(second.id, first.id);
  pass(minutes(1));
  EXPECT_EQ(send_as("id", "a", "three").id, second.id);
}

TEST_F(DeduplicationTest, WhatIsForgottenLeavesTheStore) {
  create_fifo("q");
  for (int i = 0; i < 100; ++i) send("q", "a", "x");
  EXPECT_EQ(journal_.deduplication(), 100u);
  live(minutes(5));
  EXPECT_EQ(journal_.deduplication(), 0u);
}

TEST_F(DeduplicationTest, TheWholeQueueIsTheScopeUnlessGroupsAre) {
  create_fifo("q");
  EXPECT_EQ(send_as("id", "a", "one").id, send_as("id", "b", "two").id);
}

TEST_F(DeduplicationTest, WithGroupsAsTheScopeEachHasItsOwnIds) {
  ConfigPatch config;
  config.deduplicates_per_group = true;
  create_fifo("q", config);
  const Sent in_a = send_as("id", "a", "one");
  EXPECT_NE(in_a.id, send_as("id", "b", "two").id);
  EXPECT_EQ(in_a.id, send_as("id", "a", "three").id);
  restart();
  EXPECT_EQ(in_a.id, send_as("id", "a", "four").id);
}

TEST_F(DeduplicationTest, ContentIsEnoughWhereItIsSwitchedOn) {
  ConfigPatch config;
  config.content_based_deduplication = true;
  create_fifo("q", config);
  const Sent one = send_content("one");
  EXPECT_EQ(send_content("one").id, one.id);
  EXPECT_NE(send_content("two").id, one.id);
  EXPECT_EQ(receive("q").at(0).message.deduplication_id, "digest of one");
}

TEST_F(DeduplicationTest, AnIdOfItsOwnGoesBeforeTheContent) {
  ConfigPatch config;
  config.content_based_deduplication = true;
  create_fifo("q", config);
  const Sent one = send_content("same");
  const Sent other = send_content("same", "id");
  EXPECT_NE(other.id, one.id);
  EXPECT_EQ(send_content("another", "id").id, other.id);
}

TEST_F(DeduplicationTest, ContentDoesNotCountWhereItIsSwitchedOff) {
  create_fifo("q");
  NewMessage message{.payload = "x", .delay = {}, .artifact = {}, .group = "a"};
  message.content_digest = "digest";
  EXPECT_EQ(try_send("q", message).error(), Refusal::kNoDeduplicationId);
}

TEST_F(DeduplicationTest, StandardQueuesHaveNone) {
  create("q");
  NewMessage message = in_group("tenant", "x");
  EXPECT_EQ(try_send("q", message).error(), Refusal::kNotForStandard);
  message.deduplication_id.clear();
  EXPECT_TRUE(try_send("q", message).has_value());
}

TEST_F(DeduplicationTest, ADeletedQueueForgets) {
  create_fifo("q");
  send_as("id", "a", "one");
  ask<Done>(DeleteQueue{"q"});
  EXPECT_EQ(journal_.deduplication(), 0u);
  create_fifo("q");
  send_as("id", "a", "two");
  EXPECT_THAT(get("q"), ElementsAre("two"));
}

}  // namespace
}  // namespace selvage::queue
