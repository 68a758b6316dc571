// SPDX-License-Identifier: Apache-2.0
// Every action as a Query request: what comes in, and what goes out to the byte.
#include "sqs/actions.h"
#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using testing::HasSubstr;
using testing::Not;

class Query : public QueryTest {};

// ---- the actions

TEST_F(Query, QueuesAreCreatedFoundListedAndDeleted) {
  const std::string url = "<QueueUrl>http://queues:9324/000000000000/q</QueueUrl>";
  EXPECT_EQ(post("Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds"
                 "&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v"),
            response("CreateQueue", "<CreateQueueResult>" + url + "</CreateQueueResult>"));
  EXPECT_EQ(post("Action=GetQueueUrl&QueueName=q"),
            response("GetQueueUrl", "<GetQueueUrlResult>" + url + "</GetQueueUrlResult>"));
  EXPECT_EQ(post("Action=ListQueues&QueueNamePrefix=q&MaxResults=1"),
            response("ListQueues", "<ListQueuesResult>" + url + "</ListQueuesResult>"));
  EXPECT_EQ(post("Action=DeleteQueue&QueueUrl=http%3A%2F%2Fqueues%3A9324%2F000000000000%2Fq"),
            response("DeleteQueue", ""));
  EXPECT_EQ(post("Action=ListQueues"), response("ListQueues", "<ListQueuesResult/>"));
}

TEST_F(Query, PagesOfQueuesEndWithTheirToken) {
  create("a");
  create("b");
  const std::string page = post("Action=ListQueues&MaxResults=1");
  EXPECT_THAT(page, HasSubstr("/a</QueueUrl><NextToken>"));
  EXPECT_THAT(post("Action=ListQueues&MaxResults=1&NextToken=" + element(page, "NextToken")),
              HasSubstr("<ListQueuesResult><QueueUrl>http://queues:9324/000000000000/b</QueueUrl>"
                        "</ListQueuesResult>"));
}

TEST_F(Query, AttributesAreSetAndShown) {
  create("q");
  EXPECT_EQ(post("Action=SetQueueAttributes&QueueUrl=q&Attribute.Name=VisibilityTimeout"
                 "&Attribute.Value=7"),
            response("SetQueueAttributes", ""));
  EXPECT_EQ(post("Action=GetQueueAttributes&QueueUrl=q&AttributeName.1=DelaySeconds"
                 "&AttributeName.2=VisibilityTimeout"),
            response("GetQueueAttributes",
                     "<GetQueueAttributesResult><Attribute><Name>VisibilityTimeout</Name>"
                     "<Value>7</Value></Attribute><Attribute><Name>DelaySeconds</Name>"
                     "<Value>0</Value></Attribute></GetQueueAttributesResult>"));
  EXPECT_EQ(post("Action=GetQueueAttributes&QueueUrl=q"),
            response("GetQueueAttributes", "<GetQueueAttributesResult/>"));
  EXPECT_THAT(post("Action=GetQueueAttributes&QueueUrl=q&AttributeName=All"),
              HasSubstr("<GetQueueAttributesResult><Attribute><Name>QueueArn</Name>"));
}

TEST_F(Query, MessageIsSentReceivedAndDeleted) {
  create("q");
  EXPECT_EQ(post("Action=SendMessage&QueueUrl=q&MessageBody=a%0D%0A%22b%22+%26+c"
                 "&MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String"
                 "&MessageAttribute.1.Value.StringValue=b"
                 "&MessageSystemAttribute.1.Name=AWSTraceHeader"
                 "&MessageSystemAttribute.1.Value.DataType=String"
                 "&MessageSystemAttribute.1.Value.StringValue=Root%3D1-5759e988"),
            response("SendMessage",
                     "<SendMessageResult><MessageId>ID</MessageId>"
                     "<MD5OfMessageBody>d177e5aa9e7cda8c1250c45f56bc14c4</MD5OfMessageBody>"
                     "<MD5OfMessageAttributes>bef8bf215374a0a228d67533b1a488be"
                     "</MD5OfMessageAttributes><MD5OfMessageSystemAttributes>"
                     "1093703a9379955b75098a87e549ba88</MD5OfMessageSystemAttributes>"
                     "</SendMessageResult>"));
  const std::string received = ask({.body = "Action=ReceiveMessage&QueueUrl=q&AttributeName.1="
                                            "AWSTraceHeader&MessageAttributeName.1=All"})
                                   .body;
  EXPECT_EQ(plain(received),
            response("ReceiveMessage",
                     "<ReceiveMessageResult><Message><MessageId>ID</MessageId>"
                     "<ReceiptHandle>HANDLE</ReceiptHandle>"
                     "<MD5OfBody>d177e5aa9e7cda8c1250c45f56bc14c4</MD5OfBody>"
                     "<Body>a&#xD;\n&quot;b&quot; &amp; c</Body>"
                     "<Attribute><Name>AWSTraceHeader</Name><Value>Root=1-5759e988</Value>"
                     "</Attribute><MD5OfMessageAttributes>bef8bf215374a0a228d67533b1a488be"
                     "</MD5OfMessageAttributes><MessageAttribute><Name>a</Name><Value>"
                     "<StringValue>b</StringValue><DataType>String</DataType></Value>"
                     "</MessageAttribute></Message></ReceiveMessageResult>"));
  EXPECT_EQ(
      post("Action=DeleteMessage&QueueUrl=q&ReceiptHandle=" + element(received, "ReceiptHandle")),
      response("DeleteMessage", ""));
  EXPECT_EQ(post("Action=ReceiveMessage&QueueUrl=q&MaxNumberOfMessages=10"),
            response("ReceiveMessage", "<ReceiveMessageResult/>"));
}

TEST_F(Query, BatchesAnswerForEachEntry) {
  create("q");
  EXPECT_EQ(post("Action=SendMessageBatch&QueueUrl=q&SendMessageBatchRequestEntry.1.Id=a"
                 "&SendMessageBatchRequestEntry.1.MessageBody=hello"
                 "&SendMessageBatchRequestEntry.2.Id=b"
                 "&SendMessageBatchRequestEntry.2.MessageBody=x"
                 "&SendMessageBatchRequestEntry.2.DelaySeconds=901"),
            response("SendMessageBatch",
                     "<SendMessageBatchResult><SendMessageBatchResultEntry><Id>a</Id>"
                     "<MessageId>ID</MessageId>"
                     "<MD5OfMessageBody>5d41402abc4b2a76b9719d911017c592</MD5OfMessageBody>"
                     "</SendMessageBatchResultEntry><BatchResultErrorEntry><Id>b</Id>"
                     "<SenderFault>true</SenderFault><Code>InvalidParameterValue</Code>"
                     "<Message>Value 901 for parameter DelaySeconds is invalid. Reason: "
                     "DelaySeconds must be &gt;= 0 and &lt;= 900.</Message>"
                     "</BatchResultErrorEntry></SendMessageBatchResult>"));
  const std::string handle = take_one();
  EXPECT_EQ(post("Action=ChangeMessageVisibilityBatch&QueueUrl=q"
                 "&ChangeMessageVisibilityBatchRequestEntry.1.Id=a"
                 "&ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=5"
                 "&ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=" +
                 handle),
            response("ChangeMessageVisibilityBatch",
                     "<ChangeMessageVisibilityBatchResult><ChangeMessageVisibilityBatchResultEntry>"
                     "<Id>a</Id></ChangeMessageVisibilityBatchResultEntry>"
                     "</ChangeMessageVisibilityBatchResult>"));
  EXPECT_EQ(post("Action=DeleteMessageBatch&QueueUrl=q&DeleteMessageBatchRequestEntry.1.Id=a"
                 "&DeleteMessageBatchRequestEntry.1.ReceiptHandle=" +
                 handle),
            response("DeleteMessageBatch",
                     "<DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Id>a</Id>"
                     "</DeleteMessageBatchResultEntry></DeleteMessageBatchResult>"));
}

TEST_F(Query, VisibilityIsChanged) {
  create("q");
  send_body("q", "b");
  const std::string handle = take_one();
  EXPECT_EQ(
      post("Action=ChangeMessageVisibility&QueueUrl=q&VisibilityTimeout=0&ReceiptHandle=" + handle),
      response("ChangeMessageVisibility", ""));
  EXPECT_NE(take_one(), handle);
}

// ---- where a request may go, and how

TEST_F(Query, PathOfTheQueueStandsForItsUrl) {
  create("q");
  create("other");
  EXPECT_THAT(post("Action=SendMessage&MessageBody=b", "/000000000000/q"), HasSubstr("MessageId"));
  EXPECT_EQ(waiting_in("q"), 1);
  post("Action=SendMessage&MessageBody=b&QueueUrl=other", "/000000000000/q");
  EXPECT_EQ(waiting_in("other"), 1) << "a URL that is given counts more";
  EXPECT_THAT(post("Action=SendMessage&MessageBody=b", "/q"),
              HasSubstr("The request must contain the parameter QueueUrl."));
}

TEST_F(Query, ParametersMayStandInTheUrl) {
  create("q");
  for (const char* method : {"GET", "POST"})
    EXPECT_EQ(ask({.method = method,
                   .target = "/000000000000/q?Action=SendMessage&MessageBody=from+the+url"})
                  .status,
              200);
  EXPECT_EQ(waiting_in("q"), 2);
  EXPECT_EQ(
      element(ask({.method = "GET", .target = "/?Action=ReceiveMessage&QueueUrl=q"}).body, "Body"),
      "from the url");
}

TEST_F(Query, BodyCountsMoreThanTheUrlAndTheLastMoreThanTheFirst) {
  create("q");
  post("Action=SendMessage&MessageBody=first&MessageBody=last",
       "/000000000000/q?MessageBody=url&Action=ListQueues");
  EXPECT_EQ(amazon("ReceiveMessage", R"({"QueueUrl":"q"})")["Body"], "last");
}

TEST_F(Query, TraceOfTheRequestIsTheMessagesUnlessItHasItsOwn) {
  create("q");
  const auto send_traced = [&](const std::string& rest) {
    return ask({.body = "Action=SendMessage&QueueUrl=q&MessageBody=b" + rest,
                .headers = {{"x-amzn-trace-id", "Root=1-http"}}})
        .body;
  };
  const auto trace = [&] {
    return amazon("ReceiveMessage",
                  R"({"QueueUrl":"q","MessageSystemAttributeNames":["All"]})")["AWSTraceHeader"];
  };
  EXPECT_THAT(send_traced(""), Not(HasSubstr("MD5OfMessageSystemAttributes")));
  EXPECT_EQ(trace(), "Root=1-http");
  send_traced(
      "&MessageSystemAttribute.1.Name=AWSTraceHeader&MessageSystemAttribute.1.Value.DataType=String"
      "&MessageSystemAttribute.1.Value.StringValue=own");
  EXPECT_EQ(trace(), "own");
  http::Request json = request("AmazonSQS.SendMessageBatch",
                               R"({"QueueUrl":"q","Entries":[{"Id":"a","MessageBody":"b"}]})");
  json.headers.emplace_back("X-Amzn-Trace-Id", "Root=1-batch");
  EXPECT_EQ(send(json).status, 200);
  EXPECT_EQ(trace(), "Root=1-batch");
}

// ---- refusals

TEST_F(Query, ErrorsHaveTheirOldCodesAndNoHeader) {
  const Answer answer = ask({.body = "Action=GetQueueUrl&QueueName=none"});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.query_error, "");
  EXPECT_EQ(plain(answer.body),
            R"(<?xml version="1.0"?><ErrorResponse )"
            R"(xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>)"
            "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue "
            "does not exist for this wsdl version.</Message><Detail/></Error>"
            "<RequestId>ID</RequestId></ErrorResponse>");
}

TEST_F(Query, WhatCannotBeUnderstoodIsRefused) {
  create("q");
  struct Row {
    const char* form;
    const char* code;
    const char* sentence;
  };
  for (const auto& [form, code, sentence] : {
           Row{"", "MissingAction", "The request must contain the parameter Action."},
           Row{"QueueName=q", "MissingAction", "The request must contain the parameter Action."},
           Row{"Action=Nonsense", "InvalidAction",
               "The action Nonsense is not valid for this endpoint."},
           Row{"Action=OpenSession", "InvalidAction",
               "The action OpenSession is not valid for this endpoint."},
           Row{"Action=Statistics", "InvalidAction",
               "The action Statistics is not valid for this endpoint."},
           Row{"Action=ListQueues&Version=2030-01-01", "NoSuchVersion",
               "The requested version ( 2030-01-01 ) is not valid."},
           Row{"Action=ListQueues&x=%zz", "MalformedInput",
               "malformed form: a percent sign is not followed by two hex digits"},
           Row{"Action=ListQueues&x=%FF", "MalformedInput", "malformed form: it is not UTF-8"},
           Row{"Action=ListQueues&MaxResults=many", "MalformedInput",
               "The value of 'MaxResults' has the wrong type."},
           Row{"Action=SendMessage&QueueUrl=q", "MissingParameter",
               "The request must contain the parameter MessageBody."},
           Row{"Action=SetQueueAttributes&QueueUrl=q", "MissingParameter",
               "The request must contain the parameter Attribute.Name."},
           Row{"Action=SetQueueAttributes&QueueUrl=q&Attribute.1.Value=1", "MalformedInput",
               "The value of 'Attributes' has the wrong type."},
       }) {
    const Answer answer = ask({.body = form});
    EXPECT_EQ(answer.status, 400) << form;
    EXPECT_EQ(element(answer.body, "Code"), code) << form;
    EXPECT_EQ(element(answer.body, "Message"), sentence) << form;
  }
}

TEST_F(Query, NoActionIsUnknownThatJsonKnows) {
  for (const NamedAction& action : all_actions())
    EXPECT_EQ(
        post(fmt::format("Action={}", action.name)).find("InvalidAction") == std::string::npos,
        !action.name.starts_with("Selvage."))
        << action.name;
}

TEST_F(Query, VisitorsAreTold) {
  sink_ = std::make_shared<FakeSink>();
  api_.handle({.method = "GET", .target = "/", .headers = {}, .body = ""}, connection_,
              http::Responder(sink_));
  ASSERT_TRUE(sink_->response());
  EXPECT_EQ(sink_->response()->status, 200);
  EXPECT_THAT(sink_->response()->content_type, HasSubstr("text/plain"));
}

// ---- the old JSON

class OldJson : public Query {
 protected:
  OldJson() { answer_type_ = "application/json"; }
  std::string get(const std::string& query) {
    return plain(ask({.method = "GET",
                      .target = "/?" + query,
                      .body = "",
                      .headers = {{"Accept", "text/plain, Application/JSON;q=0.9"}}})
                     .body);
  }
};

TEST_F(OldJson, MembersAreSortedAndAbsentOnesNull) {
  EXPECT_EQ(get("Action=ListQueues"),
            R"({"ListQueuesResponse":{"ListQueuesResult":{"NextExclusiveStartQueueName":null,)"
            R"("NextToken":null,"queueUrls":null},"ResponseMetadata":{"RequestId":"ID"}}})");
  create("q");
  EXPECT_EQ(get("Action=SendMessage&QueueUrl=q&MessageBody=hello"),
            R"({"SendMessageResponse":{"ResponseMetadata":{"RequestId":"ID"},)"
            R"("SendMessageResult":{"MD5OfMessageAttributes":null,)"
            R"("MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592",)"
            R"("MD5OfMessageSystemAttributes":null,"MessageId":"ID","SequenceNumber":null}}})");
  EXPECT_EQ(get("Action=ReceiveMessage&QueueUrl=q"),
            R"({"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":[{"Attributes":null,)"
            R"("Body":"hello","MD5OfBody":"5d41402abc4b2a76b9719d911017c592",)"
            R"("MD5OfMessageAttributes":null,"MessageAttributes":null,"MessageId":"ID",)"
            R"("ReceiptHandle":"HANDLE"}]},"ResponseMetadata":{"RequestId":"ID"}}})");
  EXPECT_EQ(get("Action=ReceiveMessage&QueueUrl=q"),
            R"({"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":null},)"
            R"("ResponseMetadata":{"RequestId":"ID"}}})");
  EXPECT_EQ(get("Action=DeleteQueue&QueueUrl=q"),
            R"({"DeleteQueueResponse":{"ResponseMetadata":{"RequestId":"ID"}}})");
}

TEST_F(OldJson, ErrorsAreInItToo) {
  EXPECT_EQ(get("Action=Nonsense"),
            R"({"Error":{"Code":"InvalidAction","Message":"The action Nonsense is not valid for )"
            R"(this endpoint.","Type":"Sender"},"RequestId":"ID"})");
}

}  // namespace
}  // namespace selvage::sqs
