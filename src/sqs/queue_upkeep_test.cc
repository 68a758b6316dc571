// SPDX-License-Identifier: Apache-2.0
// Tags, purges, dead-letter sources, and attributes as they change on a live queue.
#include <fmt/format.h>

#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class QueueUpkeep : public QueryTest {
 protected:
  Answer set(const std::string& queue, const std::string& attributes) {
    return amazon("SetQueueAttributes",
                  fmt::format(R"({{"QueueUrl":"{}","Attributes":{}}})", queue, attributes));
  }
  std::string shown(const std::string& queue, const std::string& name) {
    return amazon("GetQueueAttributes",
                  fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["{}"]}})", queue, name))[name];
  }
  static std::string redrive_to(const std::string& arn) {
    return fmt::format(
        R"({{"RedrivePolicy":"{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}"}})", arn);
  }
  static std::string arn(const std::string& queue) {
    return "arn:aws:sqs:us-east-1:000000000000:" + queue;
  }
};

// ---- tags

TEST_F(QueueUpkeep, TagsComeAndGo) {
  amazon("CreateQueue", R"({"QueueName":"q","tags":{"first":"1"}})");
  EXPECT_EQ(amazon("TagQueue", R"({"QueueUrl":"q","Tags":{"b":"2","a":"","first":"one"}})").body,
            "");
  EXPECT_EQ(amazon("ListQueueTags", R"({"QueueUrl":"q"})").body,
            R"({"Tags":{"a":"","b":"2","first":"one"}})");
  EXPECT_EQ(amazon("UntagQueue", R"({"QueueUrl":"q","TagKeys":["a","first","never"]})").body, "");
  EXPECT_EQ(amazon("ListQueueTags", R"({"QueueUrl":"q"})").body, R"({"Tags":{"b":"2"}})");
  amazon("UntagQueue", R"({"QueueUrl":"q","TagKeys":["b"]})");
  EXPECT_EQ(amazon("ListQueueTags", R"({"QueueUrl":"q"})").body, "{}");
}

TEST_F(QueueUpkeep, FormsNameTagsInTwoWays) {
  create("q");
  for (const char* form :
       {"Action=TagQueue&QueueUrl=q&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b&Tag.2.Value=2",
        "Action=TagQueue&QueueUrl=q&Tags.1.Key=c&Tags.1.Value=3"})
    EXPECT_EQ(post(form), response("TagQueue", ""));
  for (const char* form :
       {"Action=UntagQueue&QueueUrl=q&TagKey.1=a", "Action=UntagQueue&QueueUrl=q&TagKeys.1=b"})
    EXPECT_EQ(post(form), response("UntagQueue", ""));
  EXPECT_EQ(post("Action=ListQueueTags&QueueUrl=q"),
            response("ListQueueTags",
                     "<ListQueueTagsResult><Tag><Key>c</Key><Value>3</Value></Tag>"
                     "</ListQueueTagsResult>"));
  post("Action=UntagQueue&QueueUrl=q&TagKey.1=c");
  EXPECT_EQ(post("Action=ListQueueTags&QueueUrl=q"),
            response("ListQueueTags", "<ListQueueTagsResult/>"));
}

TEST_F(QueueUpkeep, TagsHaveLimits) {
  create("q");
  const auto tag = [this](const std::string& key, const std::string& value) {
    return amazon("TagQueue",
                  fmt::format(R"({{"QueueUrl":"q","Tags":{{"{}":"{}"}}}})", key, value));
  };
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xC3\xA4";
  EXPECT_EQ(tag(umlauts, umlauts + umlauts).status, 200) << "characters count, not bytes";
  constexpr auto kKey = "Tag keys must be between 1 and 128 characters in length.";
  EXPECT_EQ(tag("", "v")["message"], kKey);
  EXPECT_EQ(tag(umlauts + "a", "v")["message"], kKey);
  EXPECT_EQ(tag("k", std::string(257, 'v'))["message"],
            "Tag values must be between 0 and 256 characters in length.");
  EXPECT_EQ(tag("aws:k", "v").query_error, "InvalidParameterValue;Sender");
  for (const char* none : {R"({"QueueUrl":"q"})", R"({"QueueUrl":"q","Tags":{}})"})
    EXPECT_EQ(amazon("TagQueue", none).query_error, "MissingParameter;Sender");
  EXPECT_EQ(amazon("UntagQueue", R"({"QueueUrl":"q","TagKeys":[]})").query_error,
            "MissingParameter;Sender");
}

TEST_F(QueueUpkeep, FiftyTagsAreEnough) {
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += fmt::format(R"({}"k{}":"")", i > 0 ? "," : "", i);
  const auto create_with = [this](const std::string& name, const std::string& tags) {
    return amazon("CreateQueue", fmt::format(R"({{"QueueName":"{}","tags":{{{}}}}})", name, tags));
  };
  EXPECT_EQ(create_with("q", fifty).status, 200);
  EXPECT_EQ(create_with("other", fifty + R"(,"more":"")").query_error,
            "InvalidParameterValue;Sender");
  EXPECT_EQ(amazon("TagQueue", R"({"QueueUrl":"q","Tags":{"more":""}})").query_error,
            "InvalidParameterValue;Sender");
  EXPECT_EQ(amazon("TagQueue", R"({"QueueUrl":"q","Tags":{"k0":"new"}})").status, 200);
}

TEST_F(QueueUpkeep, TagsThatAreWrongCreateNoQueue) {
  EXPECT_EQ(amazon("CreateQueue", R"({"QueueName":"q","tags":{"":"v"}})").query_error,
            "InvalidParameterValue;Sender");
  EXPECT_EQ(amazon("GetQueueUrl", R"({"QueueName":"q"})").error(), "QueueDoesNotExist");
}

// ---- purge

TEST_F(QueueUpkeep, PurgeTakesEverythingAndTheQueueStays) {
  create("q");
  send_body("q", "taken");
  const std::string handle = take("q");
  send_body("q", "waits");
  amazon("SendMessage", R"({"QueueUrl":"q","MessageBody":"delayed","DelaySeconds":5})");
  EXPECT_EQ(amazon("PurgeQueue", R"({"QueueUrl":"q"})").body, "");
  for (const char* count : {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                            "ApproximateNumberOfMessagesDelayed"})
    EXPECT_EQ(shown("q", count), "0") << count;
  backend_.clock.advance(seconds(100));
  EXPECT_EQ(take("q"), "");
  EXPECT_EQ(post("Action=PurgeQueue&QueueUrl=q"), response("PurgeQueue", ""));
}

// ---- dead-letter sources

TEST_F(QueueUpkeep, SourcesOfADeadLetterQueueAreListedInPages) {
  create("dead");
  EXPECT_EQ(amazon("ListDeadLetterSourceQueues", R"({"QueueUrl":"dead"})").body, "{}");
  for (const char* name : {"c", "a", "b"}) create(name, redrive_to(arn("dead")));
  create("stranger");
  const std::string url = "http://queues:9324/000000000000/";
  EXPECT_EQ(amazon("ListDeadLetterSourceQueues", R"({"QueueUrl":"dead"})").body,
            fmt::format(R"({{"queueUrls":["{0}a","{0}b","{0}c"]}})", url));
  const Answer page = amazon("ListDeadLetterSourceQueues", R"({"QueueUrl":"dead","MaxResults":2})");
  EXPECT_THAT(page.body, HasSubstr(fmt::format(R"({{"queueUrls":["{0}a","{0}b"],)", url)));
  EXPECT_EQ(amazon("ListDeadLetterSourceQueues",
                   fmt::format(R"({{"QueueUrl":"dead","MaxResults":2,"NextToken":"{}"}})",
                               page["NextToken"]))
                .body,
            fmt::format(R"({{"queueUrls":["{}c"]}})", url));
  EXPECT_EQ(post("Action=ListDeadLetterSourceQueues&QueueUrl=dead&MaxResults=3"),
            response("ListDeadLetterSourceQueues",
                     fmt::format("<ListDeadLetterSourceQueuesResult><QueueUrl>{0}a</QueueUrl>"
                                 "<QueueUrl>{0}b</QueueUrl><QueueUrl>{0}c</QueueUrl>"
                                 "</ListDeadLetterSourceQueuesResult>",
                                 url)));
  EXPECT_EQ(post("Action=ListDeadLetterSourceQueues&QueueUrl=a"),
            response("ListDeadLetterSourceQueues", "<ListDeadLetterSourceQueuesResult/>"));
  for (const char* bad : {R"("MaxResults":0)", R"("MaxResults":1001)", R"("NextToken":"a")"})
    EXPECT_EQ(amazon("ListDeadLetterSourceQueues", fmt::format(R"({{"QueueUrl":"dead",{}}})", bad))
                  .query_error,
              "InvalidParameterValue;Sender")
        << bad;
}

TEST_F(QueueUpkeep, RedrivePolicyIsCheckedAgainstItsTarget) {
  create("q");
  create("dead");
  create("dead.fifo", R"({"FifoQueue":"true"})");
  create("closed", R"({"RedriveAllowPolicy":"{\"redrivePermission\":\"denyAll\"}"})");
  create("picky", R"({"RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\",)"
                  R"(\"sourceQueueArns\":[\"arn:aws:sqs:us-east-1:000000000000:friend\"]}"})");
  struct Row {
    const char* target;
    const char* reason;
  };
  for (const auto& [target, reason] : {
           Row{"none", "Dead letter target does not exist."},
           Row{"dead.fifo", "Dead-letter queue must be same type of queue as the source."},
           Row{"closed",
               "Dead letter target does not allow this source queue "
               "(RedriveAllowPolicy)."},
           Row{"picky",
               "Dead letter target does not allow this source queue "
               "(RedriveAllowPolicy)."},
       }) {
    const Answer answer = set("q", redrive_to(arn(target)));
    EXPECT_EQ(answer.query_error, "InvalidParameterValue;Sender") << target;
    EXPECT_THAT(answer.body,
                HasSubstr(fmt::format(R"(Value {{\"deadLetterTargetArn\":\"{}\",)"
                                      R"(\"maxReceiveCount\":1}} for parameter RedrivePolicy is )"
                                      "invalid. Reason: {}",
                                      arn(target), reason)));
  }
  EXPECT_EQ(set("q", redrive_to(arn("dead"))).status, 200);
  create("friend", redrive_to(arn("picky")));
  EXPECT_EQ(set("q", R"({"RedrivePolicy":""})").status, 200);
  EXPECT_THAT(amazon("GetQueueAttributes", R"({"QueueUrl":"q","AttributeNames":["All"]})").body,
              Not(HasSubstr("RedrivePolicy")));
}

// ---- attributes of queues

TEST_F(QueueUpkeep, FifoQueueIsCreatedByItsNameAndItsAttributeTogether) {
  EXPECT_EQ(amazon("CreateQueue", R"({"QueueName":"q.fifo","Attributes":{"FifoQueue":"true",)"
                                  R"("DeduplicationScope":"messageGroup",)"
                                  R"("FifoThroughputLimit":"perMessageGroupId"}})")
                .body,
            R"({"QueueUrl":"http://queues:9324/000000000000/q.fifo"})");
  EXPECT_EQ(shown("q.fifo", "FifoQueue"), "true");
  EXPECT_EQ(shown("q.fifo", "ContentBasedDeduplication"), "false");
  EXPECT_EQ(shown("q.fifo", "FifoThroughputLimit"), "perMessageGroupId");
  EXPECT_EQ(set("q.fifo", R"({"FifoQueue":"false"})").error(), "InvalidAttributeValue");
  EXPECT_EQ(set("q.fifo", R"({"ContentBasedDeduplication":"true"})").status, 200);
  EXPECT_EQ(shown("q.fifo", "ContentBasedDeduplication"), "true");
  EXPECT_EQ(set("q.fifo", R"({"DeduplicationScope":"queue"})").error(), "InvalidAttributeValue");
  EXPECT_EQ(shown("q.fifo", "DeduplicationScope"), "messageGroup");
}

TEST_F(QueueUpkeep, SettingsOfFifoQueuesAreUnknownToOthers) {
  create("q");
  for (const char* name :
       {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}) {
    const Answer answer = set("q", fmt::format(R"({{"{}":"true"}})", name));
    EXPECT_EQ(answer.error(), "InvalidAttributeName") << name;
    EXPECT_EQ(answer["message"], fmt::format("Unknown Attribute {}.", name));
  }
  EXPECT_EQ(
      amazon("CreateQueue", R"({"QueueName":"s","Attributes":{"FifoQueue":"false"}})")["message"],
      "Unknown Attribute FifoQueue.");
}

TEST_F(QueueUpkeep, EncryptionIsOneOfTwoKinds) {
  create("q");
  EXPECT_EQ(shown("q", "SqsManagedSseEnabled"), "true");
  EXPECT_EQ(set("q", R"({"KmsMasterKeyId":"alias/k","KmsDataKeyReusePeriodSeconds":"60"})").status,
            200);
  EXPECT_EQ(shown("q", "SqsManagedSseEnabled"), "false");
  EXPECT_EQ(shown("q", "KmsDataKeyReusePeriodSeconds"), "60");
  EXPECT_EQ(set("q", R"({"SqsManagedSseEnabled":"true"})").status, 200);
  EXPECT_THAT(amazon("GetQueueAttributes", R"({"QueueUrl":"q","AttributeNames":["All"]})").body,
              Not(HasSubstr("Kms")));
  EXPECT_EQ(set("q", R"({"KmsMasterKeyId":"k","SqsManagedSseEnabled":"true"})").error(),
            "InvalidAttributeValue");
}

TEST_F(QueueUpkeep, CreatingAgainNamesTheAttributeThatDiffers) {
  create("q", R"({"DelaySeconds":"5","VisibilityTimeout":"7"})");
  const auto again = [this](const std::string& attributes) {
    return amazon("CreateQueue", R"({"QueueName":"q","Attributes":)" + attributes + "}");
  };
  EXPECT_EQ(again(R"({"DelaySeconds":"5","KmsMasterKeyId":""})").status, 200);
  EXPECT_EQ(again(R"({"DelaySeconds":"5","VisibilityTimeout":"8"})")["message"],
            "A queue already exists with the same name and a different value for attribute "
            "VisibilityTimeout");
  EXPECT_EQ(again(R"({"SqsManagedSseEnabled":"false"})")["message"],
            "A queue already exists with the same name and a different value for attribute "
            "SqsManagedSseEnabled");
}

}  // namespace
}  // namespace selvage::sqs
