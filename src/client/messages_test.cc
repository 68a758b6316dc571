// SPDX-License-Identifier: Apache-2.0
#include "client/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client_fixture.h"

namespace selvage::client {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class MessagesTest : public ClientTest {};

TEST_F(MessagesTest, SendCarriesEverythingThatWasSaid) {
  const auto sent = answered<std::vector<Sent>>(
      [&](auto done) {
        send_messages(client_, "q",
                      {{.body = "a"},
                       {.body = "b",
                        .attributes = {{.name = "kind", .value = "x"}},
                        .delay = milliseconds(1500),
                        .group = "g",
                        .deduplication_id = "d"}},
                      done);
      },
      R"({"Results":[{"Outcome":"Done","MessageId":"m","SequenceNumber":"18"},)"
      R"({"Outcome":"TooLarge","Message":"too long"}]})");
  EXPECT_EQ(asked_.action, "Selvage.Send");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Messages":[{"MessageBody":"a"},{"MessageBody":"b",)"
                         R"("MessageAttributes":{"kind":{"DataType":"String","StringValue":"x"}},)"
                         R"("DelayMs":1500,"MessageGroupId":"g","MessageDeduplicationId":"d"}]})");
  ASSERT_TRUE(sent && sent->size() == 2);
  EXPECT_EQ(sent->front().outcome, "Done");
  EXPECT_EQ(sent->front().id, "m");
  EXPECT_EQ(sent->front().sequence, "18");
  EXPECT_EQ(sent->back().outcome, "TooLarge");
  EXPECT_EQ(sent->back().problem, "too long");
}

TEST_F(MessagesTest, DelayOfZeroIsNotTheQueuesOwn) {
  answered<std::vector<Sent>>(
      [&](auto done) {
        send_messages(client_, "q", {{.body = "a", .delay = milliseconds(0)}}, done);
      },
      "{}");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Messages":[{"MessageBody":"a","DelayMs":0}]})");
}

TEST_F(MessagesTest, PeekReadsEveryField) {
  const auto page = answered<PeekedPage>(
      [&](auto done) {
        peek(client_, {.queue = "q", .state = "InFlight", .max = 5, .next = "n1"}, done);
      },
      R"({"Messages":[{"MessageId":"m","State":"InFlight","Body":"b","SentAtUs":1,"VestsAtUs":2,)"
      R"("Taken":3,"Failed":4,"MessageGroupId":"g","MessageDeduplicationId":"d",)"
      R"("SequenceNumber":"5","DeadLetterSource":"a","Evidence":[{"cause":"x"}],)"
      R"("MessageAttributes":{"k":{"DataType":"Number","StringValue":"1"}}}],"NextToken":"n2"})");
  EXPECT_EQ(asked_.action, "Selvage.Peek");
  EXPECT_EQ(asked_.body,
            R"({"QueueUrl":"q","State":"InFlight","MaxNumberOfMessages":5,"NextToken":"n1"})");
  ASSERT_TRUE(page && page->messages.size() == 1);
  EXPECT_EQ(page->next, "n2");
  const PeekedMessage& m = page->messages.front();
  EXPECT_EQ(m.id, "m");
  EXPECT_EQ(m.state, "InFlight");
  EXPECT_EQ(m.body, "b");
  EXPECT_EQ(m.sent, from_micros(1));
  EXPECT_EQ(m.vests, from_micros(2));
  EXPECT_EQ(m.taken, 3);
  EXPECT_EQ(m.failed, 4);
  EXPECT_THAT((std::vector{m.group, m.deduplication_id, m.sequence, m.dead_letter_source}),
              ElementsAre("g", "d", "5", "a"));
  EXPECT_EQ(m.evidence, R"([{"cause":"x"}])");
  ASSERT_EQ(m.attributes.size(), 1u);
  EXPECT_EQ(m.attributes[0].type, "Number");
}

TEST_F(MessagesTest, PeekAtOneMessageWithoutEvidence) {
  const auto page =
      answered<PeekedPage>([&](auto done) { peek(client_, {.queue = "q", .id = "m"}, done); },
                           R"({"Messages":[{"MessageId":"m","Evidence":[]}]})");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","MessageId":"m","MaxNumberOfMessages":10})");
  ASSERT_TRUE(page && page->messages.size() == 1);
  EXPECT_EQ(page->messages.front().evidence, "");
  EXPECT_EQ(page->next, "");
}

TEST_F(MessagesTest, CancelNamesMessages) {
  const auto outcomes =
      answered<Outcomes>([&](auto done) { cancel_messages(client_, "q", {"a", "b"}, done); },
                         R"({"Results":[{"Outcome":"Done"},{"Outcome":"Held"}]})");
  EXPECT_EQ(asked_.action, "Selvage.Cancel");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","MessageIds":["a","b"]})");
  EXPECT_THAT(*outcomes, ElementsAre("Done", "Held"));
}

TEST_F(MessagesTest, RescheduleSaysWhenAndWhereOnlyIfAsked) {
  answered<Outcomes>(
      [&](auto done) {
        reschedule(client_, {.queue = "q", .ids = {"a", "b"}, .delay = milliseconds(0)}, done);
      },
      R"({"Results":[]})");
  EXPECT_EQ(asked_.action, "Selvage.Reschedule");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Entries":[{"MessageId":"a","DelayMs":0},)"
                         R"({"MessageId":"b","DelayMs":0}]})");
  answered<Outcomes>(
      [&](auto done) { reschedule(client_, {.queue = "q", .ids = {"a"}, .target = "r"}, done); },
      R"({"Results":[]})");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","Entries":[{"MessageId":"a","TargetQueueUrl":"r"}]})");
}

TEST_F(MessagesTest, EditSaysTheNewBody) {
  const auto outcome = answered<std::string>(
      [&](auto done) { edit_message(client_, {.queue = "q", .id = "a", .body = "new"}, done); },
      R"({"Results":[{"Outcome":"Held"}]})");
  EXPECT_EQ(asked_.action, "Selvage.Edit");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","MessageId":"a","MessageBody":"new"})");
  EXPECT_EQ(*outcome, "Held");
}

TEST_F(MessagesTest, AcknowledgingDeletes) {
  EXPECT_TRUE(answered<void>([&](auto done) { acknowledge(client_, "q", "r", done); }, ""));
  EXPECT_EQ(asked_.action, "AmazonSQS.DeleteMessage");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","ReceiptHandle":"r"})");
}

}  // namespace
}  // namespace selvage::client
