// SPDX-License-Identifier: Apache-2.0
// Amazon's actions on messages, each with its answer and its errors.
#include <fmt/format.h>

#include "auth/digest.h"
#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class MessageActions : public ApiTest {
 protected:
  MessageActions() { create("q"); }
  Answer receive(const std::string& rest = R"("WaitTimeSeconds":0)") {
    return amazon("ReceiveMessage", R"({"QueueUrl":"q",)" + rest + "}");
  }
  Answer send_entry(const std::string& rest) {
    return amazon("SendMessage", R"({"QueueUrl":"q",)" + rest + "}");
  }
  Answer send_entries(const std::string& entries) {
    return amazon("SendMessageBatch", R"({"QueueUrl":"q","Entries":[)" + entries + "]}");
  }
};

// ---- send

TEST_F(MessageActions, SentMessageHasAnIdAndTheDigestOfItsBody) {
  const Answer answer = send_entry(R"("MessageBody":"hello")");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer["MessageId"].size(), 36u);
  EXPECT_EQ(answer["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
  EXPECT_THAT(answer.body, Not(HasSubstr("Attributes")));
}

TEST_F(MessageActions, AttributesHaveDigestsOfTheirOwn) {
  const Answer answer = send_entry(
      R"("MessageBody":"b","MessageAttributes":{"a":{"DataType":"String","StringValue":"b"}},)"
      R"("MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String",)"
      R"("StringValue":"Root=1-5759e988"}})");
  EXPECT_EQ(answer["MD5OfMessageAttributes"], "bef8bf215374a0a228d67533b1a488be");
  EXPECT_EQ(answer["MD5OfMessageSystemAttributes"], "1093703a9379955b75098a87e549ba88");
}

TEST_F(MessageActions, MessageThatCannotBeSentIsRefused) {
  create("small", R"({"MaximumMessageSize":"1024"})");
  struct Row {
    std::string json;
    const char* error;
  };
  const std::string large(1025, 'x');
  for (const auto& [json, error] : {
           Row{R"("QueueUrl":"q")", "MissingRequiredParameterException"},
           Row{R"("QueueUrl":"q","MessageBody":"")", "MissingRequiredParameterException"},
           Row{R"("QueueUrl":"q","MessageBody":"\u0001")", "InvalidMessageContents"},
           Row{R"("QueueUrl":"q","MessageBody":"b","DelaySeconds":901)",
               "InvalidParameterValueException"},
           Row{R"("QueueUrl":"q","MessageBody":"b","DelaySeconds":-1)",
               "InvalidParameterValueException"},
           Row{R"("QueueUrl":"small","MessageBody":")" + large + '"',
               "InvalidParameterValueException"},
           Row{R"("QueueUrl":"q","MessageBody":"b","MessageAttributes":{"a..b":{"DataType":)"
               R"("String","StringValue":"x"}})",
               "InvalidParameterValueException"},
           Row{R"("QueueUrl":"q","MessageBody":"b","MessageSystemAttributes":{"Other":)"
               R"({"DataType":"String","StringValue":"x"}})",
               "InvalidParameterValueException"},
           Row{R"("QueueUrl":"q","MessageBody":"b","MessageSystemAttributes":{"AWSTraceHeader":)"
               R"({"DataType":"Binary","BinaryValue":"AA=="}})",
               "InvalidParameterValueException"},
       }) {
    const Answer answer = amazon("SendMessage", "{" + json + "}");
    EXPECT_EQ(answer.status, 400) << json;
    EXPECT_EQ(answer.error(), error) << json;
  }
  EXPECT_EQ(waiting_in("q"), 0);
}

TEST_F(MessageActions, DelayedMessageComesLater) {
  send_entry(R"("MessageBody":"later","DelaySeconds":900)");
  EXPECT_EQ(receive().body, "{}");
  backend_.clock.advance(seconds(900));
  EXPECT_EQ(receive()["Body"], "later");
}

TEST_F(MessageActions, WrongEntryOfABatchFailsAlone) {
  const Answer answer = send_entries(
      R"({"Id":"a","MessageBody":"one"},{"Id":"b","MessageBody":"two","DelaySeconds":901},)"
      R"({"Id":"c"},{"Id":"d","MessageBody":"four"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, testing::ContainsRegex(R"("Successful":\[\{"Id":"a".*"Id":"d".*\])"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Id":"b","SenderFault":true,"Code":"InvalidParameterValue")"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"Id":"c","SenderFault":true,"Code":"EmptyValue")"));
  EXPECT_EQ(waiting_in("q"), 2);
}

TEST_F(MessageActions, BatchThatIsWrongAsAWholeSendsNothing) {
  std::string eleven, large;
  for (int i = 0; i < 11; ++i)
    eleven += fmt::format(R"({}{{"Id":"{}","MessageBody":"b"}})", i > 0 ? "," : "", i);
  for (const char* id : {"a", "b"})
    large += fmt::format(R"({}{{"Id":"{}","MessageBody":"{}"}})", large.empty() ? "" : ",", id,
                         std::string((1 << 19) + 1, 'x'));
  struct Row {
    std::string entries;
    const char* error;
  };
  for (const auto& [entries, error] :
       {Row{"", "EmptyBatchRequest"}, Row{eleven, "TooManyEntriesInBatchRequest"},
        Row{R"({"Id":"a b","MessageBody":"b"})", "InvalidBatchEntryId"},
        Row{R"({"Id":"a","MessageBody":"b"},{"Id":"a","MessageBody":"b"})",
            "BatchEntryIdsNotDistinct"},
        Row{large, "BatchRequestTooLong"}}) {
    const Answer answer = send_entries(entries);
    EXPECT_EQ(answer.status, 400) << error;
    EXPECT_EQ(answer.error(), error);
    EXPECT_EQ(answer.query_error, std::string("AWS.SimpleQueueService.") + error + ";Sender");
  }
  EXPECT_EQ(waiting_in("q"), 0);
}

// ---- receive

TEST_F(MessageActions, ReceivedMessageIsWhatWasSent) {
  const std::string id = send_body("q", "hello");
  const Answer answer = receive();
  EXPECT_EQ(answer["MessageId"], id);
  EXPECT_EQ(answer["Body"], "hello");
  EXPECT_EQ(answer["MD5OfBody"], "5d41402abc4b2a76b9719d911017c592");
  EXPECT_NE(answer["ReceiptHandle"], "");
  EXPECT_THAT(answer.body, Not(HasSubstr("Attributes")));
  EXPECT_EQ(receive().body, "{}");
}

TEST_F(MessageActions, AtMostAsManyAsAskedAreReceived) {
  for (const char* body : {"1", "2", "3"}) send_body("q", body);
  EXPECT_THAT(receive(R"("MaxNumberOfMessages":2)").body,
              testing::ContainsRegex(R"("Body":"1".*"Body":"2")"));
  EXPECT_EQ(receive(R"("MaxNumberOfMessages":10)")["Body"], "3");
}

TEST_F(MessageActions, NumbersOfAReceiveHaveRanges) {
  for (const char* bad :
       {R"("MaxNumberOfMessages":0)", R"("MaxNumberOfMessages":11)", R"("WaitTimeSeconds":-1)",
        R"("WaitTimeSeconds":21)", R"("VisibilityTimeout":-1)", R"("VisibilityTimeout":43201)"}) {
    const Answer answer = receive(bad);
    EXPECT_EQ(answer.query_error, "InvalidParameterValue;Sender") << bad;
  }
}

TEST_F(MessageActions, SystemAttributesAreShownToWhoNamesThem) {
  const auto millis = std::to_string(to_millis(backend_.clock.now()));
  send_entry(R"("MessageBody":"b","MessageSystemAttributes":{"AWSTraceHeader":)"
             R"({"DataType":"String","StringValue":"Root=1"}})");
  EXPECT_THAT(
      receive(R"("VisibilityTimeout":0,"MessageSystemAttributeNames":["SentTimestamp"])").body,
      HasSubstr(R"("Attributes":{"SentTimestamp":")" + millis + "\"}"));
  backend_.clock.advance(seconds(1));
  EXPECT_THAT(receive(R"("AttributeNames":["All"])").body,
              HasSubstr(R"("Attributes":{"SenderId":"000000000000",)"
                        R"("ApproximateFirstReceiveTimestamp":")" +
                        millis + R"(","ApproximateReceiveCount":"2","SentTimestamp":")" + millis +
                        R"(","AWSTraceHeader":"Root=1"})"));
}

TEST_F(MessageActions, UserAttributesAreFilteredAndTheDigestIsOfWhatIsShown) {
  send_entry(R"("MessageBody":"b","MessageAttributes":{)"
             R"("a":{"DataType":"String","StringValue":"b"},)"
             R"("ab.c":{"DataType":"Binary","BinaryValue":"AP8Q"}})");
  struct Row {
    const char* names;
    bool a, abc;
  };
  for (const auto& [names, a, abc] :
       {Row{R"([])", false, false}, Row{R"(["a"])", true, false}, Row{R"(["ab.*"])", false, true},
        Row{R"(["All"])", true, true}, Row{R"([".*"])", true, true},
        Row{R"(["other"])", false, false}}) {
    const Answer answer =
        receive(fmt::format(R"("VisibilityTimeout":0,"MessageAttributeNames":{})", names));
    backend_.clock.advance(seconds(1));
    EXPECT_EQ(
        answer.body.find(R"("a":{"StringValue":"b","DataType":"String"})") != std::string::npos, a)
        << names;
    EXPECT_EQ(answer.body.find(R"("ab.c":{"BinaryValue":"AP8Q","DataType":"Binary"})") !=
                  std::string::npos,
              abc)
        << names;
    if (a && !abc) {
      EXPECT_EQ(answer["MD5OfMessageAttributes"], "bef8bf215374a0a228d67533b1a488be");
    }
  }
}

TEST_F(MessageActions, DeadLetterTellsItsSourceAndOurEvidenceOnlyToWhoNamesIt) {
  create("dead");
  create("work", R"({"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:)"
                 R"(000000000000:dead\",\"maxReceiveCount\":1000}"})");
  send_body("work", "b");
  const std::string handle = take_in(open_session(), "work");
  ours("Fail", R"({"Entries":[{"ReceiptHandle":")" + handle +
                   R"(","Poison":true,"Evidence":{"cause":"bad","attempt":1}}]})");
  const auto show = [&](const char* names) {
    backend_.clock.advance(seconds(1));
    return amazon(
               "ReceiveMessage",
               fmt::format(R"({{"QueueUrl":"dead","VisibilityTimeout":0,"AttributeNames":[{}]}})",
                           names))
        .body;
  };
  EXPECT_THAT(show(R"("All")"),
              HasSubstr(R"("DeadLetterQueueSourceArn":"arn:aws:sqs:us-east-1:000000000000:work")"));
  EXPECT_THAT(show(R"("All")"), Not(HasSubstr("Selvage")));
  EXPECT_THAT(show(""), Not(HasSubstr("Attributes")));
  EXPECT_THAT(show(R"("SelvageEvidence")"),
              HasSubstr(R"("SelvageEvidence":"[{\"cause\":\"bad\",\"attempt\":1}]")"));
}

// ---- long polls

TEST_F(MessageActions, LongPollIsAnsweredWhenItsWaitIsOver) {
  EXPECT_EQ(receive(R"("WaitTimeSeconds":20)").status, 0) << "it waits";
  EXPECT_EQ(backend_.last<queue::Receive>().wait, seconds(20));
  backend_.end_waits();
  EXPECT_EQ(answer().status, 200);
  EXPECT_EQ(answer().body, "{}");
}

TEST_F(MessageActions, PollWithoutAWaitLeavesItToTheQueue) {
  receive(R"("MaxNumberOfMessages":1)");
  EXPECT_FALSE(backend_.last<queue::Receive>().wait);
  receive(R"("WaitTimeSeconds":0)");
  EXPECT_EQ(backend_.last<queue::Receive>().wait, seconds(0));
}

TEST_F(MessageActions, AbandonedLongPollIsCancelled) {
  receive(R"("WaitTimeSeconds":20)");
  ASSERT_EQ(backend_.parked.size(), 1u);
  const Backend::Ticket ticket = backend_.parked.begin()->first;
  connection_->close();
  EXPECT_THAT(backend_.cancelled, testing::ElementsAre(ticket));
  EXPECT_TRUE(backend_.parked.empty());
}

// ---- delete

TEST_F(MessageActions, DeletedMessageIsGone) {
  send_body("q", "b");
  const std::string handle = take("q");
  const std::string json = R"({"QueueUrl":"q","ReceiptHandle":")" + handle + "\"}";
  EXPECT_EQ(amazon("DeleteMessage", json).body, "");
  EXPECT_EQ(amazon("DeleteMessage", json).status, 200) << "again is fine";
  backend_.clock.advance(seconds(100));
  EXPECT_EQ(receive().body, "{}");
}

TEST_F(MessageActions, HandleOfNothingOrOfAnotherQueueIsRefused) {
  create("other");
  send_body("other", "b");
  const std::string foreign = take("other");
  for (const std::string& handle : {std::string("garbage"), foreign}) {
    const Answer answer =
        amazon("DeleteMessage", R"({"QueueUrl":"q","ReceiptHandle":")" + handle + "\"}");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.query_error, "ReceiptHandleIsInvalid;Sender");
  }
  EXPECT_EQ(amazon("DeleteMessage", R"({"QueueUrl":"q"})").query_error, "MissingParameter;Sender");
}

TEST_F(MessageActions, DeleteBatchAnswersForEachEntry) {
  send_body("q", "b");
  const std::string handle = take("q");
  const Answer answer = amazon(
      "DeleteMessageBatch", R"({"QueueUrl":"q","Entries":[{"Id":"bad","ReceiptHandle":"garbage"},)"
                            R"({"Id":"none"},{"Id":"good","ReceiptHandle":")" +
                                handle + R"("}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("Successful":[{"Id":"good"}])"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Id":"bad","SenderFault":true,"Code":"ReceiptHandleIsInvalid")"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Id":"none","SenderFault":true,"Code":"MissingParameter")"));
}

TEST_F(MessageActions, ReceiptBatchThatIsWrongAsAWholeIsRefused) {
  for (const char* action : {"DeleteMessageBatch", "ChangeMessageVisibilityBatch"})
    for (const auto& [entries, error] :
         {std::pair{"", "EmptyBatchRequest"}, std::pair{"{}", "MissingRequiredParameterException"},
          std::pair{R"({"Id":"a."})", "InvalidBatchEntryId"},
          std::pair{R"({"Id":"a"},{"Id":"a"})", "BatchEntryIdsNotDistinct"}})
      EXPECT_EQ(
          amazon(action, fmt::format(R"({{"QueueUrl":"q","Entries":[{}]}})", entries)).error(),
          error)
          << action;
}

// ---- change visibility

TEST_F(MessageActions, ChangedVisibilityCountsFromNow) {
  send_body("q", "b");
  const std::string handle = take("q");
  const auto change = [&](const char* timeout) {
    return amazon("ChangeMessageVisibility",
                  fmt::format(R"({{"QueueUrl":"q","ReceiptHandle":"{}","VisibilityTimeout":{}}})",
                              handle, timeout));
  };
  backend_.clock.advance(seconds(29));
  EXPECT_EQ(change("60").body, "");
  backend_.clock.advance(seconds(59));
  EXPECT_EQ(receive().body, "{}");
  EXPECT_EQ(change("0").body, "");
  EXPECT_EQ(receive()["Body"], "b");
  EXPECT_EQ(change("60").status, 200) << "an older handle still names the message";
}

TEST_F(MessageActions, TimeoutIsNeededAndHasARange) {
  send_body("q", "b");
  const std::string handle = take("q");
  const std::string begin = R"({"QueueUrl":"q","ReceiptHandle":")" + handle + '"';
  const auto error = [&](const std::string& rest) {
    return amazon("ChangeMessageVisibility", begin + rest + "}").error();
  };
  EXPECT_EQ(error(""), "MissingRequiredParameterException");
  EXPECT_EQ(error(R"(,"VisibilityTimeout":-1)"), "InvalidParameterValueException");
  EXPECT_EQ(error(R"(,"VisibilityTimeout":43201)"), "InvalidParameterValueException");
  backend_.clock.advance(seconds(1));
  EXPECT_EQ(error(R"(,"VisibilityTimeout":43200)"), "InvalidParameterValueException")
      << "twelve hours from the receive";
  EXPECT_EQ(error(R"(,"VisibilityTimeout":43199)"), "");
}

TEST_F(MessageActions, VisibilityBatchAnswersForEachEntry) {
  send_body("q", "b");
  const std::string handle = take("q");
  const Answer answer =
      amazon("ChangeMessageVisibilityBatch",
             fmt::format(R"({{"QueueUrl":"q","Entries":[)"
                         R"({{"Id":"untimed","ReceiptHandle":"{0}"}},)"
                         R"({{"Id":"range","ReceiptHandle":"{0}","VisibilityTimeout":43201}},)"
                         R"({{"Id":"good","ReceiptHandle":"{0}","VisibilityTimeout":5}}]}})",
                         handle));
  EXPECT_THAT(answer.body, HasSubstr(R"("Successful":[{"Id":"good"}])"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Id":"untimed","SenderFault":true,"Code":"MissingParameter")"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Id":"range","SenderFault":true,"Code":"InvalidParameterValue")"));
  backend_.clock.advance(seconds(5));
  EXPECT_EQ(receive()["Body"], "b");
}

}  // namespace
}  // namespace selvage::sqs
