// SPDX-License-Identifier: Apache-2.0
// Our own actions: sessions, and the ways in which their leases end.
#include <fmt/format.h>

#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class SessionActions : public ApiTest {
 protected:
  SessionActions() {
    create("in");
    create("out");
    session_ = open_session();
  }
  Answer receive(const std::string& rest = R"("WaitTimeSeconds":0)") {
    return ours("Receive",
                fmt::format(R"({{"QueueUrl":"in","SessionId":"{}",{}}})", session_, rest));
  }
  std::string take_next() { return take_in(session_, "in"); }
  static std::string entry(const std::string& handle, const std::string& rest = "") {
    return fmt::format(R"({{"ReceiptHandle":"{}"{}}})", handle, rest);
  }
  static std::string entries(const std::string& list) { return R"({"Entries":[)" + list + "]}"; }
  std::string session_;
};

// ---- sessions

TEST_F(SessionActions, SessionHasSixteenHexDigits) {
  EXPECT_THAT(session_, testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_NE(open_session(), session_);
}

TEST_F(SessionActions, ClosedConnectionFailsTheOldestLeaseAndReturnsTheOthers) {
  send_body("in", "one");
  send_body("in", "two");
  take_next();
  take_next();
  connection_->close();
  EXPECT_FALSE(backend_.last<queue::CloseSession>().orderly);
  session_ = open_session();
  const std::string first = receive().body;
  EXPECT_THAT(first, HasSubstr(R"("Body":"one")"));
  EXPECT_THAT(first, HasSubstr(R"("Failed":1)"));
  EXPECT_THAT(receive().body, HasSubstr(R"("Failed":0)"));
}

TEST_F(SessionActions, EndOfAConnectionNamesTheGenerationThatItHeld) {
  const auto first = connection_;
  connection_ = std::make_shared<FakeConnection>();
  ours("OpenSession", R"({"SessionId":")" + session_ + "\"}");  // resumed elsewhere
  send_body("in", "one");
  const std::string handle = take_next();
  first->close();
  EXPECT_EQ(backend_.last<queue::CloseSession>().generation, 1u);
  EXPECT_THAT(ours("HandOver", entries(entry(handle))).body, HasSubstr("Done"))
      << "the session was resumed on another connection";
  connection_->close();
  EXPECT_EQ(backend_.last<queue::CloseSession>().generation, 2u);
}

TEST_F(SessionActions, ResumedSessionKeepsWhatItHoldsAndReturnsTheRest) {
  send_body("in", "one");
  send_body("in", "two");
  const std::string known = take_next();
  take_next();  // its answer was lost on the way
  const Answer resumed =
      ours("OpenSession",
           fmt::format(R"({{"SessionId":"{}","Holding":["{}","garbage"]}})", session_, known));
  EXPECT_EQ(resumed["SessionId"], session_);
  const std::string again = receive().body;
  EXPECT_THAT(again, HasSubstr(R"("Body":"two")"));
  EXPECT_THAT(again, HasSubstr(R"("Failed":0)"));
  EXPECT_THAT(ours("HandOver", entries(entry(known))).body, HasSubstr("Done"));
}

TEST_F(SessionActions, SessionThatHasEndedIsRefusedByName) {
  EXPECT_EQ(ours("CloseSession", R"({"SessionId":")" + session_ + "\"}").body, "{}");
  for (const Answer& answer :
       {receive(), ours("OpenSession", R"({"SessionId":")" + session_ + "\"}"),
        ours("CloseSession", R"({"SessionId":")" + session_ + "\"}")}) {
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.error(), "SessionEnded");
    EXPECT_EQ(answer.query_error, "Selvage.SessionEnded;Sender");
  }
}

TEST_F(SessionActions, OrderlyGoodbyeBurnsNothing) {
  send_body("in", "one");
  take_next();
  ours("CloseSession", R"({"SessionId":")" + session_ + "\"}");
  EXPECT_TRUE(backend_.last<queue::CloseSession>().orderly);
  session_ = open_session();
  EXPECT_THAT(receive().body, HasSubstr(R"("Failed":0)"));
}

TEST_F(SessionActions, WhatIsNoSessionIsRefused) {
  for (const char* action : {"OpenSession", "CloseSession", "Receive"})
    EXPECT_EQ(ours(action, R"({"QueueUrl":"in","SessionId":"what?"})").query_error,
              "InvalidParameterValue;Sender")
        << action;
  EXPECT_EQ(ours("CloseSession", "{}").query_error, "InvalidParameterValue;Sender");
}

// ---- receive

TEST_F(SessionActions, ReceivedMessageHasItsHistory) {
  const int64_t now = to_micros(backend_.clock.now());
  const std::string id =
      amazon("SendMessage", R"({"QueueUrl":"in","MessageBody":"b","MessageAttributes":)"
                            R"({"a":{"DataType":"String","StringValue":"x"}}})")["MessageId"];
  const Answer answer = receive();
  EXPECT_EQ(answer.body,
            fmt::format(R"({{"Messages":[{{"MessageId":"{}","ReceiptHandle":"{}",)"
                        R"("QueueUrl":"http://queues:9324/000000000000/in","Body":"b",)"
                        R"("Failed":0,"SentAtUs":{},"FreedAtUs":0,"MessageAttributes":)"
                        R"({{"a":{{"DataType":"String","StringValue":"x"}}}}}}]}})",
                        id, answer["ReceiptHandle"], now));
  EXPECT_EQ(receive().body, R"({"Messages":[]})");
}

TEST_F(SessionActions, LeaseHasTheMillisecondsThatWereAsked) {
  receive(R"("VisibilityTimeoutMs":1500,"MaxNumberOfMessages":10)");
  EXPECT_EQ(backend_.last<queue::Receive>().visibility, milliseconds(1500));
  EXPECT_EQ(backend_.last<queue::Receive>().max, 10u);
  EXPECT_EQ(backend_.last<queue::Receive>().wait, seconds(0)) << "never the queue's own";
  receive();
  EXPECT_FALSE(backend_.last<queue::Receive>().visibility);
}

TEST_F(SessionActions, NumbersOfAReceiveHaveRanges) {
  for (const char* bad :
       {R"("MaxNumberOfMessages":0)", R"("MaxNumberOfMessages":11)", R"("WaitTimeSeconds":21)",
        R"("VisibilityTimeoutMs":0)", R"("VisibilityTimeoutMs":43200001)"})
    EXPECT_EQ(receive(bad).query_error, "InvalidParameterValue;Sender") << bad;
}

TEST_F(SessionActions, AbandonedReceiveIsCancelled) {
  receive(R"("WaitTimeSeconds":20)");
  EXPECT_EQ(backend_.parked.size(), 1u);
  connection_->close();
  EXPECT_EQ(backend_.cancelled.size(), 1u);
}

// ---- hand-over

TEST_F(SessionActions, HandOverMovesTheWorkOn) {
  send_body("in", "b");
  const Answer answer = ours(
      "HandOver",
      entries(entry(take_next(), R"(,"Outputs":[{"QueueUrl":"http://h/1/out","MessageBody":"next",)"
                                 R"("MessageAttributes":{"a":{"DataType":"String",)"
                                 R"("StringValue":"x"}}}])")));
  EXPECT_EQ(answer.body, R"({"Results":[{"Outcome":"Done"}]})");
  EXPECT_EQ(waiting_in("in"), 0);
  const Answer next =
      amazon("ReceiveMessage", R"({"QueueUrl":"out","MessageAttributeNames":["All"]})");
  EXPECT_EQ(next["Body"], "next");
  EXPECT_EQ(next["StringValue"], "x");
}

TEST_F(SessionActions, EachHandOverHasItsOutcome) {
  create("small", R"({"MaximumMessageSize":"1024"})");
  for (int i = 0; i < 3; ++i) send_body("in", "b");
  const std::string a = take_next(), b = take_next(), c = take_next();
  const std::string to_none = R"(,"Outputs":[{"QueueUrl":"none","MessageBody":"x"}])";
  const std::string too_large = fmt::format(
      R"(,"Outputs":[{{"QueueUrl":"small","MessageBody":"{}"}}])", std::string(1025, 'x'));
  EXPECT_EQ(ours("HandOver", entries(entry(a) + "," + entry(a) + "," + entry(b, to_none) + "," +
                                     entry(c, too_large) + "," + entry("garbage")))
                .body,
            R"({"Results":[{"Outcome":"Done"},{"Outcome":"LeaseGone"},{"Outcome":"NoSuchQueue"},)"
            R"({"Outcome":"TooLarge"},{"Outcome":"LeaseGone"}]})");
}

TEST_F(SessionActions, ArtifactGoesWithTheOutput) {
  const std::string artifact = "01234567-89ab-4def-8123-456789abcdef";
  send_body("in", "b");
  ours("HandOver",
       entries(entry(take_next(), fmt::format(R"(,"Outputs":[{{"QueueUrl":"in","MessageBody":"x",)"
                                              R"("Artifact":"{}"}}])",
                                              artifact))));
  EXPECT_EQ(receive()["Artifact"], artifact);
}

TEST_F(SessionActions, HandOverThatMakesNoSenseChangesNothing) {
  send_body("in", "b");
  const std::string handle = take_next();
  struct Row {
    std::string list;
    const char* error;
  };
  for (const auto& [list, error] :
       {Row{"", "InvalidParameterValueException"},
        Row{R"({"Outputs":[]})", "MissingRequiredParameterException"},
        Row{entry(handle, R"(,"Outputs":[{"MessageBody":"x"}])"),
            "MissingRequiredParameterException"},
        Row{entry(handle, R"(,"Outputs":[{"QueueUrl":"out","Artifact":"x"}])"),
            "InvalidParameterValueException"},
        Row{entry(handle, R"(,"Outputs":[{"QueueUrl":"out","MessageAttributes":{"..":)"
                          R"({"DataType":"String","StringValue":"x"}}}])"),
            "InvalidParameterValueException"}})
    EXPECT_EQ(ours("HandOver", entries(list)).error(), error) << list;
  EXPECT_THAT(ours("HandOver", entries(entry(handle))).body, HasSubstr("Done"));
}

TEST_F(SessionActions, AThousandAreSettledAtOnceAndNoMore) {
  std::string list = entry("garbage");
  for (int i = 1; i < 1000; ++i) list += "," + entry("garbage");
  for (const char* action : {"HandOver", "Return", "Fail"}) {
    EXPECT_EQ(ours(action, entries(list)).status, 200) << action;
    EXPECT_EQ(ours(action, entries(list + "," + entry("garbage"))).query_error,
              "InvalidParameterValue;Sender")
        << action;
  }
}

// ---- return

TEST_F(SessionActions, ReturnedMessageComesBackUnburntAfterItsDelay) {
  send_body("in", "b");
  EXPECT_EQ(ours("Return", entries(entry(take_next(), R"(,"DelayMs":5000)"))).body,
            R"({"Results":[{"Outcome":"Done"}]})");
  EXPECT_EQ(receive().body, R"({"Messages":[]})");
  backend_.clock.advance(seconds(5));
  EXPECT_THAT(receive().body, HasSubstr(R"("Failed":0)"));
}

TEST_F(SessionActions, ReturnChecksItsEntries) {
  EXPECT_THAT(ours("Return", entries(entry("garbage"))).body, HasSubstr("LeaseGone"));
  EXPECT_EQ(ours("Return", entries(entry("garbage", R"(,"DelayMs":-1)"))).query_error,
            "InvalidParameterValue;Sender");
  EXPECT_EQ(ours("Return", entries(R"({"DelayMs":1})")).query_error, "MissingParameter;Sender");
}

// ---- fail

TEST_F(SessionActions, FirstFailureIsRetriedAtOnceAndPoisonIsDead) {
  create("dead");
  create("work", R"({"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:)"
                 R"(000000000000:dead\",\"maxReceiveCount\":1000}"})");
  send_body("work", "b");
  const int64_t ended = to_micros(backend_.clock.now()) - 1000;
  EXPECT_EQ(
      ours("Fail", entries(entry(take_in(session_, "work"),
                                 fmt::format(R"(,"EndedAtUs":{},"Evidence":{{"a":1}})", ended))))
          .body,
      R"({"Results":[{"Outcome":"Retry","DelayMs":0}]})");
  const Answer again =
      ours("Receive", fmt::format(R"({{"QueueUrl":"work","SessionId":"{}"}})", session_));
  EXPECT_THAT(again.body, HasSubstr(R"("Failed":1)"));
  EXPECT_THAT(again.body, HasSubstr(fmt::format(R"("FreedAtUs":{})", ended)));
  EXPECT_EQ(ours("Fail", entries(entry(again["ReceiptHandle"], R"(,"Poison":true)"))).body,
            R"({"Results":[{"Outcome":"Dead"}]})");
  EXPECT_EQ(waiting_in("dead"), 1);
}

TEST_F(SessionActions, FailChecksItsEntries) {
  EXPECT_THAT(ours("Fail", entries(entry("garbage"))).body, HasSubstr("LeaseGone"));
  EXPECT_EQ(ours("Fail", entries(R"({"Poison":true})")).query_error, "MissingParameter;Sender");
  const std::string large =
      fmt::format(R"(,"Evidence":{{"stderr":"{}"}})", std::string(64 << 10, 'x'));
  EXPECT_EQ(ours("Fail", entries(entry("garbage", large))).query_error,
            "InvalidParameterValue;Sender");
}

}  // namespace
}  // namespace selvage::sqs
