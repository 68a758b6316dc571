// SPDX-License-Identifier: Apache-2.0
// FIFO queues as clients see them: groups, duplicates, sequence numbers, attempt ids; and groups
// on standard queues.
#include <fmt/format.h>

#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class FifoActions : public QueryTest {
 protected:
  FifoActions() {
    create("q.fifo", R"({"FifoQueue":"true"})");
    create("content.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
    create("q");
  }
  Answer send_to(const std::string& queue, const std::string& rest) {
    return amazon("SendMessage", fmt::format(R"({{"QueueUrl":"{}",{}}})", queue, rest));
  }
  Answer send_in(const std::string& group, const std::string& id, const std::string& body = "b") {
    return send_to("q.fifo", fmt::format(R"("MessageBody":"{}","MessageGroupId":"{}",)"
                                         R"("MessageDeduplicationId":"{}")",
                                         body, group, id));
  }
  Answer receive(const std::string& rest = R"("MaxNumberOfMessages":10)") {
    return amazon("ReceiveMessage", R"({"QueueUrl":"q.fifo",)" + rest + "}");
  }
  static int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++found;
    return found;
  }
};

// ---- send

TEST_F(FifoActions, SequenceNumbersHaveTwentyDigitsAndRise) {
  std::string former = "0";
  for (const char* id : {"1", "2", "3"}) {
    const std::string number = send_in("g", id)["SequenceNumber"];
    EXPECT_EQ(number.size(), 20u);
    EXPECT_GT(number, former);
    former = number;
  }
  EXPECT_THAT(send_to("q", R"("MessageBody":"b")").body, Not(HasSubstr("SequenceNumber")));
}

TEST_F(FifoActions, DuplicateIsAnsweredLikeTheFirstWithItsOwnDigests) {
  const Answer first = send_in("g", "id", "hello");
  const Answer again = send_in("other group", "id2", "x");
  EXPECT_EQ(again.error(), "InvalidParameterValueException") << "a blank is no punctuation";
  const Answer second = send_in("g2", "id", "other");
  EXPECT_EQ(second["MessageId"], first["MessageId"]);
  EXPECT_EQ(second["SequenceNumber"], first["SequenceNumber"]);
  EXPECT_EQ(first["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(second["MD5OfMessageBody"], "795f3202b17cb6bc3d4b771d8c6c9eaf");
  EXPECT_EQ(waiting_in("q.fifo"), 1);
  backend_.clock.advance(minutes(5));
  EXPECT_NE(send_in("g", "id", "hello")["MessageId"], first["MessageId"]);
  EXPECT_EQ(waiting_in("q.fifo"), 2);
}

TEST_F(FifoActions, ContentIsTheIdWhereNoneIsGiven) {
  const auto send_body_in = [this](const std::string& rest) {
    return send_to("content.fifo", R"("MessageGroupId":"g",)" + rest)["MessageId"];
  };
  const std::string first = send_body_in(R"("MessageBody":"a")");
  EXPECT_EQ(send_body_in(R"("MessageBody":"a","MessageAttributes":{"x":{"DataType":"String",)"
                         R"("StringValue":"y"}})"),
            first)
      << "attributes do not count";
  EXPECT_NE(send_body_in(R"("MessageBody":"b")"), first);
  EXPECT_NE(send_body_in(R"("MessageBody":"a","MessageDeduplicationId":"own")"), first);
  EXPECT_EQ(send_body_in(R"("MessageBody":"c","MessageDeduplicationId":)"
                         R"("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")"),
            first)
      << "the SHA-256 of \"a\"";
}

TEST_F(FifoActions, GroupCanBeTheScopeOfDuplicates) {
  create("scoped.fifo", R"({"FifoQueue":"true","DeduplicationScope":"messageGroup"})");
  const auto send_as = [this](const std::string& group) {
    return send_to("scoped.fifo", fmt::format(R"("MessageBody":"b","MessageGroupId":"{}",)"
                                              R"("MessageDeduplicationId":"id")",
                                              group))["MessageId"];
  };
  const std::string first = send_as("a");
  EXPECT_NE(send_as("b"), first);
  EXPECT_EQ(send_as("a"), first);
}

TEST_F(FifoActions, WhatAFifoQueueNeedsAndRefuses) {
  struct Row {
    const char* queue;
    std::string rest;
    const char* code;
    std::string sentence;
  };
  const auto token = [](const std::string& name, const std::string& value) {
    return fmt::format(R"("MessageGroupId":"g","MessageDeduplicationId":"d","{}":"{}")", name,
                       value);
  };
  const auto bad_token = [](const std::string& name, const std::string& value) {
    return fmt::format(
        "Value {1} for parameter {0} is invalid. Reason: {0} can only include "
        "alphanumeric and punctuation characters. 1 to 128 in length.",
        name, value);
  };
  constexpr auto kValue = "InvalidParameterValue;Sender";
  const std::string long_one(129, 'x');
  const std::string not_for_it =
      " is invalid. Reason: The request include parameter that is not valid for this queue type.";
  for (const auto& [queue, rest, code, sentence] : {
           Row{"q.fifo", R"("MessageDeduplicationId":"d")", "MissingParameter;Sender",
               "The request must contain the parameter MessageGroupId."},
           Row{"q.fifo", R"("MessageGroupId":"g")", kValue,
               "The queue should either have ContentBasedDeduplication enabled or "
               "MessageDeduplicationId provided explicitly"},
           Row{"q.fifo", token("DelaySeconds\":10,\"x", ""), kValue,
               "Value 10 for parameter DelaySeconds" + not_for_it},
           Row{"q.fifo", token("MessageGroupId", "a b"), kValue,
               bad_token("MessageGroupId", "a b")},
           Row{"q.fifo", token("MessageGroupId", long_one), kValue,
               bad_token("MessageGroupId", long_one)},
           Row{"q.fifo", token("MessageDeduplicationId", "\xC3\xA4"), kValue,
               bad_token("MessageDeduplicationId", "\xC3\xA4")},
           Row{"q", R"("MessageDeduplicationId":"d")", kValue,
               "Value d for parameter MessageDeduplicationId" + not_for_it},
       }) {
    const Answer answer = send_to(queue, R"("MessageBody":"b",)" + rest);
    EXPECT_EQ(answer.query_error, code) << rest;
    EXPECT_EQ(answer["message"], sentence) << rest;
  }
  EXPECT_EQ(waiting_in("q.fifo"), 0);
  EXPECT_EQ(send_to("q.fifo", R"("MessageBody":"b","DelaySeconds":0,)" + token("x", "")).status,
            200);
  EXPECT_EQ(send_in(std::string(128, '~'), "!").status, 200);
}

TEST_F(FifoActions, EntriesOfABatchFailAlone) {
  const Answer answer =
      amazon("SendMessageBatch",
             R"({"QueueUrl":"q.fifo","Entries":[)"
             R"({"Id":"good","MessageBody":"b","MessageGroupId":"g","MessageDeduplicationId":"1"},)"
             R"({"Id":"group","MessageBody":"b","MessageDeduplicationId":"2"},)"
             R"({"Id":"id","MessageBody":"b","MessageGroupId":"g"},)"
             R"({"Id":"delay","MessageBody":"b","MessageGroupId":"g","MessageDeduplicationId":"3",)"
             R"("DelaySeconds":5}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body,
              testing::ContainsRegex(
                  R"("Successful":\[\{"Id":"good"[^]]*"SequenceNumber":"[0-9]{20}"\}\])"));
  for (const char* failed :
       {R"({"Id":"group","SenderFault":true,"Code":"MissingParameter",)"
        R"("Message":"The request must contain the parameter MessageGroupId."})",
        R"({"Id":"id","SenderFault":true,"Code":"InvalidParameterValue",)"
        R"("Message":"The queue should either have ContentBasedDeduplication enabled or )"
        R"(MessageDeduplicationId provided explicitly"})",
        R"({"Id":"delay","SenderFault":true,"Code":"InvalidParameterValue",)"
        R"("Message":"The request include parameter that is not valid for this queue type"})"})
    EXPECT_THAT(answer.body, HasSubstr(failed));
  EXPECT_THAT(
      amazon("SendMessageBatch", R"({"QueueUrl":"q","Entries":[{"Id":"a","MessageBody":"b",)"
                                 R"("MessageDeduplicationId":"1"}]})")
          .body,
      HasSubstr(R"("Message":"The request include parameter that is not valid for this )"
                R"(queue type")"));
}

// ---- receive

TEST_F(FifoActions, AttributesOfAFifoMessageAreShown) {
  const Answer sent = send_in("g1", "d1");
  const Answer received = receive(R"("MessageSystemAttributeNames":["All"])");
  const std::string now = std::to_string(to_millis(backend_.clock.now()));
  EXPECT_THAT(received.body,
              HasSubstr(fmt::format(
                  R"("Attributes":{{"SenderId":"000000000000",)"
                  R"("ApproximateFirstReceiveTimestamp":"{0}","ApproximateReceiveCount":"1",)"
                  R"("SentTimestamp":"{0}","SequenceNumber":"{1}","MessageDeduplicationId":"d1",)"
                  R"("MessageGroupId":"g1"}})",
                  now, sent["SequenceNumber"])));
}

TEST_F(FifoActions, XmlShowsThemLikewise) {
  const std::string sent = post(
      "Action=SendMessage&QueueUrl=q.fifo&MessageBody=b&MessageGroupId=g&MessageDeduplicationId=d");
  const std::string number = element(sent, "SequenceNumber");
  EXPECT_THAT(sent, HasSubstr("</MD5OfMessageBody><SequenceNumber>" + number +
                              "</SequenceNumber></SendMessageResult>"));
  EXPECT_THAT(post("Action=ReceiveMessage&QueueUrl=q.fifo&AttributeName.1=SequenceNumber"
                   "&AttributeName.2=MessageGroupId&MessageSystemAttributeName.1="
                   "MessageDeduplicationId"),
              HasSubstr("<Attribute><Name>SequenceNumber</Name><Value>" + number +
                        "</Value></Attribute><Attribute><Name>MessageDeduplicationId</Name>"
                        "<Value>d</Value></Attribute><Attribute><Name>MessageGroupId</Name>"
                        "<Value>g</Value></Attribute>"));
}

TEST_F(FifoActions, GroupInFlightIsHeldBackAndOthersAreNot) {
  send_in("a", "1", "a1");
  send_in("a", "2", "a2");
  send_in("b", "3", "b1");
  const Answer first = receive(R"("MaxNumberOfMessages":1)");
  EXPECT_EQ(first["Body"], "a1");
  EXPECT_EQ(receive()["Body"], "b1");
  EXPECT_EQ(receive().body, "{}");
  amazon("DeleteMessage",
         fmt::format(R"({{"QueueUrl":"q.fifo","ReceiptHandle":"{}"}})", first["ReceiptHandle"]));
  EXPECT_EQ(receive()["Body"], "a2");
}

TEST_F(FifoActions, ExpiredHandleDeletesNothingInOneOrInABatch) {
  send_in("g", "1");
  const std::string handle = receive()["ReceiptHandle"];
  backend_.clock.advance(seconds(31));
  const Answer single = amazon(
      "DeleteMessage", fmt::format(R"({{"QueueUrl":"q.fifo","ReceiptHandle":"{}"}})", handle));
  EXPECT_EQ(single.query_error, "InvalidParameterValue;Sender");
  EXPECT_EQ(single["message"], fmt::format("Value {} for parameter ReceiptHandle is invalid. "
                                           "Reason: The receipt handle has expired.",
                                           handle));
  EXPECT_THAT(
      amazon("DeleteMessageBatch", fmt::format(R"({{"QueueUrl":"q.fifo","Entries":[{{"Id":"a",)"
                                               R"("ReceiptHandle":"{}"}}]}})",
                                               handle))
          .body,
      HasSubstr(R"({"Id":"a","SenderFault":true,"Code":"ReceiptHandleIsInvalid",)"
                R"("Message":"The receipt handle has expired"})"));
  EXPECT_EQ(receive()["Body"], "b");
}

TEST_F(FifoActions, AttemptThatIsRepeatedGetsTheSameMessagesAndHandles) {
  for (const char* id : {"1", "2", "3"}) send_in("g", id, id);
  const std::string attempt = R"("MaxNumberOfMessages":2,"ReceiveRequestAttemptId":"try-1")";
  const Answer first = receive(attempt);
  EXPECT_EQ(count(first.body, "ReceiptHandle"), 2);
  EXPECT_EQ(receive(attempt).body, first.body);
  EXPECT_EQ(receive(R"("ReceiveRequestAttemptId":"try-2")").body, "{}");
  amazon("DeleteMessage",
         fmt::format(R"({{"QueueUrl":"q.fifo","ReceiptHandle":"{}"}})", first["ReceiptHandle"]));
  const Answer changed = receive(attempt);
  EXPECT_EQ(changed.query_error, "InvalidParameterValue;Sender");
  EXPECT_EQ(changed["message"],
            "Value try-1 for parameter ReceiveRequestAttemptId is invalid. Reason: The "
            "receiveRequestAttemptId is not valid anymore since the receive call is not "
            "retryable.");
}

TEST_F(FifoActions, AttemptIdsAreCheckedAndIgnoredByStandardQueues) {
  EXPECT_EQ(receive(R"("ReceiveRequestAttemptId":"a b")").query_error,
            "InvalidParameterValue;Sender");
  send_body("q", "b");
  const std::string json = R"({"QueueUrl":"q","ReceiveRequestAttemptId":"try"})";
  EXPECT_EQ(amazon("ReceiveMessage", json)["Body"], "b");
  EXPECT_EQ(amazon("ReceiveMessage", json).body, "{}");
}

TEST_F(FifoActions, DeadLetterIsKnownByItsMessageId) {
  create("dead.fifo", R"({"FifoQueue":"true"})");
  EXPECT_EQ(amazon("SetQueueAttributes",
                   R"({"QueueUrl":"q.fifo","Attributes":{"RedrivePolicy":)"
                   R"("{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead.fifo\",)"
                   R"(\"maxReceiveCount\":\"1\"}"}})")
                .status,
            200);
  const std::string id = send_in("g", "d")["MessageId"];
  receive(R"("VisibilityTimeout":0)");
  backend_.clock.advance(seconds(1));
  EXPECT_EQ(receive().body, "{}");
  const Answer dead =
      amazon("ReceiveMessage", R"({"QueueUrl":"dead.fifo","MessageSystemAttributeNames":["All"]})");
  EXPECT_EQ(dead["MessageId"], id);
  EXPECT_EQ(dead["MessageDeduplicationId"], id);
  EXPECT_EQ(dead["MessageGroupId"], "g");
  EXPECT_EQ(dead["ApproximateReceiveCount"], "2");
  EXPECT_EQ(dead["DeadLetterQueueSourceArn"], "arn:aws:sqs:us-east-1:000000000000:q.fifo");
}

// ---- groups on standard queues

TEST_F(FifoActions, GroupOfAStandardQueueIsShownAndHoldsNothingBack) {
  for (const char* body : {"1", "2"})
    EXPECT_EQ(
        send_to("q", fmt::format(R"("MessageBody":"{}","MessageGroupId":"tenant")", body)).status,
        200);
  const auto receive_one = [this] {
    return amazon("ReceiveMessage", R"({"QueueUrl":"q","MessageSystemAttributeNames":["All"]})");
  };
  const Answer first = receive_one();
  EXPECT_EQ(first["MessageGroupId"], "tenant");
  EXPECT_THAT(first.body, Not(HasSubstr("SequenceNumber")));
  EXPECT_THAT(first.body, Not(HasSubstr("MessageDeduplicationId")));
  EXPECT_EQ(receive_one()["Body"], "2");
}

}  // namespace
}  // namespace selvage::sqs
