// SPDX-License-Identifier: Apache-2.0
// What all actions have in common: how a request is told, and how a refusal is answered.
#include <fmt/format.h>

#include "sqs/actions.h"
#include "sqs/api_fixture.h"
#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

using testing::HasSubstr;

class ProtocolTest : public ApiTest {};

// A counted endpoint over the engine of the fixture.
class CountedTest : public ApiTest {
 protected:
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const NamedAction& action : all_actions()) names.emplace_back(action.name);
    return names;
  }
  // As metrics::kStatuses has them: 0 is 200, 1 is 400.
  uint64_t count(std::string_view action, size_t status) const {
    const auto& all = requests_.names();
    return requests_.count(static_cast<size_t>(std::ranges::find(all, action) - all.begin()),
                           status);
  }
  void call(const http::Request& http_request) {
    sink_ = std::make_shared<FakeSink>(connection_);
    counted_.handle(http_request, connection_, http::Responder(sink_));
  }

  metrics::Requests requests_{names()};
  Api counted_{{backend_, identity_, guard_, &requests_}};
};

TEST_F(CountedTest, AnAnswerIsCountedByActionAndStatus) {
  create("q");
  call(request("AmazonSQS.SendMessage", R"({"QueueUrl":"q","MessageBody":"x"})"));
  call(request("AmazonSQS.SendMessage", R"({"QueueUrl":"none","MessageBody":"x"})"));
  call(request("Selvage.Statistics", "{}"));
  call(request("AmazonSQS.Nonsense", "{}"));
  EXPECT_EQ(count("SendMessage", 0), 1u);
  EXPECT_EQ(count("SendMessage", 1), 1u);
  EXPECT_EQ(count("Selvage.Statistics", 0), 1u);
  EXPECT_EQ(count("unknown", 1), 1u);
  EXPECT_EQ(count("ReceiveMessage", 0), 0u);
}

TEST_F(CountedTest, AReceiveIsCountedWhenItIsAnswered) {
  create("q");
  call(request("AmazonSQS.ReceiveMessage", R"({"QueueUrl":"q","WaitTimeSeconds":5})"));
  EXPECT_EQ(count("ReceiveMessage", 0), 0u);
  backend_.end_waits();
  EXPECT_EQ(count("ReceiveMessage", 0), 1u);
}

TEST_F(ProtocolTest, OperationThatIsNotKnownIsRefusedInNoWords) {
  http::Request get = request("AmazonSQS.ListQueues", "{}");
  get.method = "GET";
  for (const http::Request& unknown :
       {get, request("AmazonSQS.Nonsense", "{}"), request("Selvage.ListQueues", "{}"),
        request("AmazonSQS.OpenSession", "{}"), request("AmazonSQS.Selvage.OpenSession", "{}"),
        request("listqueues", "{}")}) {
    const Answer answer = send(unknown);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.body, R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
    EXPECT_EQ(answer.query_error, "");
  }
  EXPECT_TRUE(backend_.submitted.empty());
}

// Selvage.Statistics has no parameters.
TEST_F(ProtocolTest, MalformedJsonIsRefusedByEveryAction) {
  for (const NamedAction& action : all_actions()) {
    if (action.name == "Selvage.Statistics") continue;
    const bool is_ours = action.name.starts_with("Selvage.");
    const std::string target = fmt::format("{}{}", is_ours ? "" : "AmazonSQS.", action.name);
    for (const char* json :
         {"", "{", "[]", "text", R"({"QueueUrl":"q"} and more)", "{\"a\":\"\xFF\"}"}) {
      const Answer answer = send(request(target, json));
      EXPECT_EQ(answer.status, 400) << target << " " << json;
      EXPECT_EQ(answer.error(), "SerializationException") << target << " " << json;
      EXPECT_EQ(answer.query_error, "MalformedInput;Sender") << target << " " << json;
    }
  }
  EXPECT_TRUE(backend_.submitted.empty());
}

TEST_F(ProtocolTest, ErrorsOfTheServiceAndOfItsFrameworkHaveDistinctNamespaces) {
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"none"})").body,
            R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist",)"
            R"("message":"The specified queue does not exist."})");
  EXPECT_EQ(amazon("GetQueueUrl", "{}").body,
            R"({"__type":"com.amazon.coral.service#MissingRequiredParameterException",)"
            R"("message":"The request must contain the parameter QueueName."})");
}

TEST_F(ProtocolTest, LastOfEqualMembersCounts) {
  create("a");
  create("b");
  EXPECT_EQ(amazon("SendMessageBatch",
                   R"({"QueueUrl":"a","QueueUrl":"b","Entries":[{"Id":"1","MessageBody":"x"}],)"
                   R"("Entries":[{"Id":"2","Id":"3","MessageBody":"y","MessageBody":"z"}]})")["Id"],
            "3");
  EXPECT_EQ(waiting_in("a"), 0);
  EXPECT_EQ(waiting_in("b"), 1);
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"b"})")["Body"], "z");
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
           Row{"AmazonSQS.CreateQueue", "tags", R"(["a"])"},
           Row{"AmazonSQS.TagQueue", "Tags", R"({"a":5})"},
           Row{"AmazonSQS.UntagQueue", "TagKeys", R"("a")"},
           Row{"AmazonSQS.AddPermission", "AWSAccountIds", R"("1")"},
           Row{"AmazonSQS.AddPermission", "Actions", R"([1])"},
           Row{"AmazonSQS.ListDeadLetterSourceQueues", "MaxResults", R"("1")"},
           Row{"AmazonSQS.StartMessageMoveTask", "MaxNumberOfMessagesPerSecond",
               "99999999999999999999"},
           Row{"AmazonSQS.ListMessageMoveTasks", "MaxResults", "1e3"},
           Row{"AmazonSQS.CancelMessageMoveTask", "TaskHandle", "{}"},
           Row{"Selvage.Send", "Messages", R"([{"DelayMs":"1"}])"},
           Row{"Selvage.Send", "Messages", R"(["one"])"},
           Row{"Selvage.Peek", "MaxNumberOfMessages", R"("1")"},
           Row{"Selvage.Cancel", "MessageIds", R"("one")"},
           Row{"Selvage.Reschedule", "Entries", R"([{"DelayMs":1.5}])"},
           Row{"Selvage.Edit", "MessageBody", "1"},
           Row{"Selvage.Receive", "QueueUrls", R"("q")"},
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
  create("q", R"({"DelaySeconds":null})");
  EXPECT_EQ(amazon("SendMessage", R"({"Nonsense":{"a":[1]},"QueueUrl":"q","MessageBody":"b",)"
                                  R"("DelaySeconds":null,"MessageAttributes":null})")
                .status,
            200);
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"q","WaitTimeSeconds":null,)"
                                     R"("AttributeNames":null,"VisibilityTimeout":null,)"
                                     R"("MessageAttributeNames":[null,"a"]})")
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
           Row{"AmazonSQS.PurgeQueue", R"("a":0)"},
           Row{"AmazonSQS.TagQueue", R"("Tags":{"a":"b"})"},
           Row{"AmazonSQS.UntagQueue", R"("TagKeys":["a"])"},
           Row{"AmazonSQS.ListQueueTags", R"("a":0)"},
           Row{"AmazonSQS.AddPermission",
               R"("Label":"l","AWSAccountIds":["111122223333"],"Actions":["*"])"},
           Row{"AmazonSQS.RemovePermission", R"("Label":"l")"},
           Row{"AmazonSQS.ListDeadLetterSourceQueues", R"("a":0)"},
           Row{"Selvage.Send", R"("Messages":[{"MessageBody":"b"}])"},
           Row{"Selvage.Peek", R"("a":0)"},
           Row{"Selvage.Cancel", R"("MessageIds":["00000000-0000-0000-0000-000000000001"])"},
           Row{"Selvage.Reschedule",
               R"("Entries":[{"MessageId":"00000000-0000-0000-0000-000000000001"}])"},
           Row{"Selvage.Edit",
               R"("MessageBody":"b","MessageId":"00000000-0000-0000-0000-000000000001")"},
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
           Row{Refusal::kTooLarge, "InvalidParameterValueException", 400, "TooLarge"},
           Row{Refusal::kNotInFlight, "MessageNotInflight", 400, "NotInFlight"},
           Row{Refusal::kForeignReceipt, "ReceiptHandleIsInvalid", 404, "ForeignReceipt"},
           Row{Refusal::kLeaseTooLong, "InvalidParameterValueException", 400, "LeaseTooLong"},
           Row{Refusal::kOverLimit, "OverLimit", 403, "OverLimit"},
           Row{Refusal::kLeaseGone, "ReceiptHandleIsInvalid", 404, "LeaseGone"},
           Row{Refusal::kNoSession, "SessionEnded", 409, "NoSession"},
           Row{Refusal::kNoArtifact, "InvalidParameterValueException", 400, "NoArtifact"},
           Row{Refusal::kBadContents, "InvalidMessageContents", 400, "BadContents"},
           Row{Refusal::kNoGroup, "MissingRequiredParameterException", 400, "NoGroup"},
           Row{Refusal::kNoDeduplicationId, "InvalidParameterValueException", 400,
               "NoDeduplicationId"},
           Row{Refusal::kNotForFifo, "InvalidParameterValueException", 400, "NotForFifo"},
           Row{Refusal::kNotForStandard, "InvalidParameterValueException", 400, "NotForStandard"},
           Row{Refusal::kLeaseExpired, "ReceiptHandleIsInvalid", 404, "LeaseExpired"},
           Row{Refusal::kNoMessage, "InvalidParameterValueException", 400, "NoMessage"},
           Row{Refusal::kHeld, "InvalidParameterValueException", 400, "Held"},
           Row{Refusal::kNoDeadLetterQueue, "InvalidParameterValueException", 400,
               "NoDeadLetterQueue"},
           Row{Refusal::kDeadLetterKind, "InvalidParameterValueException", 400, "DeadLetterKind"},
           Row{Refusal::kDeadLetterDenied, "InvalidParameterValueException", 400,
               "DeadLetterDenied"},
           Row{Refusal::kThroughputNeedsGroups, "InvalidAttributeValue", 400,
               "ThroughputNeedsGroups"},
           Row{Refusal::kQueueDeletedRecently, "QueueDeletedRecently", 400, "QueueDeletedRecently"},
           Row{Refusal::kPurgedRecently, "PurgeQueueInProgress", 403, "PurgedRecently"},
           Row{Refusal::kThrottled, "RequestThrottled", 403, "Throttled"},
           Row{Refusal::kAttemptChanged, "InvalidParameterValueException", 400, "AttemptChanged"},
           Row{Refusal::kTooManyTags, "InvalidParameterValueException", 400, "TooManyTags"},
           Row{Refusal::kNotADeadLetterQueue, "InvalidParameterValueException", 400,
               "NotADeadLetterQueue"},
           Row{Refusal::kMoveTaskRunning, "InvalidParameterValueException", 400, "MoveTaskRunning"},
           Row{Refusal::kNoMoveTask, "ResourceNotFoundException", 404, "NoMoveTask"},
           Row{Refusal::kMoveTaskEnded, "ResourceNotFoundException", 404, "MoveTaskEnded"},
           Row{Refusal::kNoDestination, "ResourceNotFoundException", 404, "NoDestination"},
           Row{Refusal::kNoSpace, "ServiceUnavailableException", 503, "NoSpace"},
           Row{Refusal::kUnavailable, "ServiceUnavailableException", 503, "Unavailable"},
       }) {
    EXPECT_EQ(describe(refusal).kind.type, type);
    EXPECT_EQ(describe(refusal).kind.status, status) << type;
    EXPECT_NE(describe(refusal).message, "") << type;
    EXPECT_EQ(outcome_name(refusal), outcome);
  }
}

}  // namespace
}  // namespace selvage::sqs
