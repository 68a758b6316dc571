// SPDX-License-Identifier: Apache-2.0
#include "client/queues.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_fixture.h"

namespace selvage::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class QueuesTest : public ClientTest {};

TEST_F(QueuesTest, QueueIsMadeWithItsAttributesAndTags) {
  const auto url = answered<std::string>(
      [&](auto done) {
        create_queue(client_,
                     {.name = "q", .attributes = {{"DelaySeconds", "5"}}, .tags = {{"a", "b"}}},
                     done);
      },
      R"({"QueueUrl":"http://h/0/q"})");
  EXPECT_EQ(url, "http://h/0/q");
  EXPECT_EQ(asked_.action, "AmazonSQS.CreateQueue");
  EXPECT_EQ(asked_.body, R"({"QueueName":"q","Attributes":{"DelaySeconds":"5"},"tags":{"a":"b"}})");
}

TEST_F(QueuesTest, QueueWithoutSettingsSendsNone) {
  answered<std::string>([&](auto done) { create_queue(client_, {.name = "q"}, done); }, "{}");
  EXPECT_EQ(asked_.body, R"({"QueueName":"q"})");
}

TEST_F(QueuesTest, AttributesAreReadAsTheyCome) {
  const auto attributes = answered<NamedTexts>(
      [&](auto done) { get_attributes(client_, "q", done); },
      R"({"Attributes":{"VisibilityTimeout":"30","QueueArn":"arn:aws:sqs:r:0:q"},"New":[1]})");
  EXPECT_EQ(asked_.action, "AmazonSQS.GetQueueAttributes");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","AttributeNames":["All"]})");
  ASSERT_TRUE(attributes);
  EXPECT_THAT(*attributes,
              ElementsAre(Pair("VisibilityTimeout", "30"), Pair("QueueArn", "arn:aws:sqs:r:0:q")));
}

TEST_F(QueuesTest, AttributesAndTagsAreSet) {
  EXPECT_TRUE(answered<void>(
      [&](auto done) { set_attributes(client_, "q", {{"RedrivePolicy", ""}}, done); }, ""));
  EXPECT_EQ(asked_.action, "AmazonSQS.SetQueueAttributes");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Attributes":{"RedrivePolicy":""}})");
  EXPECT_TRUE(answered<void>([&](auto done) { set_tags(client_, "q", {{"a", "b"}}, done); }, ""));
  EXPECT_EQ(asked_.action, "AmazonSQS.TagQueue");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Tags":{"a":"b"}})");
}

TEST_F(QueuesTest, TagsThatAreLeftOutAreNone) {
  const auto ask = [&](auto done) { get_tags(client_, "q", done); };
  EXPECT_THAT(*answered<NamedTexts>(ask, R"({"Tags":{"a":"b"}})"), ElementsAre(Pair("a", "b")));
  EXPECT_EQ(asked_.action, "AmazonSQS.ListQueueTags");
  EXPECT_THAT(*answered<NamedTexts>(ask, "{}"), IsEmpty());
}

TEST_F(QueuesTest, DeadLetterSources) {
  const auto ask = [&](auto done) { get_dead_letter_sources(client_, "d", done); };
  EXPECT_THAT(*answered<std::vector<std::string>>(ask, R"({"queueUrls":["http://h/0/a"]})"),
              ElementsAre("http://h/0/a"));
  EXPECT_EQ(asked_.action, "AmazonSQS.ListDeadLetterSourceQueues");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"d"})");
  EXPECT_FALSE(answered<std::vector<std::string>>(ask, R"({"queueUrls":[5]})"));
}

TEST_F(QueuesTest, PurgeAndDelete) {
  EXPECT_TRUE(answered<void>([&](auto done) { purge_queue(client_, "q", done); }, ""));
  EXPECT_EQ(asked_.action, "AmazonSQS.PurgeQueue");
  EXPECT_TRUE(answered<void>([&](auto done) { delete_queue(client_, "q", done); }, ""));
  EXPECT_EQ(asked_.action, "AmazonSQS.DeleteQueue");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q"})");
}

// ---- moves

TEST_F(QueuesTest, MoveIsStartedWithWhatWasSaid) {
  EXPECT_EQ(
      answered<std::string>([&](auto done) { start_move(client_, {.source = "arn:d"}, done); },
                            R"({"TaskHandle":"t"})"),
      "t");
  EXPECT_EQ(asked_.action, "AmazonSQS.StartMessageMoveTask");
  EXPECT_EQ(asked_.body, R"({"SourceArn":"arn:d"})");
  answered<std::string>(
      [&](auto done) {
        start_move(client_, {.source = "arn:d", .destination = "arn:q", .rate = 10}, done);
      },
      "{}");
  EXPECT_EQ(asked_.body,
            R"({"SourceArn":"arn:d","DestinationArn":"arn:q","MaxNumberOfMessagesPerSecond":10})");
}

TEST_F(QueuesTest, MovesAreListed) {
  const auto moves = answered<std::vector<Move>>(
      [&](auto done) { list_moves(client_, "arn:d", done); },
      R"({"Results":[{"TaskHandle":"t","Status":"RUNNING","SourceArn":"arn:d",)"
      R"("DestinationArn":"arn:q","ApproximateNumberOfMessagesMoved":3,)"
      R"("ApproximateNumberOfMessagesToMove":9,"StartedTimestamp":1500},)"
      R"({"Status":"FAILED","FailureReason":"why","ApproximateNumberOfMessagesMoved":1}]})");
  EXPECT_EQ(asked_.action, "AmazonSQS.ListMessageMoveTasks");
  EXPECT_EQ(asked_.body, R"({"SourceArn":"arn:d","MaxResults":10})");
  ASSERT_TRUE(moves && moves->size() == 2);
  const Move& running = moves->front();
  EXPECT_EQ(running.handle, "t");
  EXPECT_EQ(running.status, "RUNNING");
  EXPECT_EQ(running.destination, "arn:q");
  EXPECT_EQ(running.moved, 3);
  EXPECT_EQ(running.to_move, 9);
  EXPECT_EQ(to_millis(running.started), 1500);
  EXPECT_EQ(moves->back().failure, "why");
  EXPECT_EQ(moves->back().handle, "");
  EXPECT_FALSE(moves->back().to_move);
}

TEST_F(QueuesTest, CancelledMoveTellsHowManyHadGone) {
  EXPECT_EQ(answered<int64_t>([&](auto done) { cancel_move(client_, "t", done); },
                              R"({"ApproximateNumberOfMessagesMoved":7})"),
            7);
  EXPECT_EQ(asked_.action, "AmazonSQS.CancelMessageMoveTask");
  EXPECT_EQ(asked_.body, R"({"TaskHandle":"t"})");
}

}  // namespace
}  // namespace selvage::client
