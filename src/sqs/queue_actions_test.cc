// SPDX-License-Identifier: Apache-2.0
// The actions on queues, each with its answer and its errors.
#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class QueueActions : public ApiTest {
 protected:
  // Its URLs, without what they begin with.
  std::vector<std::string> list(const std::string& json) {
    listed_ = amazon("ListQueues", json);
    std::vector<std::string> names;
    EXPECT_TRUE(wire::read_json(listed_.body, [&](wire::JsonValue& root) {
      return root.object([&](std::string_view key, wire::JsonValue& value) {
        return key != "QueueUrls" || value.array([&](wire::JsonValue& url) {
          const std::string text(url.string().value_or(""));
          EXPECT_THAT(text, testing::StartsWith("http://queues:9324/000000000000/"));
          names.push_back(text.substr(text.rfind('/') + 1));
          return true;
        });
      });
    })) << listed_.body;
    return names;
  }
  Answer listed_;
};

TEST_F(QueueActions, CreatedQueueHasAUrlOfTheHostThatWasAsked) {
  const Answer answer = amazon("CreateQueue", R"({"QueueName":"orders","tags":{"a":"b"}})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"QueueUrl":"http://queues:9324/000000000000/orders"})");
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"orders"})").body, answer.body);
}

TEST_F(QueueActions, UrlIsAsSafeAsTheConnectionOrWhatTheServerIsToldToSay) {
  create("q");
  connection_->is_tls = true;
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"q"})")["QueueUrl"],
            "https://queues:9324/000000000000/q");
  identity_.public_url = "http://public:1";
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"q"})")["QueueUrl"],
            "http://public:1/000000000000/q");
}

TEST_F(QueueActions, CreatingTwiceIsFineUnlessAnAttributeDiffers) {
  create("q", R"({"DelaySeconds":"5"})");
  create("q");
  create("q", R"({"DelaySeconds":"5"})");
  const Answer differs =
      amazon("CreateQueue", R"({"QueueName":"q","Attributes":{"DelaySeconds":"6"}})");
  EXPECT_EQ(differs.status, 400);
  EXPECT_EQ(differs.error(), "QueueNameExists");
  EXPECT_EQ(differs.query_error, "QueueAlreadyExists;Sender");
}

TEST_F(QueueActions, NamesAndAttributesAreCheckedBeforeAnythingIsCreated) {
  struct Row {
    const char* json;
    const char* error;
  };
  for (const auto& [json, error] : {
           Row{"{}", "MissingRequiredParameterException"},
           Row{R"({"QueueName":"a b"})", "InvalidParameterValueException"},
           Row{R"({"QueueName":"a.fifo"})", "InvalidParameterValueException"},
           Row{R"({"QueueName":"a","Attributes":{"Nonsense":"1"}})", "InvalidAttributeName"},
           Row{R"({"QueueName":"a","Attributes":{"DelaySeconds":"901"}})", "InvalidAttributeValue"},
       })
    EXPECT_EQ(amazon("CreateQueue", json).error(), error) << json;
  EXPECT_TRUE(backend_.submitted.empty());
}

TEST_F(QueueActions, DeletedQueueIsGone) {
  create("q");
  EXPECT_EQ(amazon("DeleteQueue", R"({"QueueUrl":"q"})").body, "");
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"q"})").error(), "QueueDoesNotExist");
}

TEST_F(QueueActions, UrlOfNothingIsAMissingParameter) {
  EXPECT_EQ(amazon("GetQueueUrl", "{}").query_error, "MissingParameter;Sender");
}

// ---- lists

TEST_F(QueueActions, ListIsSortedAndFilteredByPrefix) {
  for (const char* name : {"b1", "a2", "a1"}) create(name);
  EXPECT_THAT(list("{}"), testing::ElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(list(R"({"QueueNamePrefix":"a"})"), testing::ElementsAre("a1", "a2"));
  EXPECT_THAT(list(R"({"QueueNamePrefix":"zz"})"), testing::IsEmpty());
  EXPECT_EQ(listed_.body, "{}");
}

TEST_F(QueueActions, PagesFollowEachOtherWithoutAGap) {
  for (const char* name : {"a1", "a2", "a3", "a4", "a5", "b"}) create(name);
  std::vector<std::string> all;
  std::string token;
  int pages = 0;
  do {
    const auto page =
        list(R"({"QueueNamePrefix":"a","MaxResults":2,"NextToken":")" + token + "\"}");
    all.insert(all.end(), page.begin(), page.end());
    token = listed_["NextToken"];
  } while (++pages < 10 && !token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(all, testing::ElementsAre("a1", "a2", "a3", "a4", "a5"));
}

TEST_F(QueueActions, LastFullPageHasNoToken) {
  for (const char* name : {"a1", "a2"}) create(name);
  list(R"({"MaxResults":2})");
  EXPECT_EQ(listed_["NextToken"], "");
}

TEST_F(QueueActions, PageSizeAndTokenAreChecked) {
  for (const char* json :
       {R"({"MaxResults":0})", R"({"MaxResults":1001})", R"({"MaxResults":5,"NextToken":"!!"})"}) {
    const Answer answer = amazon("ListQueues", json);
    EXPECT_EQ(answer.status, 400) << json;
    EXPECT_EQ(answer.query_error, "InvalidParameterValue;Sender") << json;
  }
}

// ---- attributes

TEST_F(QueueActions, AttributesAreSetAndShown) {
  create("q");
  EXPECT_EQ(
      amazon("SetQueueAttributes", R"({"QueueUrl":"q","Attributes":{"VisibilityTimeout":"7"}})")
          .body,
      "");
  EXPECT_EQ(amazon("GetQueueAttributes",
                   R"({"QueueUrl":"q","AttributeNames":["VisibilityTimeout","QueueArn"]})")
                .body,
            R"({"Attributes":{"QueueArn":"arn:aws:sqs:us-east-1:000000000000:q",)"
            R"("VisibilityTimeout":"7"}})");
}

TEST_F(QueueActions, NoAttributesAskedForNoneShown) {
  create("q");
  EXPECT_EQ(amazon("GetQueueAttributes", R"({"QueueUrl":"q"})").body, "{}");
  EXPECT_EQ(amazon("GetQueueAttributes", R"({"QueueUrl":"q","AttributeNames":["Policy"]})").body,
            "{}");
  EXPECT_EQ(amazon("GetQueueAttributes", R"({"QueueUrl":"q","AttributeNames":["Bad"]})").error(),
            "InvalidAttributeName");
}

TEST_F(QueueActions, SettingNothingOrWrongThingsChangesNothing) {
  create("q");
  EXPECT_EQ(amazon("SetQueueAttributes", R"({"QueueUrl":"q"})").query_error,
            "MissingParameter;Sender");
  EXPECT_EQ(amazon("SetQueueAttributes",
                   R"({"QueueUrl":"q","Attributes":{"DelaySeconds":"5","Bad":"1"}})")
                .error(),
            "InvalidAttributeName");
  EXPECT_EQ(amazon("GetQueueAttributes",
                   R"({"QueueUrl":"q","AttributeNames":["DelaySeconds"]})")["DelaySeconds"],
            "0");
}

// ---- ours

TEST_F(QueueActions, RetryPolicyIsCheckedAndSet) {
  create("q");
  EXPECT_EQ(ours("SetRetryPolicy",
                 R"({"QueueUrl":"q","Attempts":3,"Deaths":2,"BackoffMinMs":10,"BackoffMaxMs":20})")
                .body,
            "{}");
  const auto& retry = backend_.last<queue::SetQueue>().patch.retry;
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->attempts, 3u);
  EXPECT_EQ(retry->deaths, 2u);
  EXPECT_EQ(retry->backoff_min, milliseconds(10));
  EXPECT_EQ(retry->backoff_max, milliseconds(20));
  for (const char* bad :
       {R"("Attempts":0)", R"("Attempts":1001)", R"("Deaths":0)", R"("BackoffMaxMs":-1)",
        R"("BackoffMaxMs":43200001)", R"("BackoffMinMs":30,"BackoffMaxMs":20)"})
    EXPECT_EQ(ours("SetRetryPolicy", std::string(R"({"QueueUrl":"q",)") + bad + "}").query_error,
              "InvalidParameterValue;Sender")
        << bad;
}

TEST_F(QueueActions, RetryPolicyThatNamesNothingIsTheDefault) {
  create("q");
  ours("SetRetryPolicy", R"({"QueueUrl":"q"})");
  EXPECT_EQ(backend_.last<queue::SetQueue>().patch.retry, queue::Retry{});
}

TEST_F(QueueActions, AGateIsCheckedAndSet) {
  create("q");
  EXPECT_EQ(ours("SetGate", R"({"QueueUrl":"q","MostInFlight":1,"ForMs":1500})").body, "{}");
  const auto& gate = backend_.last<queue::SetQueue>().gate;
  ASSERT_TRUE(gate);
  EXPECT_EQ(gate->most_in_flight, 1u);
  EXPECT_EQ(gate->lasts, milliseconds(1500));
  ours("SetGate", R"({"QueueUrl":"q"})");
  EXPECT_EQ(backend_.last<queue::SetQueue>().gate->lasts, milliseconds(0));
  for (const char* bad : {R"("MostInFlight":-1)", R"("MostInFlight":120001)", R"("ForMs":-1)",
                          R"("ForMs":31622400001)"})
    EXPECT_EQ(ours("SetGate", std::string(R"({"QueueUrl":"q",)") + bad + "}").query_error,
              "InvalidParameterValue;Sender")
        << bad;
}

TEST_F(QueueActions, StatisticsCountEveryQueue) {
  create("a");
  create("b");
  send_body("a", "one");
  send_body("a", "two");
  take("a");
  EXPECT_EQ(ours("Statistics", "{}").body,
            R"({"Queues":[{"Name":"a","Visible":1,"InFlight":1,"Delayed":0,"Sent":2,"Received":1,)"
            R"("Deleted":0,"HandedOver":0,"Returned":0,"Failed":0,"Revoked":0,"DeadLettered":0,)"
            R"("Expired":0,"Moved":0,"OldestAtUs":1700000000000000},)"
            R"({"Name":"b","Visible":0,"InFlight":0,"Delayed":0,"Sent":0,)"
            R"("Received":0,"Deleted":0,"HandedOver":0,"Returned":0,"Failed":0,"Revoked":0,)"
            R"("DeadLettered":0,"Expired":0,"Moved":0}]})");
}

}  // namespace
}  // namespace selvage::sqs
