// SPDX-License-Identifier: Apache-2.0
// Our actions on messages that wait: Send, Peek, Cancel, Reschedule; and Receive from several
// queues.
#include <fmt/format.h>

#include "base/bytes.h"
#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr auto kNobody = "00000000-0000-0000-0000-000000000001";

class WaitingActions : public ApiTest {
 protected:
  WaitingActions() { create("q"); }
  Answer send_all(const std::string& messages, const std::string& queue = "q") {
    return ours("Send", fmt::format(R"({{"QueueUrl":"{}","Messages":[{}]}})", queue, messages));
  }
  std::string send_delayed(const std::string& body, int64_t ms) {
    return send_all(fmt::format(R"({{"MessageBody":"{}","DelayMs":{}}})", body, ms))["MessageId"];
  }
  Answer peek(const std::string& rest = R"("a":0)") {
    return ours("Peek", R"({"QueueUrl":"q",)" + rest + "}");
  }
  Answer cancel(const std::string& ids) {
    return ours("Cancel", R"({"QueueUrl":"q","MessageIds":[)" + ids + "]}");
  }
  Answer reschedule(const std::string& entries) {
    return ours("Reschedule", R"({"QueueUrl":"q","Entries":[)" + entries + "]}");
  }
  Answer edit(const std::string& id, const std::string& body, const std::string& queue = "q") {
    return ours("Edit", fmt::format(R"({{"QueueUrl":"{}","MessageId":"{}","MessageBody":"{}"}})",
                                    queue, id, body));
  }
  Answer receive(const std::string& rest) { return ours("Receive", "{" + rest + "}"); }
  static std::string quoted(const std::string& text) { return '"' + text + '"'; }
  // The values of every member of that name.
  static std::vector<std::string> all(std::string_view json, const std::string& name) {
    std::vector<std::string> found;
    const std::string key = quoted(name) + ":\"";
    for (size_t at = json.find(key); at != json.npos; at = json.find(key, at + 1))
      found.push_back(find_text(json.substr(at), name));
    return found;
  }
};

// ---- Send

TEST_F(WaitingActions, SentMessagesHaveAResultEach) {
  const Answer answer = send_all(
      R"({"MessageBody":"one"},{"MessageBody":"two","MessageGroupId":"g","MessageAttributes":)"
      R"({"a":{"DataType":"String","StringValue":"b"}}})");
  const auto ids = all(answer.body, "MessageId");
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(answer.body, fmt::format(R"({{"Results":[{{"Outcome":"Done","MessageId":"{}"}},)"
                                     R"({{"Outcome":"Done","MessageId":"{}"}}]}})",
                                     ids[0], ids[1]));
  EXPECT_EQ(waiting_in("q"), 2);
}

TEST_F(WaitingActions, MessageMayWaitAYear) {
  send_delayed("next year", 366ll * 24 * 3600 * 1000);
  backend_.let_pass(days(366) - milliseconds(1));
  EXPECT_EQ(take("q"), "");
  backend_.let_pass(milliseconds(1));
  EXPECT_NE(take("q"), "") << "four days of retention count from the end of the delay";
}

TEST_F(WaitingActions, QueueSaysTheDelayWhereNoneIsGiven) {
  create("slow", R"({"DelaySeconds":"10"})");
  send_all(R"({"MessageBody":"b"})", "slow");
  send_all(R"({"MessageBody":"at once","DelayMs":0})", "slow");
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"slow","MaxNumberOfMessages":10})")["Body"],
            "at once");
  backend_.let_pass(seconds(10));
  EXPECT_NE(take("slow"), "");
}

TEST_F(WaitingActions, FifoMessageHasItsNumberOrItsReason) {
  create("q.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
  const Answer answer =
      send_all(R"({"MessageBody":"one","MessageGroupId":"g"},{"MessageBody":"two"},)"
               R"({"MessageBody":"three","MessageGroupId":"g","DelayMs":5})",
               "q.fifo");
  EXPECT_EQ(answer["SequenceNumber"].size(), 20u);
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"Outcome":"NoGroup","Message":"The request must contain the )"
                        R"(parameter MessageGroupId."})"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"Outcome":"NotForFifo","Message":)"));
  EXPECT_EQ(waiting_in("q.fifo"), 1);
}

TEST_F(WaitingActions, MessageThatIsTooLargeFailsAlone) {
  create("small", R"({"MaximumMessageSize":"1024"})");
  EXPECT_THAT(all(send_all(fmt::format(R"({{"MessageBody":"{}"}},{{"MessageBody":"b"}})",
                                       std::string(1025, 'x')),
                           "small")
                      .body,
                  "Outcome"),
              testing::ElementsAre("TooLarge", "Done"));
}

TEST_F(WaitingActions, SendOfNoneOrTooManySendsNothing) {
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += std::string(i > 0 ? "," : "") + R"({"MessageBody":"b"})";
  for (const std::string& messages : {std::string(), eleven})
    EXPECT_EQ(send_all(messages).query_error, "InvalidParameterValue;Sender") << messages;
  EXPECT_EQ(waiting_in("q"), 0);
}

TEST_F(WaitingActions, MessageThatMakesNoSenseFailsAlone) {
  struct Row {
    std::string message;
    const char* outcome;
  };
  for (const auto& [message, outcome] : {
           Row{"{}", "Invalid"},
           Row{R"({"MessageBody":""})", "Invalid"},
           Row{R"({"MessageBody":"\u0001"})", "BadContents"},
           Row{R"({"MessageBody":"b","DelayMs":-1})", "Invalid"},
           Row{R"({"MessageBody":"b","DelayMs":31622400001})", "Invalid"},
           Row{R"({"MessageBody":"b","MessageGroupId":"a b"})", "Invalid"},
       }) {
    const Answer answer = send_all(message + R"(,{"MessageBody":"good"})");
    EXPECT_EQ(answer.status, 200) << message;
    EXPECT_EQ(all(answer.body, "Outcome"), (std::vector<std::string>{outcome, "Done"})) << message;
  }
  EXPECT_EQ(waiting_in("q"), 6);
}

TEST_F(WaitingActions, LastOfListsThatAreGivenTwiceCounts) {
  ours("Send", R"({"QueueUrl":"q","Messages":[{"MessageBody":"a"}],)"
               R"("Messages":[{"MessageBody":"b"}]})");
  EXPECT_EQ(all(peek().body, "Body"), std::vector<std::string>{"b"});
  create("other");
  EXPECT_EQ(receive(R"("QueueUrl":"other","QueueUrl":"q")")["Body"], "b");
  EXPECT_EQ(backend_.last<queue::Receive>().then_from.size(), 0u);
}

// ---- Peek

TEST_F(WaitingActions, PeekShowsWhatIsThereAndChangesNothing) {
  const int64_t now = to_micros(backend_.clock.now());
  const std::string id = send_all(R"({"MessageBody":"b","MessageGroupId":"g","MessageAttributes":)"
                                  R"({"a":{"DataType":"String","StringValue":"x"}}})")["MessageId"];
  const std::string seen = fmt::format(
      R"({{"Messages":[{{"MessageId":"{0}","State":"Visible","Body":"b","SentAtUs":{1},)"
      R"("VestsAtUs":{1},"Taken":0,"Failed":0,"MessageGroupId":"g","MessageAttributes":)"
      R"({{"a":{{"DataType":"String","StringValue":"x"}}}},"Evidence":[]}}]}})",
      id, now);
  EXPECT_EQ(peek().body, seen);
  EXPECT_EQ(peek().body, seen);
  EXPECT_NE(take("q"), "");
}

TEST_F(WaitingActions, StatesAreToldApart) {
  send_body("q", "taken");
  take("q");
  send_body("q", "free");
  send_delayed("later", 5000);
  EXPECT_THAT(all(peek().body, "State"),
              testing::UnorderedElementsAre("InFlight", "Visible", "Delayed"));
  struct Row {
    const char* state;
    const char* body;
  };
  for (const auto& [state, body] :
       {Row{"InFlight", "taken"}, Row{"Visible", "free"}, Row{"Delayed", "later"}}) {
    const Answer answer = peek(fmt::format(R"("State":"{}")", state));
    EXPECT_EQ(all(answer.body, "Body"), std::vector<std::string>{body});
    EXPECT_EQ(answer["State"], state);
  }
  backend_.let_pass(seconds(40));
  EXPECT_EQ(all(peek(R"("State":"Visible")").body, "Body").size(), 3u);
  EXPECT_EQ(peek(R"("State":"Delayed")").body, R"({"Messages":[]})");
}

TEST_F(WaitingActions, OneMessageIsFoundByItsId) {
  send_body("q", "other");
  const std::string id = send_body("q", "wanted");
  EXPECT_EQ(all(peek(R"("MessageId":")" + id + '"').body, "Body"),
            std::vector<std::string>{"wanted"});
  EXPECT_EQ(peek(fmt::format(R"("MessageId":"{}")", kNobody)).body, R"({"Messages":[]})");
}

TEST_F(WaitingActions, PagesAreOldestFirstWithoutAGap) {
  std::vector<std::string> sent;
  for (int i = 0; i < 7; ++i) {
    sent.push_back(fmt::format("{}", i));
    send_body("q", sent.back());
    if (i % 2 == 0) backend_.clock.advance(seconds(1));
  }
  std::vector<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    const Answer page = peek(R"("MaxNumberOfMessages":3,"NextToken":")" + token + '"');
    for (const std::string& body : all(page.body, "Body")) seen.push_back(body);
    token = page["NextToken"];
  } while (++pages < 10 && !token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen, sent);
  EXPECT_EQ(peek(R"("MaxNumberOfMessages":7)")["NextToken"], "") << "that was all";
}

TEST_F(WaitingActions, PeekTellsOfFailuresAndDeadLetters) {
  create("dead");
  amazon("SetQueueAttributes",
         R"({"QueueUrl":"q","Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":)"
         R"(\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"}})");
  send_body("q", "b");
  const std::string session = open_session();
  ours("Fail", fmt::format(R"({{"Entries":[{{"ReceiptHandle":"{}","Poison":true,)"
                           R"("Evidence":{{"exit":1}}}}]}})",
                           take_in(session, "q")));
  const Answer dead = ours("Peek", R"({"QueueUrl":"dead"})");
  EXPECT_EQ(dead["DeadLetterSource"], "q");
  EXPECT_THAT(dead.body, HasSubstr(R"("Taken":1,)"));
  EXPECT_THAT(dead.body, HasSubstr(R"("Evidence":[{"exit":1}])"));
}

TEST_F(WaitingActions, PeekChecksWhatItIsAsked) {
  for (const std::string& bad :
       {std::string(R"("State":"visible")"), std::string(R"("State":"Gone")"),
        std::string(R"("MessageId":"nonsense")"), std::string(R"("MaxNumberOfMessages":0)"),
        std::string(R"("MaxNumberOfMessages":101)"), std::string(R"("NextToken":"!")"),
        R"("NextToken":")" + to_base64("short") + '"',
        R"("NextToken":")" + to_base64(std::string(17, 'x')) + '"'})
    EXPECT_EQ(peek(bad).query_error, "InvalidParameterValue;Sender") << bad;
  for (const char* token : {"\xFF", "\x7F"})
    EXPECT_EQ(peek(R"("NextToken":")" + to_base64(token + std::string(15, '\xFF')) + '"').status,
              200)
        << "any place is one";
}

// ---- Edit

TEST_F(WaitingActions, EditedMessageHasAnotherBodyAndTheSameAttributes) {
  const std::string id =
      send_all(R"({"MessageBody":"old","MessageGroupId":"g","MessageAttributes":)"
               R"({"a":{"DataType":"String","StringValue":"x"}}})")["MessageId"];
  EXPECT_EQ(edit(id, "new").body, R"({"Results":[{"Outcome":"Done"}]})");
  EXPECT_THAT(peek().body, HasSubstr(R"("StringValue":"x")"));
  const Answer taken = amazon("ReceiveMessage", R"({"QueueUrl":"q"})");
  EXPECT_EQ(taken["MessageId"], id);
  EXPECT_EQ(taken["Body"], "new");
  EXPECT_EQ(taken["MD5OfBody"], "22af645d1859cb5ca6da0c484f1f37ea");
}

TEST_F(WaitingActions, MessageThatCannotBeEditedSaysWhy) {
  EXPECT_EQ(edit(kNobody, "new")["Outcome"], "NoMessage");
  send_body("q", "held");
  take("q");
  EXPECT_EQ(edit(peek()["MessageId"], "new")["Outcome"], "Held");
  create("small", R"({"MaximumMessageSize":"1024"})");
  const std::string id = send_body("small", "s");
  EXPECT_EQ(edit(id, std::string(1025, 'x'), "small")["Outcome"], "TooLarge");
  EXPECT_EQ(edit(id, "\\u0001", "small").error(), "InvalidMessageContents");
  EXPECT_EQ(edit(id, "", "small").error(), "MissingRequiredParameterException");
  EXPECT_EQ(edit("nonsense", "b").query_error, "InvalidParameterValue;Sender");
  EXPECT_EQ(edit(id, "b", "none").error(), "QueueDoesNotExist");
}

// ---- Cancel

TEST_F(WaitingActions, CancelledMessagesAreGoneAndHeldOnesStay) {
  send_body("q", "taken");
  const std::string handle = take("q");
  const std::string taken = peek()["MessageId"];
  const std::string free = send_body("q", "free");
  const std::string later = send_delayed("later", 5000);
  const std::string ids =
      fmt::format(R"("{}","{}","{}","{}","{}")", free, later, taken, kNobody, free);
  EXPECT_THAT(all(cancel(ids).body, "Outcome"),
              testing::ElementsAre("Done", "Done", "Held", "NoMessage", "NoMessage"));
  EXPECT_EQ(all(peek().body, "Body"), std::vector<std::string>{"taken"});
}

TEST_F(WaitingActions, CancelChecksItsList) {
  std::string hundred = quoted(kNobody);
  for (int i = 1; i < 100; ++i) hundred += "," + quoted(kNobody);
  EXPECT_EQ(all(cancel(hundred).body, "Outcome").size(), 100u);
  for (const std::string& bad : {std::string(), hundred + "," + quoted(kNobody),
                                 std::string(R"("nonsense")"), std::string(R"("")")})
    EXPECT_EQ(cancel(bad).query_error, "InvalidParameterValue;Sender") << bad.substr(0, 20);
}

// ---- Reschedule

TEST_F(WaitingActions, MessageGetsAnotherTimeOrAnotherQueue) {
  create("other");
  const std::string sooner = send_delayed("sooner", 100'000);
  const std::string later = send_body("q", "later");
  const std::string moved = send_body("q", "moved");
  EXPECT_EQ(
      reschedule(
          fmt::format(R"({{"MessageId":"{}","DelayMs":0}},{{"MessageId":"{}","DelayMs":5000}},)"
                      R"({{"MessageId":"{}","TargetQueueUrl":"http://h/1/other"}})",
                      sooner, later, moved))
          .body,
      R"({"Results":[{"Outcome":"Done"},{"Outcome":"Done"},{"Outcome":"Done"}]})");
  EXPECT_EQ(all(peek(R"("State":"Visible")").body, "Body"), std::vector<std::string>{"sooner"});
  EXPECT_EQ(all(peek(R"("State":"Delayed")").body, "Body"), std::vector<std::string>{"later"});
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"other"})")["Body"], "moved");
}

TEST_F(WaitingActions, EachRescheduleHasItsOutcome) {
  create("small", R"({"MaximumMessageSize":"1024"})");
  create("q.fifo", R"({"FifoQueue":"true"})");
  send_body("q", "taken");
  take("q");
  const std::string taken = peek()["MessageId"];
  const std::string large = send_body("q", std::string(1025, 'x'));
  const auto to = [&](const std::string& queue) {
    return fmt::format(R"({{"MessageId":"{}","TargetQueueUrl":"{}"}})", large, queue);
  };
  EXPECT_THAT(
      all(reschedule(fmt::format(R"({{"MessageId":"{}"}},{{"MessageId":"{}"}},{},{},{},{})", taken,
                                 kNobody, to("none"), to("q.fifo"), to("small"), to("")))
              .body,
          "Outcome"),
      testing::ElementsAre("Held", "NoMessage", "NoDestination", "DeadLetterKind", "TooLarge",
                           "Done"));
}

TEST_F(WaitingActions, RescheduleThatMakesNoSenseChangesNothing) {
  const std::string id = send_body("q", "b");
  const auto entry = [&](const std::string& rest) {
    return fmt::format(R"({{"MessageId":"{}"{}}})", id, rest);
  };
  std::string many = entry("");
  for (int i = 1; i < 101; ++i) many += "," + entry("");
  for (const std::string& bad :
       {std::string(), many, std::string("{}"), std::string(R"({"MessageId":"x"})"),
        entry(R"(,"DelayMs":5)") + "," + entry(R"(,"DelayMs":-1)"),
        entry(R"(,"DelayMs":31622400001)"), entry(R"(,"DelayMs":9223372036854775807)")})
    EXPECT_EQ(reschedule(bad).query_error, "InvalidParameterValue;Sender") << bad.substr(0, 90);
  EXPECT_EQ(waiting_in("q"), 1);
}

// ---- Receive

TEST_F(WaitingActions, EarlierQueuesAreTakenFromFirst) {
  create("urgent");
  create("empty");
  send_body("q", "q1");
  send_body("q", "q2");
  send_body("urgent", "u1");
  const std::string from = R"("QueueUrls":["empty","urgent","q"])";
  const Answer answer = receive(from + R"(,"MaxNumberOfMessages":2)");
  EXPECT_THAT(all(answer.body, "Body"), testing::ElementsAre("u1", "q1"));
  EXPECT_THAT(all(answer.body, "QueueUrl"),
              testing::ElementsAre("http://queues:9324/000000000000/urgent",
                                   "http://queues:9324/000000000000/q"));
  EXPECT_EQ(receive(from)["Body"], "q2");
  EXPECT_EQ(receive(from).body, R"({"Messages":[]})");
}

TEST_F(WaitingActions, QueuesOfAReceiveAreChecked) {
  std::string eleven = quoted("q");
  for (int i = 1; i < 11; ++i) eleven += "," + quoted("q");
  struct Row {
    std::string rest;
    const char* error;
  };
  for (const auto& [rest, error] : {
           Row{R"("a":0)", "MissingRequiredParameterException"},
           Row{R"("QueueUrls":[])", "MissingRequiredParameterException"},
           Row{R"("QueueUrls":["q",""])", "MissingRequiredParameterException"},
           Row{R"("QueueUrls":[)" + eleven + "]", "InvalidParameterValueException"},
           Row{R"("QueueUrls":["q","none"])", "QueueDoesNotExist"},
       })
    EXPECT_EQ(receive(rest).error(), error) << rest;
}

// ---- clients that go away

TEST_F(WaitingActions, ClientThatGoesAwayBeforeItsAnswerGivesTheMessagesBack) {
  create("q.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
  amazon("SendMessage", R"({"QueueUrl":"q.fifo","MessageBody":"b","MessageGroupId":"g"})");
  send_body("q", "b");
  for (const char* queue : {"q", "q.fifo"}) {
    for (const char* target : {"AmazonSQS.ReceiveMessage", "Selvage.Receive"}) {
      backend_.holds_answers = true;
      EXPECT_EQ(send(request(target, fmt::format(R"({{"QueueUrl":"{}"}})", queue))).status, 0);
      connection_->close();
      backend_.answer_held();
      ASSERT_TRUE(sink_->response());
      EXPECT_EQ(sink_->response()->status, 500) << "what an unused responder says to nobody";
      EXPECT_TRUE(std::holds_alternative<queue::Return>(backend_.submitted.back())) << target;
    }
    EXPECT_EQ(
        amazon("ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["All"]}})",
                                             queue))["ApproximateReceiveCount"],
        "1")
        << queue;
  }
}

TEST_F(WaitingActions, AnswerThatIsNotWrittenYetIsGivenBackToo) {
  send_body("q", "b");
  api_.handle(request("AmazonSQS.ReceiveMessage", R"({"QueueUrl":"q"})"), connection_,
              http::Responder(std::make_shared<FakeSink>()));
  EXPECT_TRUE(std::holds_alternative<queue::Receive>(backend_.submitted.back()));
  connection_->close();
  EXPECT_EQ(waiting_in("q"), 1);
}

TEST_F(WaitingActions, AttemptOfAClientThatWentAwayCanBeMadeAgain) {
  create("q.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
  amazon("SendMessage", R"({"QueueUrl":"q.fifo","MessageBody":"b","MessageGroupId":"g"})");
  const std::string json = R"({"QueueUrl":"q.fifo","ReceiveRequestAttemptId":"try"})";
  backend_.holds_answers = true;
  amazon("ReceiveMessage", json);
  connection_->close();
  backend_.answer_held();
  EXPECT_EQ(amazon("ReceiveMessage", json)["Body"], "b");
}

TEST_F(WaitingActions, ClientThatStaysKeepsItsMessages) {
  send_body("q", "b");
  backend_.holds_answers = true;
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"q"})").status, 0);
  backend_.answer_held();
  EXPECT_EQ(answer()["Body"], "b");
  EXPECT_TRUE(std::holds_alternative<queue::Receive>(backend_.submitted.back()));
}

}  // namespace
}  // namespace selvage::sqs
