// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "client/client_fixture.h"

namespace selvage::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- what is asked, and what is read from the answer

TEST_F(ClientTest, CreateQueue) {
  EXPECT_TRUE(answered<void>([&](auto done) { client_.create_queue("q \"1\"", done); }, "{}"));
  EXPECT_EQ(asked_.action, "AmazonSQS.CreateQueue");
  EXPECT_EQ(asked_.body, R"({"QueueName":"q \"1\""})");
}

TEST_F(ClientTest, Send) {
  const auto id = answered<std::string>([&](auto done) { client_.send("q", "a\nb", done); },
                                        R"({"MD5OfMessageBody":"x","MessageId":"m-1"})");
  EXPECT_EQ(id, "m-1");
  EXPECT_EQ(asked_.action, "AmazonSQS.SendMessage");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","MessageBody":"a\nb"})");
}

TEST_F(ClientTest, ConfigureQueueAsksThreeThingsInOrder) {
  std::optional<Result<void>> result;
  client_.configure_queue({.name = "q",
                           .dead_letter_queue = "dead",
                           .attempts = 3,
                           .deaths = 4,
                           .backoff_min = milliseconds(200),
                           .backoff_max = seconds(30)},
                          into<void>(result));
  const auto create = broker_.next();
  create.answer("{}");
  EXPECT_EQ(create.action, "AmazonSQS.CreateQueue");
  EXPECT_EQ(create.body, R"({"QueueName":"q"})");
  const auto attributes = broker_.next();
  attributes.answer("{}");
  EXPECT_EQ(attributes.action, "AmazonSQS.SetQueueAttributes");
  EXPECT_EQ(attributes.body,
            R"({"QueueUrl":"q","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":)"
            R"(\"arn:aws:sqs:::dead\",\"maxReceiveCount\":1000}"}})");
  const auto retry = broker_.next();
  EXPECT_EQ(retry.action, "Selvage.SetRetryPolicy");
  EXPECT_EQ(retry.body,
            R"({"QueueUrl":"q","Attempts":3,"Deaths":4,"BackoffMinMs":200,"BackoffMaxMs":30000})");
  EXPECT_FALSE(result);
  retry.answer("{}");
  broker_.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(*result);
}

TEST_F(ClientTest, FirstThingThatFailedIsWhatConfigureQueueTells) {
  std::optional<Result<void>> result;
  client_.configure_queue({.name = "q"}, into<void>(result));
  broker_.next().answer("{}");
  broker_.next().answer(R"({"__type":"x#First","message":"one"})", 400);
  broker_.next().answer(R"({"__type":"x#Second","message":"two"})", 400);
  broker_.run_until([&] { return result.has_value(); });
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().message, "First: one");
}

TEST_F(ClientTest, NewSession) {
  const auto session = answered<Client::Session>(
      [&](auto done) {
        client_.open_session({.worker = "shrink-1", .resume = {}, .holding = {}}, done);
      },
      R"({"SessionId":"00000000000000ab"})");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->id, "00000000000000ab");
  EXPECT_EQ(asked_.action, "Selvage.OpenSession");
  EXPECT_EQ(asked_.body, R"({"Worker":"shrink-1"})");
}

TEST_F(ClientTest, SessionWithAKeyForAProgram) {
  const auto session = answered<Client::Session>(
      [&](auto done) {
        client_.open_session({.worker = "w",
                              .resume = {},
                              .holding = {},
                              .key_for = "photos",
                              .visibility = seconds(60)},
                             done);
      },
      R"({"SessionId":"ab","AccessKeyId":"i","SecretAccessKey":"s","Region":"r","Account":"a"})");
  EXPECT_EQ(asked_.body, R"({"Worker":"w","KeyForQueueUrl":"photos","VisibilityTimeoutMs":60000})");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->key.id, "i");
  EXPECT_EQ(session->key.secret, "s");
  EXPECT_EQ(session->region, "r");
  EXPECT_EQ(session->account, "a");
}

TEST_F(ClientTest, CloseSessionOfADeadWorkerHasEvidence) {
  answered<void>([&](auto done) { client_.close_session("ab", done, R"({"cause":"signal 9"})"); },
                 "{}");
  EXPECT_EQ(asked_.body, R"({"SessionId":"ab","Evidence":{"cause":"signal 9"}})");
}

TEST_F(ClientTest, ResumedSessionNamesWhatItHolds) {
  answered<Client::Session>(
      [&](auto done) {
        client_.open_session({.worker = "shrink-1", .resume = "ab", .holding = {"r1", "r2"}}, done);
      },
      R"({"SessionId":"ab"})");
  EXPECT_THAT(asked_.body, HasSubstr(R"("SessionId":"ab","Holding":["r1","r2"])"));
}

TEST_F(ClientTest, CloseSession) {
  EXPECT_TRUE(answered<void>([&](auto done) { client_.close_session("ab", done); }, "{}"));
  EXPECT_EQ(asked_.action, "Selvage.CloseSession");
  EXPECT_EQ(asked_.body, R"({"SessionId":"ab"})");
}

TEST_F(ClientTest, Receive) {
  const auto messages = answered<std::vector<Message>>(
      [&](auto done) {
        client_.receive({.queue = "q",
                         .session = "ab",
                         .max = 5,
                         .wait = seconds(20),
                         .visibility = milliseconds(1500)},
                        done);
      },
      R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b","Failed":2,"SentAtUs":7,)"
      R"("FreedAtUs":9,"Artifact":"01234567-89ab-4def-8123-456789abcdef","New":{"a":[1]}},{}]})");
  EXPECT_EQ(asked_.action, "Selvage.Receive");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","SessionId":"ab","MaxNumberOfMessages":5,)"
                         R"("WaitTimeSeconds":20,"VisibilityTimeoutMs":1500})");
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 2u);
  const Message& message = messages->front();
  EXPECT_EQ(message.id, "m");
  EXPECT_EQ(message.receipt, "r");
  EXPECT_EQ(message.body, "b");
  EXPECT_EQ(message.failed, 2);
  EXPECT_EQ(message.sent, from_micros(7));
  EXPECT_EQ(message.freed, from_micros(9));
  EXPECT_EQ(message.artifact.to_string(), "01234567-89ab-4def-8123-456789abcdef");
  EXPECT_EQ(messages->back().freed, Instant{});
  EXPECT_FALSE(messages->back().artifact);
}

TEST_F(ClientTest, ReceiveWithoutASessionNamesItsQueuesInOrder) {
  const auto messages = answered<std::vector<Message>>(
      [&](auto done) {
        client_.receive({.wait = seconds(3), .queues = {"first", "second"}}, done);
      },
      R"({"Messages":[{"MessageId":"m","QueueUrl":"http://h/0/second","MessageGroupId":"g",)"
      R"("MessageAttributes":{"kind":{"DataType":"String","StringValue":"x"},)"
      R"("raw":{"DataType":"Binary.png","BinaryValue":"AQI="}}}]})");
  EXPECT_EQ(asked_.body, R"({"QueueUrls":["first","second"],"MaxNumberOfMessages":1,)"
                         R"("WaitTimeSeconds":3})");
  ASSERT_TRUE(messages && messages->size() == 1);
  const Message& message = messages->front();
  EXPECT_EQ(message.queue, "http://h/0/second");
  EXPECT_EQ(message.group, "g");
  ASSERT_EQ(message.attributes.size(), 2u);
  EXPECT_EQ(message.attributes[0].name, "kind");
  EXPECT_EQ(message.attributes[0].value, "x");
  EXPECT_EQ(message.attributes[1].type, "Binary.png");
  EXPECT_EQ(message.attributes[1].value, "AQI=");
}

TEST_F(ClientTest, ReceiveOfNothingIsEmpty) {
  const auto messages = answered<std::vector<Message>>(
      [&](auto done) { client_.receive({.queue = "q"}, done); }, "{}");
  ASSERT_TRUE(messages);
  EXPECT_TRUE(messages->empty());
}

TEST_F(ClientTest, LeaseIsExtendedByWholeSecondsRoundedUp) {
  for (const auto& [visibility, wanted] :
       {std::pair{Duration(milliseconds(1)), 1}, std::pair{Duration(seconds(30)), 30},
        std::pair{Duration(milliseconds(30'001)), 31}}) {
    EXPECT_TRUE(
        answered<void>([&](auto done) { client_.extend("q", "r", visibility, done); }, "{}"));
    EXPECT_EQ(asked_.action, "AmazonSQS.ChangeMessageVisibility");
    EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","ReceiptHandle":"r","VisibilityTimeout":)" +
                               std::to_string(wanted) + "}");
  }
}

TEST_F(ClientTest, HandOver) {
  const ArtifactId artifact = Uuid::parse("01234567-89ab-4def-8123-456789abcdef").value();
  const auto outcomes = answered<Outcomes>(
      [&](auto done) {
        client_.hand_over({{.receipt = "r1",
                            .outputs = {{.queue = "a", .body = "x", .artifact = artifact},
                                        {.queue = "b", .body = "y", .artifact = {}}}},
                           {.receipt = "r2", .outputs = {}}},
                          done);
      },
      R"({"Results":[{"Outcome":"Done"},{"Outcome":"LeaseGone"}]})");
  EXPECT_EQ(asked_.action, "Selvage.HandOver");
  EXPECT_EQ(asked_.body,
            R"({"Entries":[{"ReceiptHandle":"r1","Outputs":[{"QueueUrl":"a","MessageBody":"x",)"
            R"("Artifact":"01234567-89ab-4def-8123-456789abcdef"},{"QueueUrl":"b",)"
            R"("MessageBody":"y"}]},{"ReceiptHandle":"r2","Outputs":[]}]})");
  ASSERT_TRUE(outcomes);
  EXPECT_THAT(*outcomes, ElementsAre("Done", "LeaseGone"));
}

TEST_F(ClientTest, GiveBack) {
  const auto outcomes = answered<Outcomes>(
      [&](auto done) {
        client_.give_back({{.receipt = "r1"}, {.receipt = "r2", .delay = seconds(1)}}, done);
      },
      R"({"Results":[{"Outcome":"Done"},{"Outcome":"Done"}]})");
  EXPECT_EQ(asked_.action, "Selvage.Return");
  EXPECT_EQ(asked_.body, R"({"Entries":[{"ReceiptHandle":"r1","DelayMs":0},)"
                         R"({"ReceiptHandle":"r2","DelayMs":1000}]})");
  EXPECT_EQ(outcomes->size(), 2u);
}

TEST_F(ClientTest, Fail) {
  const auto outcomes = answered<Outcomes>(
      [&](auto done) {
        client_.fail({{.receipt = "r",
                       .ended = from_micros(5),
                       .evidence = R"({"cause":"x"})",
                       .poison = true,
                       .died = true}},
                     done);
      },
      R"({"Results":[{"Outcome":"Retry","DelayMs":200}]})");
  EXPECT_EQ(asked_.action, "Selvage.Fail");
  EXPECT_EQ(asked_.body, R"({"Entries":[{"ReceiptHandle":"r","EndedAtUs":5,)"
                         R"("Evidence":{"cause":"x"},"Poison":true,"Died":true}]})");
  EXPECT_THAT(*outcomes, ElementsAre("Retry"));
}

TEST_F(ClientTest, Statistics) {
  const auto queues = answered<std::vector<QueueStatistics>>(
      [&](auto done) { client_.statistics(done); },
      R"({"Queues":[{"Name":"q","Visible":1,"InFlight":2,"Delayed":3,"Sent":4,"Received":5,)"
      R"("Deleted":6,"HandedOver":7,"Returned":8,"Failed":9,"Revoked":10,"DeadLettered":11,)"
      R"("Expired":12,"OldestAtUs":14,"MostInFlight":15,"GateUntilUs":16,"Newer":13},)"
      R"({"Name":"r"}]})");
  EXPECT_EQ(asked_.action, "Selvage.Statistics");
  ASSERT_TRUE(queues && queues->size() == 2);
  const QueueStatistics& q = queues->front();
  EXPECT_EQ(q.name, "q");
  EXPECT_THAT(
      (std::vector{q.visible, q.in_flight, q.delayed, q.sent, q.received, q.deleted, q.handed_over,
                   q.returned, q.failed, q.revoked, q.dead_lettered, q.expired}),
      ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_EQ(q.oldest, from_micros(14));
  EXPECT_EQ(q.most_in_flight, 15);
  EXPECT_EQ(q.gate_until, from_micros(16));
  EXPECT_EQ(queues->back().oldest, kNever);
}

TEST_F(ClientTest, SetGate) {
  EXPECT_TRUE(answered<void>([&](auto done) { client_.set_gate("q", 1, seconds(2), done); }, "{}"));
  EXPECT_EQ(asked_.action, "Selvage.SetGate");
  EXPECT_EQ(asked_.body, R"({"QueueUrl":"q","MostInFlight":1,"ForMs":2000})");
}

// ---- errors

TEST_F(ClientTest, StatusSaysWhetherToTryAgain) {
  struct Row {
    int status;
    std::string json;
    ErrorCode code;
    const char* message;
  };
  const std::string typed = R"({"__type":"com.amazonaws.sqs#OverLimit","message":"too many"})";
  for (const auto& [status, json, code, message] : {
           Row{400, typed, ErrorCode::kGiveUp, "OverLimit: too many"},
           Row{403, typed, ErrorCode::kGiveUp, "OverLimit: too many"},
           Row{409, R"({"__type":"SessionEnded","message":"gone"})", ErrorCode::kGiveUp,
               "SessionEnded: gone"},
           Row{500, typed, ErrorCode::kRetry, "OverLimit: too many"},
           Row{503, "busy", ErrorCode::kRetry, "the broker answered 503: busy"},
           Row{404, "<html>", ErrorCode::kGiveUp, "the broker answered 404: <html>"},
       }) {
    const auto result =
        answered<void>([&](auto done) { client_.create_queue("q", done); }, json, status);
    ASSERT_FALSE(result) << status;
    EXPECT_EQ(result.error().code, code) << status;
    EXPECT_EQ(result.error().message, message) << status;
  }
}

TEST(RefusalOf, IsTheErrorsNameAndNothingElse) {
  const auto refusal = [](const char* message) {
    const Error error{ErrorCode::kGiveUp, message};
    return std::string(refusal_of(error));
  };
  EXPECT_EQ(refusal("QueueDoesNotExist: it does not"), "QueueDoesNotExist");
  EXPECT_EQ(refusal("KMS.DisabledException: x: y"), "KMS.DisabledException");
  EXPECT_EQ(refusal("OverLimit: "), "OverLimit");
  EXPECT_EQ(refusal("the broker answered 404: <html>"), "");
  EXPECT_EQ(refusal("cannot connect to 127.0.0.1:9: Connection refused"), "");
  EXPECT_EQ(refusal("127.0.0.1:9 closed the connection"), "");
  EXPECT_EQ(refusal("OverLimit"), "");
  EXPECT_EQ(refusal(": x"), "");
}

TEST_F(ClientTest, AnswersThatMakeNoSenseAreTriedAgain) {
  for (const char* json : {"", "{", "[]", "text", R"({"Results":5})", R"({"Results":["Done"]})"}) {
    const auto result =
        answered<Outcomes>([&](auto done) { client_.give_back({{.receipt = "r"}}, done); }, json);
    ASSERT_FALSE(result) << json;
    EXPECT_EQ(result.error().code, ErrorCode::kRetry) << json;
    EXPECT_THAT(result.error().message, HasSubstr("makes no sense")) << json;
  }
  EXPECT_FALSE(answered<std::vector<Message>>(
      [&](auto done) { client_.receive({.queue = "q", .session = "s"}, done); },
      R"({"Messages":{}})"));
  EXPECT_FALSE(answered<std::vector<QueueStatistics>>([&](auto done) { client_.statistics(done); },
                                                      R"({"Queues":[1]})"));
}

TEST_F(ClientTest, BrokenConnectionFailsWhatIsOutstandingThenTellsOfTheLoss) {
  std::vector<std::string> log;
  client_.on_lost([&] { log.emplace_back("lost"); });
  for (const char* queue : {"a", "b"})
    client_.create_queue(queue, [&log, queue](const Result<void>& result) {
      EXPECT_EQ(result.error().code, ErrorCode::kRetry);
      log.emplace_back(queue);
    });
  broker_.next();
  broker_.stop();
  broker_.run_until([&] { return log.size() == 3; });
  EXPECT_THAT(log, ElementsAre("a", "b", "lost"));
}

TEST_F(ClientTest, NextCallAfterALossConnectsAgain) {
  std::optional<Result<void>> result;
  broker_.stop();
  client_.create_queue("q", into<void>(result));
  broker_.run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->error().code, ErrorCode::kRetry);
  broker_.listen();
  EXPECT_TRUE(answered<void>([&](auto done) { client_.create_queue("q", done); }, "{}"));
}

TEST_F(ClientTest, WaitForRunsTheReactorUntilTheAnswer) {
  broker_.stop();
  const auto id =
      wait_for<std::string>(reactor_, [&](auto done) { client_.send("q", "b", std::move(done)); });
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, ErrorCode::kRetry);
}

}  // namespace
}  // namespace selvage::client
