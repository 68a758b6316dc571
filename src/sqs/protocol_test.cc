// SPDX-License-Identifier: Apache-2.0
// What all actions have in common: how a request is told, and how a refusal is answered.
#include <fmt/format.h>

#include "sqs/api_fixture.h"
#include "sqs/batch.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

using testing::HasSubstr;

class ProtocolTest : public ApiTest {};

TEST_F(ProtocolTest, HealthIsAnsweredToAnybody) {
  sink_ = std::make_shared<FakeSink>();
  api_.handle({.method = "GET", .target = "/healthz", .headers = {}, .body = ""}, connection_,
              http::Responder(sink_));
  ASSERT_TRUE(sink_->response());
  EXPECT_EQ(sink_->response()->status, 200);
}

TEST_F(ProtocolTest, WhatNamesNoKnownActionIsRefused) {
  http::Request get = request("AmazonSQS.ListQueues", "{}");
  get.method = "GET";
  for (const http::Request& unknown :
       {get, request("AmazonSQS.Nonsense", "{}"), request("Selvage.ListQueues", "{}"),
        request("listqueues", "{}"), request("", "{}")}) {
    const Answer answer = send(unknown);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error(), "UnknownOperationException");
    EXPECT_EQ(answer.query_error, "InvalidAction;Sender");
  }
  EXPECT_TRUE(backend_.submitted.empty());
}

TEST_F(ProtocolTest, MalformedJsonIsRefusedByEveryAction) {
  for (const char* action : {"AmazonSQS.SendMessage",
                             "AmazonSQS.ReceiveMessage",
                             "AmazonSQS.DeleteMessage",
                             "AmazonSQS.SendMessageBatch",
                             "AmazonSQS.DeleteMessageBatch",
                             "AmazonSQS.ChangeMessageVisibility",
                             "AmazonSQS.ChangeMessageVisibilityBatch",
                             "AmazonSQS.CreateQueue",
                             "AmazonSQS.DeleteQueue",
                             "AmazonSQS.GetQueueUrl",
                             "AmazonSQS.ListQueues",
                             "AmazonSQS.GetQueueAttributes",
                             "AmazonSQS.SetQueueAttributes",
                             "Selvage.OpenSession",
                             "Selvage.CloseSession",
                             "Selvage.Receive",
                             "Selvage.HandOver",
                             "Selvage.Return",
                             "Selvage.Fail",
                             "Selvage.SetRetryPolicy"})
    for (const char* json :
         {"", "{", "[]", "text", R"({"QueueUrl":"q"} and more)", "{\"a\":\"\xFF\"}"}) {
      const Answer answer = send(request(action, json));
      EXPECT_EQ(answer.status, 400) << action << " " << json;
      EXPECT_EQ(answer.error(), "SerializationException") << action << " " << json;
      EXPECT_EQ(answer.query_error, "MalformedInput;Sender") << action << " " << json;
    }
  EXPECT_TRUE(backend_.submitted.empty());
}

TEST_F(ProtocolTest, ValueOfAnotherKindIsRefusedByName) {
  struct Row {
    const char* action;
    const char* member;
    const char* value;
  };
  for (const auto& [action, member, value] : {
           Row{"AmazonSQS.CreateQueue", "QueueName", "5"},
           Row{"AmazonSQS.CreateQueue", "Attributes", "[]"},
           Row{"AmazonSQS.CreateQueue", "Attributes", R"({"DelaySeconds":5})"},
           Row{"AmazonSQS.SendMessage", "QueueUrl", "{}"},
           Row{"AmazonSQS.SendMessage", "MessageBody", "true"},
           Row{"AmazonSQS.SendMessage", "DelaySeconds", R"("5")"},
           Row{"AmazonSQS.SendMessage", "DelaySeconds", "1.5"},
           Row{"AmazonSQS.SendMessage", "MessageAttributes", R"("none")"},
           Row{"AmazonSQS.SendMessageBatch", "Entries", "{}"},
           Row{"AmazonSQS.SendMessageBatch", "Entries", R"(["one"])"},
           Row{"AmazonSQS.ReceiveMessage", "MaxNumberOfMessages", R"("many")"},
           Row{"AmazonSQS.ReceiveMessage", "AttributeNames", R"("All")"},
           Row{"AmazonSQS.ReceiveMessage", "AttributeNames", "[5]"},
           Row{"AmazonSQS.DeleteMessage", "ReceiptHandle", "[]"},
           Row{"AmazonSQS.DeleteMessageBatch", "Entries", R"([{"Id":5}])"},
           Row{"AmazonSQS.ListQueues", "MaxResults", R"("5")"},
           Row{"Selvage.OpenSession", "Holding", R"("one")"},
           Row{"Selvage.Receive", "VisibilityTimeoutMs", R"("1")"},
           Row{"Selvage.HandOver", "Entries", R"([{"Outputs":{}}])"},
           Row{"Selvage.Fail", "Entries", R"([{"Evidence":"text"}])"},
           Row{"Selvage.Fail", "Entries", R"([{"Poison":"yes"}])"},
           Row{"Selvage.Return", "Entries", R"([{"DelayMs":"1"}])"},
           Row{"Selvage.SetRetryPolicy", "Attempts", R"("5")"},
       }) {
    const Answer answer = send(request(action, fmt::format(R"({{"{}":{}}})", member, value)));
    EXPECT_EQ(answer.error(), "SerializationException") << action << " " << member;
    EXPECT_THAT(answer["message"], HasSubstr(member)) << action;
  }
  EXPECT_TRUE(backend_.submitted.empty());
}

TEST_F(ProtocolTest, UnknownMembersAndNullsAreSkipped) {
  create("q");
  EXPECT_EQ(amazon("SendMessage", R"({"Nonsense":{"a":[1]},"QueueUrl":"q","MessageBody":"b",)"
                                  R"("DelaySeconds":null,"MessageAttributes":null})")
                .status,
            200);
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"q","WaitTimeSeconds":null,)"
                                     R"("AttributeNames":null,"VisibilityTimeout":null})")
                .status,
            200);
}

TEST_F(ProtocolTest, QueueIsTheLastPartOfItsUrlWhateverTheHost) {
  create("q");
  for (const char* url : {"q", "http://queues:9324/000000000000/q", "https://other/q", "/1/q"})
    EXPECT_EQ(amazon("GetQueueAttributes", fmt::format(R"({{"QueueUrl":"{}"}})", url)).status, 200)
        << url;
}

TEST_F(ProtocolTest, EveryActionOnAQueueNeedsOneThatExists) {
  const std::string receipt = encode_receipt({{1}, {1}, {1}});
  const std::string handle = R"("ReceiptHandle":")" + receipt + '"';
  const std::string session = R"("SessionId":")" + open_session() + '"';
  struct Row {
    const char* action;
    std::string rest;
  };
  for (const auto& [action, rest] : {
           Row{"AmazonSQS.SendMessage", R"("MessageBody":"b")"},
           Row{"AmazonSQS.SendMessageBatch", R"("Entries":[{"Id":"a","MessageBody":"b"}])"},
           Row{"AmazonSQS.ReceiveMessage", R"("WaitTimeSeconds":0)"},
           Row{"AmazonSQS.DeleteMessage", handle},
           Row{"AmazonSQS.DeleteMessageBatch", R"("Entries":[{"Id":"a",)" + handle + "}]"},
           Row{"AmazonSQS.ChangeMessageVisibility", handle + R"(,"VisibilityTimeout":1)"},
           Row{"AmazonSQS.ChangeMessageVisibilityBatch",
               R"("Entries":[{"Id":"a","VisibilityTimeout":1,)" + handle + "}]"},
           Row{"AmazonSQS.DeleteQueue", R"("a":0)"},
           Row{"AmazonSQS.GetQueueAttributes", R"("a":0)"},
           Row{"AmazonSQS.SetQueueAttributes", R"("Attributes":{"DelaySeconds":"1"})"},
           Row{"Selvage.Receive", session},
           Row{"Selvage.SetRetryPolicy", R"("Attempts":2)"},
       }) {
    const Answer missing = send(request(action, "{" + rest + "}"));
    EXPECT_EQ(missing.status, 400) << action;
    EXPECT_EQ(missing.error(), "MissingRequiredParameterException") << action;
    EXPECT_EQ(missing.query_error, "MissingParameter;Sender") << action;
    const Answer unknown = send(request(action, R"({"QueueUrl":"http://h/1/none",)" + rest + "}"));
    EXPECT_EQ(unknown.status, 400) << action;
    EXPECT_EQ(unknown.error(), "QueueDoesNotExist") << action;
    EXPECT_EQ(unknown.query_error, "AWS.SimpleQueueService.NonExistentQueue;Sender") << action;
  }
}

// ---- the names of refusals

TEST(Refusals, EachHasItsErrorAndItsNameInOurResults) {
  using queue::Refusal;
  struct Row {
    Refusal refusal;
    const char* type;
    int status;
    const char* outcome;
  };
  for (const auto& [refusal, type, status, outcome] : {
           Row{Refusal::kNoSuchQueue, "QueueDoesNotExist", 400, "NoSuchQueue"},
           Row{Refusal::kQueueExists, "QueueNameExists", 400, "QueueExists"},
           Row{Refusal::kTooLarge, "InvalidParameterValueException", 400, "TooLarge"},
           Row{Refusal::kNotInFlight, "MessageNotInflight", 400, "NotInFlight"},
           Row{Refusal::kForeignReceipt, "ReceiptHandleIsInvalid", 404, "ForeignReceipt"},
           Row{Refusal::kLeaseTooLong, "InvalidParameterValueException", 400, "LeaseTooLong"},
           Row{Refusal::kOverLimit, "OverLimit", 403, "OverLimit"},
           Row{Refusal::kLeaseGone, "ReceiptHandleIsInvalid", 404, "LeaseGone"},
           Row{Refusal::kNoSession, "SessionEnded", 409, "NoSession"},
           Row{Refusal::kNoArtifact, "InvalidParameterValueException", 400, "NoArtifact"},
       }) {
    EXPECT_EQ(describe(refusal).kind.type, type);
    EXPECT_EQ(describe(refusal).kind.status, status) << type;
    EXPECT_NE(describe(refusal).message, "") << type;
    EXPECT_EQ(outcome_name(refusal), outcome);
  }
}

// ---- batches

TEST(BatchIds, OneToTenDistinctOnesOfTheseCharacters) {
  const std::vector<std::string> ten = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  std::vector<std::string> eleven = ten;
  eleven.emplace_back("10");
  struct Row {
    std::vector<std::string> ids;
    std::string_view error;
  };
  for (const auto& [ids, error] : {
           Row{{"a"}, ""},
           Row{ten, ""},
           Row{{std::string(80, 'i'), "A-z_0"}, ""},
           Row{{}, "EmptyBatchRequest"},
           Row{eleven, "TooManyEntriesInBatchRequest"},
           Row{{""}, "InvalidBatchEntryId"},
           Row{{std::string(81, 'i')}, "InvalidBatchEntryId"},
           Row{{"a", "with space"}, "InvalidBatchEntryId"},
           Row{{"quote\""}, "InvalidBatchEntryId"},
           Row{{"a", "b", "a"}, "BatchEntryIdsNotDistinct"},
           Row{{"a", "A"}, ""},
       }) {
    const auto checked = check_batch_ids(ids);
    EXPECT_EQ(checked ? "" : checked.error().kind.type, error);
  }
}

TEST(BatchResultsJson, ListsThatAreEmptyAreLeftOut) {
  BatchResults good({"a"});
  good.succeed(0, R"("MessageId":"m")");
  EXPECT_EQ(good.to_json(), R"({"Successful":[{"Id":"a","MessageId":"m"}]})");
  BatchResults bad({"a"});
  bad.fail(0, {kInternalFailure, "why"});
  EXPECT_EQ(
      bad.to_json(),
      R"({"Failed":[{"Id":"a","Code":"InternalFailure","Message":"why","SenderFault":false}]})");
}

TEST(BatchResultsJson, EntriesKeepTheirOrder) {
  BatchResults results({"a", "b", "c"});
  results.succeed(2, "");
  results.fail(1, {kOverLimit, "say \"why\""});
  results.succeed(0, "");
  EXPECT_EQ(results.to_json(),
            R"({"Successful":[{"Id":"a"},{"Id":"c"}],"Failed":[{"Id":"b","Code":"OverLimit",)"
            R"("Message":"say \"why\"","SenderFault":true}]})");
}

}  // namespace
}  // namespace selvage::sqs
