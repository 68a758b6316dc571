// SPDX-License-Identifier: Apache-2.0
// The commands of the command line against a broker with ready answers: what they ask, what they
// print, the sentences, the exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "app/canned_broker.h"
#include "app/queues.h"
#include "app/receive.h"
#include "app/redrive.h"
#include "app/send.h"
#include "app/waiting.h"

namespace selvage::app {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CommandsTest : public testing::Test {
 protected:
  template <typename Settings>
  ExitCode run(ExitCode (*verb)(const Settings&), Settings settings) {
    settings.at = {.broker = broker_.address(), .data = "/nonexistent"};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const ExitCode code = verb(settings);
    std::fflush(stdout);
    printed_ = testing::internal::GetCapturedStdout();
    told_ = testing::internal::GetCapturedStderr();
    return code;
  }
  void refuse_unknown_queue(const std::string& action) {
    broker_.refuse(action, "QueueDoesNotExist", "The specified queue does not exist.");
    broker_.answer("Statistics", R"({"Queues":[{"Name":"orders"},{"Name":"mail"}]})");
  }

  CannedBroker broker_;
  std::string printed_;  // on standard output
  std::string told_;     // on standard error
};

// ---- queues

TEST_F(CommandsTest, ListShowsQueuesWithThePrefixSorted) {
  broker_.answer("Statistics", R"({"Queues":[{"Name":"b2","Visible":12},{"Name":"a"},)"
                               R"({"Name":"b1","InFlight":3,"Delayed":4}]})");
  EXPECT_EQ(run(list_queues, {.at = {}, .prefix = "b"}), ExitCode::kOk);
  EXPECT_EQ(printed_,
            "queue  visible  in flight  delayed\n"
            "b1           0          3        4\n"
            "b2          12          0        0\n");
  EXPECT_EQ(run(list_queues, {.at = {}, .prefix = "a", .json = true}), ExitCode::kOk);
  EXPECT_EQ(printed_, R"({"name":"a","visible":0,"in_flight":0,"delayed":0})"
                      "\n");
}

TEST_F(CommandsTest, EmptyListSaysHowToBegin) {
  EXPECT_EQ(run(list_queues, {}), ExitCode::kOk);
  EXPECT_EQ(printed_, "");
  EXPECT_THAT(told_, HasSubstr("selvage queue create NAME"));
}

TEST_F(CommandsTest, QueueIsMadeAsItWasSaid) {
  broker_.answer("GetQueueAttributes", R"({"Attributes":{"QueueArn":"arn:aws:sqs:r:1:dead"}})");
  broker_.answer("CreateQueue", R"({"QueueUrl":"http://h/1/q"})");
  EXPECT_EQ(run(create_queue, {.at = {},
                               .name = "q",
                               .options = {.visibility = seconds(60),
                                           .max_size = 2048,
                                           .dead_letters = "dead",
                                           .max_receives = 3,
                                           .tags = {{"team", "shop"}}}}),
            ExitCode::kOk);
  EXPECT_EQ(printed_, "q is ready: http://h/1/q\n");
  EXPECT_EQ(broker_.asked().back(),
            R"(CreateQueue {"QueueName":"q","Attributes":{"VisibilityTimeout":"60",)"
            R"("MaximumMessageSize":"2048","RedrivePolicy":"{\"deadLetterTargetArn\":)"
            R"(\"arn:aws:sqs:r:1:dead\",\"maxReceiveCount\":3}"},"tags":{"team":"shop"}})");
}

TEST_F(CommandsTest, NameInFifoMakesAFifoQueue) {
  EXPECT_EQ(run(create_queue, {.at = {}, .name = "q.fifo"}), ExitCode::kOk);
  EXPECT_THAT(
      broker_.asked(),
      ElementsAre(R"(CreateQueue {"QueueName":"q.fifo","Attributes":{"FifoQueue":"true"}})"));
  EXPECT_EQ(run(create_queue, {.at = {}, .name = "q", .fifo = true}), ExitCode::kUsage);
  EXPECT_THAT(told_, HasSubstr("selvage queue create q.fifo"));
}

TEST_F(CommandsTest, QueueThatIsThereDifferentlySaysHowToChangeIt) {
  broker_.refuse("CreateQueue", "QueueNameExists", "x");
  EXPECT_EQ(run(create_queue, {.at = {}, .name = "q"}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("selvage queue set q"));
}

TEST_F(CommandsTest, MissingDeadLetterQueueIsTheOneThatIsNamed) {
  refuse_unknown_queue("GetQueueAttributes");
  EXPECT_EQ(run(create_queue, {.at = {}, .name = "q", .options = {.dead_letters = "dead"}}),
            ExitCode::kFailed);
  EXPECT_EQ(told_,
            "selvage: queue 'dead' does not exist; to create it: selvage queue create dead\n");
}

TEST_F(CommandsTest, ShowSaysItInWords) {
  broker_.answer("GetQueueAttributes",
                 R"({"Attributes":{"QueueArn":"arn:aws:sqs:r:1:q","VisibilityTimeout":"90",)"
                 R"("MaximumMessageSize":"262144","ApproximateNumberOfMessages":"2",)"
                 R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:r:1:dead\",)"
                 R"(\"maxReceiveCount\":3}","SqsManagedSseEnabled":"true"}})");
  broker_.answer("ListQueueTags", R"({"Tags":{"team":"shop"}})");
  broker_.answer("ListDeadLetterSourceQueues", R"({"queueUrls":["http://h/1/source"]})");
  EXPECT_EQ(run(show_queue, {.at = {}, .name = "q"}), ExitCode::kOk);
  EXPECT_EQ(printed_,
            "q\n"
            "  kind                   standard\n"
            "  visible                2\n"
            "  visibility             1m30s\n"
            "  max size               256KiB\n"
            "  dead letters           to dead after 3 receives\n"
            "  ARN                    arn:aws:sqs:r:1:q\n"
            "  SqsManagedSseEnabled   true\n"
            "  takes dead letters of  source\n"
            "  tag                    team=shop\n");
}

TEST_F(CommandsTest, SetChangesOnlyWhatIsSaid) {
  EXPECT_EQ(run(set_queue, {.at = {}, .name = "q", .options = {.no_dead_letters = true}}),
            ExitCode::kOk);
  EXPECT_EQ(run(set_queue, {.at = {}, .name = "q", .options = {.tags = {{"a", "b"}}}}),
            ExitCode::kOk);
  EXPECT_THAT(
      broker_.asked(),
      ElementsAre(R"(SetQueueAttributes {"QueueUrl":"q","Attributes":{"RedrivePolicy":""}})",
                  R"(TagQueue {"QueueUrl":"q","Tags":{"a":"b"}})"));
  EXPECT_EQ(run(set_queue, {.at = {}, .name = "q"}), ExitCode::kUsage);
  EXPECT_THAT(told_, HasSubstr("nothing to change"));
}

TEST_F(CommandsTest, NothingIsDeletedWhenOneOfThemIsMissing) {
  broker_.answer("GetQueueAttributes", R"({"Attributes":{"ApproximateNumberOfMessages":"2",)"
                                       R"("ApproximateNumberOfMessagesDelayed":"1"}})");
  EXPECT_EQ(run(delete_queues, {.at = {}, .names = {"a"}, .yes = true}), ExitCode::kOk);
  EXPECT_EQ(printed_, "deleted a (3 messages)\n");
  refuse_unknown_queue("GetQueueAttributes");
  EXPECT_EQ(run(delete_queues, {.at = {}, .names = {"mail", "ordres"}, .yes = true}),
            ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("queue 'ordres' does not exist (did you mean 'orders'?)"));
  EXPECT_EQ(printed_, "");
}

// ---- send

TEST_F(CommandsTest, SendPrintsTheId) {
  broker_.answer("Send", R"({"Results":[{"Outcome":"Done","MessageId":"m1"}]})");
  EXPECT_EQ(run(send, {.at = {}, .queue = "q", .message = {.body = "b", .delay = hours(48)}}),
            ExitCode::kOk);
  EXPECT_EQ(printed_, "m1\n");
  EXPECT_THAT(broker_.asked().back(), EndsWith(R"({"MessageBody":"b","DelayMs":172800000}]})"));
}

TEST_F(CommandsTest, SendToAQueueThatIsNotThereSuggestsOne) {
  refuse_unknown_queue("Send");
  EXPECT_EQ(run(send, {.at = {}, .queue = "ordrs", .message = {.body = "b"}}), ExitCode::kFailed);
  EXPECT_EQ(told_,
            "selvage: queue 'ordrs' does not exist (did you mean 'orders'?); to create it: selvage "
            "queue create ordrs\n");
}

TEST_F(CommandsTest, RefusedMessageSaysWhatToDo) {
  broker_.answer("Send", R"({"Results":[{"Outcome":"NoGroup","Message":"theirs"}]})");
  broker_.answer("Send", R"({"Results":[{"Outcome":"Newer","Message":"theirs"}]})");
  EXPECT_EQ(run(send, {.at = {}, .queue = "q.fifo", .message = {.body = "b"}}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("--group"));
  EXPECT_EQ(run(send, {.at = {}, .queue = "q", .message = {.body = "b"}}), ExitCode::kFailed);
  EXPECT_EQ(told_, "selvage: the message was not sent: theirs\n");
  EXPECT_EQ(run(send, {.at = {}, .queue = "q", .message = {.body = ""}}), ExitCode::kUsage);
}

TEST_F(CommandsTest, LinesAreSentByTen) {
  broker_.answer("Send", R"({"Results":[{"Outcome":"Done","MessageId":"m"}]})");
  std::istringstream lines("1\n2\n3\n\n4\n5\n6\n7\n8\n9\n10\n11\n");
  auto* const before = std::cin.rdbuf(lines.rdbuf());
  const ExitCode code = run(send, {.at = {}, .queue = "q", .lines = true});
  std::cin.rdbuf(before);
  EXPECT_EQ(code, ExitCode::kOk);
  const auto asked = broker_.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_THAT(asked[0], HasSubstr(R"({"MessageBody":"10"}])"));
  EXPECT_THAT(asked[1], HasSubstr(R"("Messages":[{"MessageBody":"11"}])"));
  EXPECT_EQ(told_, "1 empty line skipped\n");
}

// ---- receive

constexpr const char* kOneMessage =
    R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","QueueUrl":"http://h/0/low",)"
    R"("Body":"b\nc","Failed":1,"SentAtUs":1000000}]})";

TEST_F(CommandsTest, ReceivedMessageIsLeasedAndSaysSo) {
  broker_.answer("Receive", kOneMessage);
  EXPECT_EQ(run(receive, {.at = {}, .queues = {"high", "low"}, .visibility = seconds(90)}),
            ExitCode::kOk);
  EXPECT_EQ(printed_,
            "message m\n"
            "  queue    low\n"
            "  sent     1970-01-01 00:00:01 UTC\n"
            "  failed   1 time\n"
            "  receipt  r\n"
            "  body     b\n"
            "           c\n");
  EXPECT_EQ(told_,
            "leased 1 message for 1m30s: then back in line, unless acknowledged: selvage ack low "
            "RECEIPT\n");
  EXPECT_THAT(broker_.asked(), ElementsAre(StartsWith(R"(Receive {"QueueUrls":["high","low"])")));
}

TEST_F(CommandsTest, DeleteAcknowledgesInTheQueueOfTheMessage) {
  broker_.answer("Receive", kOneMessage);
  EXPECT_EQ(run(receive, {.at = {}, .queues = {"high", "low"}, .acknowledge = true, .json = true}),
            ExitCode::kOk);
  EXPECT_EQ(printed_, R"({"id":"m","queue":"low","receipt":"r","body":"b\nc","failed":1,)"
                      R"("sent_us":1000000})"
                      "\n");
  EXPECT_EQ(broker_.asked().back(), R"(DeleteMessage {"QueueUrl":"low","ReceiptHandle":"r"})");
}

TEST_F(CommandsTest, NothingToReceiveIsNoFailure) {
  EXPECT_EQ(run(receive, {.at = {}, .queues = {"q"}}), ExitCode::kOk);
  EXPECT_EQ(printed_, "");
  EXPECT_THAT(told_, HasSubstr("--wait 20s"));
}

TEST_F(CommandsTest, OfSeveralQueuesTheMissingOneIsNamed) {
  refuse_unknown_queue("Receive");
  EXPECT_EQ(run(receive, {.at = {}, .queues = {"orders", "mial"}}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("queue 'mial' does not exist (did you mean 'mail'?)"));
}

// ---- messages that wait

TEST_F(CommandsTest, PeekGoesOnFromPageToPage) {
  broker_.answer("Peek", R"({"Messages":[{"MessageId":"a","State":"Visible","Body":"x"}],)"
                         R"("NextToken":"n"})");
  broker_.answer("Peek", R"({"Messages":[{"MessageId":"b","State":"InFlight","Body":"y\nz",)"
                         R"("VestsAtUs":1000000,"Taken":2,"Failed":1}],"NextToken":"o"})");
  EXPECT_EQ(run(peek, {.at = {}, .queue = "q", .max = 2}), ExitCode::kOk);
  EXPECT_EQ(printed_,
            "id  state      visible from             taken  failed  body\n"
            "a   visible    now                          0       0  x\n"
            "b   in flight  1970-01-01 00:00:01 UTC      2       1  y z\n");
  EXPECT_EQ(told_, "there are more; to see them: --max 20\n");
  EXPECT_THAT(broker_.asked(),
              ElementsAre(R"(Peek {"QueueUrl":"q","MaxNumberOfMessages":2})",
                          R"(Peek {"QueueUrl":"q","MaxNumberOfMessages":1,"NextToken":"n"})"));
}

TEST_F(CommandsTest, PeekAtAMessageThatIsNotThereFails) {
  EXPECT_EQ(run(peek, {.at = {}, .queue = "q", .id = "m"}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("q has no message m"));
  EXPECT_EQ(run(peek, {.at = {}, .queue = "q", .state = "Delayed"}), ExitCode::kOk);
  EXPECT_EQ(told_, "q has no delayed messages\n");
}

TEST_F(CommandsTest, CancelTellsOfEachMessage) {
  broker_.answer("Cancel", R"({"Results":[{"Outcome":"Done"},{"Outcome":"Held"}]})");
  EXPECT_EQ(run(cancel, {.at = {}, .queue = "q", .ids = {"a", "b"}}), ExitCode::kFailed);
  EXPECT_EQ(printed_, "a taken back\n");
  EXPECT_THAT(told_, StartsWith("selvage: b was not taken back: it is leased"));
  EXPECT_EQ(run(cancel, {.at = {}, .queue = "q", .ids = {"a", "b"}, .json = true}),
            ExitCode::kFailed);
  EXPECT_EQ(printed_, "{\"id\":\"a\",\"outcome\":\"Done\"}\n{\"id\":\"b\",\"outcome\":\"Held\"}\n");
}

TEST_F(CommandsTest, RescheduleSaysWhatWasDone) {
  broker_.answer("Reschedule", R"({"Results":[{"Outcome":"Done"}]})");
  EXPECT_EQ(
      run(reschedule, {.at = {}, .queue = "q", .ids = {"a"}, .delay = seconds(300), .to = "r"}),
      ExitCode::kOk);
  EXPECT_EQ(printed_, "a moved to r, visible in 5m\n");
  EXPECT_EQ(run(reschedule, {.at = {}, .queue = "q", .ids = {"a"}, .delay = seconds(0)}),
            ExitCode::kOk);
  EXPECT_EQ(printed_, "a rescheduled: visible now\n");
}

// ---- redrive

class RedriveTest : public CommandsTest {
 protected:
  RedriveTest() {
    broker_.answer("GetQueueAttributes", R"({"Attributes":{"QueueArn":"arn:aws:sqs:r:1:dead"}})");
  }
};

TEST_F(RedriveTest, WaitsUntilAllAreMoved) {
  broker_.answer("StartMessageMoveTask", R"({"TaskHandle":"t"})");
  broker_.answer("ListMessageMoveTasks", R"({"Results":[{"Status":"RUNNING"}]})");
  broker_.answer("ListMessageMoveTasks",
                 R"({"Results":[{"Status":"COMPLETED","ApproximateNumberOfMessagesMoved":3}]})");
  EXPECT_EQ(run(start_redrive, {.at = {}, .queue = "dead", .to = "", .rate = 5, .wait = true}),
            ExitCode::kOk);
  EXPECT_EQ(printed_, "COMPLETED: moved 3 messages to where they died\n");
  EXPECT_EQ(broker_.asked()[1], R"(StartMessageMoveTask {"SourceArn":"arn:aws:sqs:r:1:dead",)"
                                R"("MaxNumberOfMessagesPerSecond":5})");
}

TEST_F(RedriveTest, FailedMoveFailsWithItsReason) {
  broker_.answer("ListMessageMoveTasks",
                 R"({"Results":[{"Status":"FAILED","FailureReason":"it is gone"}]})");
  EXPECT_EQ(run(start_redrive, {.at = {}, .queue = "dead", .to = "", .rate = {}, .wait = true}),
            ExitCode::kFailed);
  EXPECT_EQ(told_, "selvage: the rest stays in dead: it is gone\n");
}

TEST_F(RedriveTest, QueueThatIsNobodysSaysHowToBecomeOne) {
  broker_.refuse("StartMessageMoveTask", "InvalidParameterValueException", "x");
  EXPECT_EQ(run(start_redrive, {.at = {}, .queue = "dead"}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("selvage queue set QUEUE --dead-letters dead"));
  broker_.answer("ListDeadLetterSourceQueues", R"({"queueUrls":["http://h/1/q"]})");
  EXPECT_EQ(run(start_redrive, {.at = {}, .queue = "dead"}), ExitCode::kFailed);
  EXPECT_EQ(told_, "selvage: the broker refused: InvalidParameterValueException: x\n");
}

TEST_F(RedriveTest, OnlyARunningMoveIsStopped) {
  broker_.answer("ListMessageMoveTasks", R"({"Results":[{"Status":"COMPLETED"}]})");
  EXPECT_EQ(run(cancel_redrive, {.at = {}, .queue = "dead"}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("nothing is being moved out of dead"));
  EXPECT_THAT(printed_, IsEmpty());
}

// ---- the broker itself

TEST_F(CommandsTest, UnknownKeySaysWhereKeysComeFrom) {
  broker_.refuse("Peek", "InvalidClientTokenId", "x");
  EXPECT_EQ(run(peek, {.at = {}, .queue = "q"}), ExitCode::kFailed);
  EXPECT_THAT(told_, HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(told_, HasSubstr("--data"));
}

TEST(Commands, NoBrokerSaysHowToStartOne) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(list_queues({.at = {.broker = "127.0.0.1:1"}}), ExitCode::kUnreachable);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, HasSubstr("selvage serve"));
  EXPECT_THAT(told, HasSubstr("--broker HOST:PORT"));
}

}  // namespace
}  // namespace selvage::app
