// SPDX-License-Identifier: Apache-2.0
// Message move tasks: from start to end, and what is refused.
#include <fmt/format.h>

#include "base/bytes.h"
#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class MoveTaskActions : public QueryTest {
 protected:
  MoveTaskActions() {
    create("dead");
    create("q", R"({"RedrivePolicy":"{\"deadLetterTargetArn\":)"
                R"(\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"})");
    create("elsewhere");
  }
  static std::string arn(const std::string& queue) {
    return "arn:aws:sqs:us-east-1:000000000000:" + queue;
  }
  // A message that died of being received twice.
  void kill(const std::string& body) {
    send_body("q", body);
    const std::string receive = R"({"QueueUrl":"q","VisibilityTimeout":0})";
    EXPECT_EQ(amazon("ReceiveMessage", receive)["Body"], body);
    backend_.clock.advance(milliseconds(1));
    EXPECT_EQ(amazon("ReceiveMessage", receive).body, "{}");
  }
  Answer start(const std::string& rest = "") {
    return amazon("StartMessageMoveTask",
                  fmt::format(R"({{"SourceArn":"{}"{}}})", arn("dead"), rest));
  }
  Answer cancel(const std::string& handle) {
    return amazon("CancelMessageMoveTask", fmt::format(R"({{"TaskHandle":"{}"}})", handle));
  }
  Answer list(const std::string& rest = "") {
    return amazon("ListMessageMoveTasks",
                  fmt::format(R"({{"SourceArn":"{}"{}}})", arn("dead"), rest));
  }
  std::string started() { return std::to_string(to_millis(backend_.clock.now())); }
};

TEST_F(MoveTaskActions, TaskRunsAndIsDone) {
  kill("one");
  kill("two");
  const std::string begun = started();
  const Answer answer = start(R"(,"MaxNumberOfMessagesPerSecond":1)");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, fmt::format(R"({{"TaskHandle":"{}"}})", answer["TaskHandle"]));
  EXPECT_EQ(list().body,
            fmt::format(R"({{"Results":[{{"TaskHandle":"{}","Status":"RUNNING","SourceArn":"{}",)"
                        R"("MaxNumberOfMessagesPerSecond":1,"ApproximateNumberOfMessagesMoved":1,)"
                        R"("ApproximateNumberOfMessagesToMove":2,"StartedTimestamp":{}}}]}})",
                        answer["TaskHandle"], arn("dead"), begun));
  backend_.let_pass(seconds(3));
  EXPECT_EQ(list().body,
            fmt::format(R"({{"Results":[{{"Status":"COMPLETED","SourceArn":"{}",)"
                        R"("MaxNumberOfMessagesPerSecond":1,"ApproximateNumberOfMessagesMoved":2,)"
                        R"("ApproximateNumberOfMessagesToMove":2,"StartedTimestamp":{}}}]}})",
                        arn("dead"), begun));
  EXPECT_EQ(waiting_in("dead"), 0);
  EXPECT_EQ(waiting_in("q"), 2) << "each where it came from";
}

TEST_F(MoveTaskActions, DestinationAndRateAreKept) {
  for (const char* body : {"1", "2", "3"}) kill(body);
  EXPECT_EQ(start(fmt::format(R"(,"DestinationArn":"{}","MaxNumberOfMessagesPerSecond":1)",
                              arn("elsewhere")))
                .status,
            200);
  backend_.let_pass(milliseconds(1500));
  EXPECT_THAT(list().body,
              HasSubstr(fmt::format(R"("DestinationArn":"{}","MaxNumberOfMessagesPerSecond":1,)",
                                    arn("elsewhere"))));
  EXPECT_GT(waiting_in("elsewhere"), 0);
  EXPECT_LT(waiting_in("elsewhere"), 3) << "one a second";
  backend_.let_pass(seconds(10));
  EXPECT_EQ(waiting_in("elsewhere"), 3);
}

TEST_F(MoveTaskActions, FormsAndXmlSayTheSame) {
  kill("one");
  kill("two");
  const std::string begun = started();
  const std::string xml =
      ask({.body = "Action=StartMessageMoveTask&SourceArn=" + arn("dead") +
                   "&DestinationArn=" + arn("elsewhere") + "&MaxNumberOfMessagesPerSecond=1"})
          .body;
  const std::string handle = element(xml, "TaskHandle");
  EXPECT_EQ(plain(xml), response("StartMessageMoveTask",
                                 fmt::format("<StartMessageMoveTaskResult><TaskHandle>{}"
                                             "</TaskHandle></StartMessageMoveTaskResult>",
                                             handle)));
  EXPECT_EQ(post("Action=ListMessageMoveTasks&SourceArn=" + arn("dead")),
            response("ListMessageMoveTasks",
                     fmt::format("<ListMessageMoveTasksResult><ListMessageMoveTasksResultEntry>"
                                 "<TaskHandle>{}</TaskHandle><Status>RUNNING</Status>"
                                 "<SourceArn>{}</SourceArn><DestinationArn>{}</DestinationArn>"
                                 "<MaxNumberOfMessagesPerSecond>1</MaxNumberOfMessagesPerSecond>"
                                 "<ApproximateNumberOfMessagesMoved>1"
                                 "</ApproximateNumberOfMessagesMoved>"
                                 "<ApproximateNumberOfMessagesToMove>2"
                                 "</ApproximateNumberOfMessagesToMove>"
                                 "<StartedTimestamp>{}</StartedTimestamp>"
                                 "</ListMessageMoveTasksResultEntry></ListMessageMoveTasksResult>",
                                 handle, arn("dead"), arn("elsewhere"), begun)));
  std::string escaped = handle;
  while (escaped.ends_with('=')) escaped.pop_back();
  for (size_t i = escaped.size(); i < handle.size(); ++i) escaped += "%3D";
  EXPECT_EQ(post("Action=CancelMessageMoveTask&TaskHandle=" + escaped),
            response("CancelMessageMoveTask",
                     "<CancelMessageMoveTaskResult><ApproximateNumberOfMessagesMoved>1"
                     "</ApproximateNumberOfMessagesMoved></CancelMessageMoveTaskResult>"));
}

TEST_F(MoveTaskActions, CancelledTaskLeavesTheRest) {
  for (const char* body : {"1", "2", "3"}) kill(body);
  const std::string handle = start(R"(,"MaxNumberOfMessagesPerSecond":1)")["TaskHandle"];
  backend_.let_pass(milliseconds(1500));
  const int64_t left = waiting_in("dead");
  EXPECT_EQ(cancel(handle).body,
            fmt::format(R"({{"ApproximateNumberOfMessagesMoved":{}}})", 3 - left));
  backend_.let_pass(seconds(10));
  EXPECT_EQ(waiting_in("dead"), left);
  EXPECT_GT(left, 0);
  EXPECT_THAT(list().body, HasSubstr(R"("Status":"CANCELLED")"));
  EXPECT_THAT(list().body, Not(HasSubstr("TaskHandle")));
  const Answer again = cancel(handle);
  EXPECT_EQ(again.error(), "ResourceNotFoundException");
  EXPECT_EQ(again.status, 404);
}

TEST_F(MoveTaskActions, MessageThatNobodyKnowsTheSourceOfFailsTheTask) {
  send_body("dead", "sent straight to it");
  EXPECT_EQ(start().status, 200);
  backend_.let_pass(seconds(1));
  EXPECT_THAT(list().body, HasSubstr(R"("Status":"FAILED")"));
  EXPECT_THAT(list().body, HasSubstr(R"("FailureReason":"CouldNotDetermineMessageSource")"));
  EXPECT_EQ(waiting_in("dead"), 1);
}

TEST_F(MoveTaskActions, SourceThatIsGoneFailsTheTaskToo) {
  kill("one");
  amazon("DeleteQueue", R"({"QueueUrl":"q"})");
  create("other", R"({"RedrivePolicy":"{\"deadLetterTargetArn\":)"
                  R"(\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"})");
  EXPECT_EQ(start().status, 200);
  backend_.let_pass(seconds(1));
  EXPECT_THAT(list().body,
              HasSubstr(R"("FailureReason":"AWS.SimpleQueueService.NonExistentQueue")"));
}

TEST_F(MoveTaskActions, OneRunsAtATime) {
  kill("one");
  start(R"(,"MaxNumberOfMessagesPerSecond":1)");
  const Answer second = start();
  EXPECT_EQ(second.query_error, "InvalidParameterValue;Sender");
  EXPECT_EQ(second["message"],
            "There is already a task running. Only one active task is allowed for a source queue "
            "arn at a given time.");
}

TEST_F(MoveTaskActions, LatestAreListedFirstOneUnlessMoreAreAskedFor) {
  for (const char* rate : {"11", "12", "13"}) {
    EXPECT_EQ(start(fmt::format(R"(,"MaxNumberOfMessagesPerSecond":{})", rate)).status, 200);
    backend_.let_pass(seconds(1));
  }
  EXPECT_THAT(list().body, HasSubstr(R"("MaxNumberOfMessagesPerSecond":13)"));
  EXPECT_THAT(list().body, Not(HasSubstr(R"("MaxNumberOfMessagesPerSecond":12)")));
  EXPECT_THAT(list(R"(,"MaxResults":10)").body,
              testing::ContainsRegex(R"(Second":13.*Second":12.*Second":11)"));
  EXPECT_EQ(
      amazon("ListMessageMoveTasks", fmt::format(R"({{"SourceArn":"{}"}})", arn("elsewhere"))).body,
      "{}");
}

TEST_F(MoveTaskActions, WhatCannotBeStartedOrListedIsRefused) {
  create("dead.fifo", R"({"FifoQueue":"true"})");
  struct Row {
    std::string json;
    const char* code;
    std::string sentence;
  };
  const auto source = [](const std::string& text, const std::string& rest = "") {
    return fmt::format(R"("SourceArn":"{}"{})", text, rest);
  };
  const auto to = [&](const std::string& text) {
    return source(arn("dead"), fmt::format(R"(,"DestinationArn":"{}")", text));
  };
  constexpr auto kValue = "InvalidParameterValue;Sender";
  constexpr auto kNotFound = "ResourceNotFoundException;Sender";
  const auto format = [](const std::string& name) {
    return "You must use this format to specify the " + name +
           ": arn:<partition>:<service>:<region>:<account-id>:<resource-id>";
  };
  const auto none = [](const std::string& name) {
    return "The resource that you specified for the " + name + " parameter doesn't exist.";
  };
  for (const auto& [json, code, sentence] : {
           Row{R"("a":0)", "MissingParameter;Sender",
               "The request must contain the parameter SourceArn."},
           Row{source("dead"), kValue, format("SourceArn")},
           Row{source("arn:aws:sqs:dead"), kValue, format("SourceArn")},
           Row{source("arn:aws:sqs:us-east-1:0:dead:more"), kValue, format("SourceArn")},
           Row{source(arn("none")), kNotFound, none("SourceArn")},
           Row{source("arn:aws:sqs:us-east-1:111122223333:dead"), kNotFound, none("SourceArn")},
           Row{source("arn:aws:sqs:eu-west-1:000000000000:dead"), kNotFound, none("SourceArn")},
           Row{source("arn:aws:sns:us-east-1:000000000000:dead"), kNotFound, none("SourceArn")},
           Row{source(arn("q")), kValue, "Source queue must be configured as a Dead Letter Queue."},
           Row{to("elsewhere"), kValue, format("DestinationArn")},
           Row{to(arn("none")), kNotFound, none("DestinationArn")},
           Row{to("arn:aws:sqs:us-east-1:111122223333:elsewhere"), kNotFound,
               none("DestinationArn")},
           Row{to(arn("dead.fifo")), kValue,
               "Dead-letter queue must be same type of queue as the source."},
           Row{source(arn("dead"), R"(,"MaxNumberOfMessagesPerSecond":0)"), kValue,
               "Value 0 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be "
               "between 1 and 500, if provided."},
           Row{source(arn("dead"), R"(,"MaxNumberOfMessagesPerSecond":501)"), kValue,
               "Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be "
               "between 1 and 500, if provided."},
       }) {
    const Answer answer = amazon("StartMessageMoveTask", "{" + json + "}");
    EXPECT_EQ(answer.query_error, code) << json;
    EXPECT_EQ(answer["message"], sentence) << json;
  }
  EXPECT_EQ(list().body, "{}");
  for (const char* max : {"0", "11"})
    EXPECT_EQ(list(fmt::format(R"(,"MaxResults":{})", max)).query_error, kValue);
  EXPECT_EQ(amazon("ListMessageMoveTasks", source(arn("none"), "}").insert(0, "{")).query_error,
            kNotFound);
  EXPECT_EQ(amazon("ListMessageMoveTasks", "{}").query_error, "MissingParameter;Sender");
}

TEST_F(MoveTaskActions, HandleThatIsNoneIsRefused) {
  kill("one");
  const std::string handle = start(R"(,"MaxNumberOfMessagesPerSecond":1)")["TaskHandle"];
  const std::string own = from_base64(handle).value();
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = own;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    return to_base64(text.replace(at, from.size(), to));
  };
  for (const std::string& bad :
       {std::string("x"), std::string("!!!!"), to_base64("text"), to_base64("{}"), to_base64("[]"),
        to_base64(R"({"taskId":5})"), to_base64(R"({"taskId":"5"})"), to_base64("\xFF\xFE"),
        with("taskId\":\"", "taskId\":\"z"), with("taskId\":\"", "taskId\":\"0123456789abcdef"),
        with("taskId\":\"", "taskId\":\"-"), with("000000000000", "111122223333"),
        with(arn("dead"), "dead")}) {
    const Answer answer = cancel(bad);
    EXPECT_EQ(answer.query_error, "InvalidParameterValue;Sender") << bad;
    EXPECT_EQ(answer["message"], fmt::format("Value {} for parameter TaskHandle is invalid.", bad));
  }
  EXPECT_EQ(cancel("").query_error, "MissingParameter;Sender");
  EXPECT_EQ(cancel(with(":dead", ":elsewhere"))["message"], "Task does not exist.");
  EXPECT_EQ(cancel(handle).status, 200) << "the true one still works";
}

}  // namespace
}  // namespace selvage::sqs
