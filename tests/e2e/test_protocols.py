#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""Both protocols to the byte: bodies, headers and order of what succeeds, of what is empty and of what
is refused; every way to ask in Query; what URLs and ARNs say; pipelined requests."""
import json
import re

from harness import main
from raw import (ACCOUNT, JSON_TYPE, NAMESPACE, UUID, RawCase, action, base64_of, form_request, get_request,
                 json_request, md5_of, path_of, request)

MISSING = "The specified queue does not exist."
MISSING_IN_QUERY = "The specified queue does not exist for this wsdl version."
HANDLE = r"[A-Za-z0-9+/=]+"


def xml(name, result, identity):
    """The whole answer of an action; `result` is None where it has nothing to say."""
    inside = "" if result is None else \
        f"<{name}Result>{result}</{name}Result>" if result else f"<{name}Result/>"
    return (f'<?xml version="1.0"?><{name}Response {NAMESPACE}>{inside}'
            f"<ResponseMetadata><RequestId>{identity}</RequestId></ResponseMetadata></{name}Response>")


class WithQueue(RawCase):
    def setUp(self):
        super().setUp()
        self.url = self.json("CreateQueue", QueueName="q")["QueueUrl"]

    def query(self, name, **parameters):
        """The result of a Query request to the queue's own path; it must succeed."""
        answer = self.ask(form_request(action(name, **parameters), path_of("q")))
        self.assertEqual(answer.status, 200, answer)
        return answer

    def take(self):
        (message,) = self.json("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=20,
                               MessageSystemAttributeNames=["All"])["Messages"]
        return message


class AwsJson(WithQueue):
    def test_a_success_has_the_services_headers_and_a_compact_body(self):
        answer = self.ask(json_request("SendMessage", {"QueueUrl": self.url, "MessageBody": "x"}))
        self.assertEqual((answer.status, answer.reason), (200, "OK"))
        self.assertEqual(answer.header("Content-Type"), JSON_TYPE)
        self.assertRegex(answer.header("x-amzn-RequestId"), f"^{UUID}$")
        self.assertIsNone(answer.header("x-amzn-query-error"))
        self.assertIsNone(answer.header("Connection"))
        self.assertRegex(answer.text, r'^\{"MessageId":"%s","MD5OfMessageBody":"%s"\}$'
                         % (UUID, md5_of("x")))

    def test_each_answer_has_a_request_id_of_its_own(self):
        wire = self.open()
        told = {wire.ask(json_request("ListQueues")).header("x-amzn-RequestId") for _ in range(5)}
        self.assertEqual(len(told), 5)

    def test_an_action_without_a_result_has_an_empty_body(self):
        for name, members in (("SetQueueAttributes", {"Attributes": {"DelaySeconds": "0"}}),
                              ("TagQueue", {"Tags": {"a": "b"}}), ("UntagQueue", {"TagKeys": ["a"]}),
                              ("PurgeQueue", {}), ("DeleteQueue", {})):
            with self.subTest(name):
                answer = self.ask(json_request(name, {"QueueUrl": self.url, **members}))
                self.assertEqual((answer.status, answer.body), (200, b""))
                self.assertEqual(answer.header("Content-Length"), "0")
                self.assertEqual(answer.header("Content-Type"), JSON_TYPE)

    def test_lists_and_maps_that_are_empty_are_left_out(self):
        for name, members in (("ReceiveMessage", {}), ("ListQueueTags", {}), ("GetQueueAttributes", {}),
                              ("GetQueueAttributes", {"AttributeNames": ["RedrivePolicy"]}),
                              ("GetQueueAttributes", {"AttributeNames": []})):
            with self.subTest(name):
                answer = self.ask(json_request(name, {"QueueUrl": self.url, **members}))
                self.assertEqual((answer.status, answer.text), (200, "{}"))
        self.assertEqual(self.ask(json_request("ListQueues", {"QueueNamePrefix": "no"})).text, "{}")

    def test_a_message_comes_without_attributes_unless_they_are_asked_for(self):
        self.json("SendMessage", QueueUrl=self.url, MessageBody="x",
                  MessageAttributes={"a": {"DataType": "String", "StringValue": "1"}})
        answer = self.ask(json_request("ReceiveMessage", {"QueueUrl": self.url, "VisibilityTimeout": 0}))
        self.assertRegex(answer.text, r'^\{"Messages":\[\{"MessageId":"%s","ReceiptHandle":"%s",'
                         r'"MD5OfBody":"%s","Body":"x"\}\]\}$' % (UUID, HANDLE, md5_of("x")))

    def test_an_error_says_its_shape_its_old_code_and_one_sentence(self):
        answer = self.ask(json_request("SendMessage", {"QueueUrl": "none", "MessageBody": "x"}))
        self.assertEqual(answer.reason, "Bad Request")
        self.assert_json_error(answer, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
                               MISSING)
        self.assertEqual(answer.text, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist",'
                         '"message":"The specified queue does not exist."}')

    def test_errors_of_the_framework_carry_its_name_and_codes(self):
        send = {"QueueUrl": self.url, "MessageBody": "x"}
        for name, members, kind, code, sentence in (
                ("SendMessage", {"QueueUrl": self.url}, "MissingRequiredParameterException",
                 "MissingParameter", "The request must contain the parameter MessageBody."),
                ("SendMessage", {**send, "DelaySeconds": 901}, "InvalidParameterValueException",
                 "InvalidParameterValue", "Value 901 for parameter DelaySeconds is invalid. Reason: "
                 "DelaySeconds must be >= 0 and <= 900."),
                ("ReceiveMessage", {"QueueUrl": self.url, "MaxNumberOfMessages": 11},
                 "InvalidParameterValueException", "InvalidParameterValue",
                 "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and "
                 "10, if provided.")):
            with self.subTest(name, code=code):
                answer = self.ask(json_request(name, members))
                self.assert_framework_error(answer, 400, kind, code, sentence)

    def test_errors_keep_the_status_that_each_of_them_has(self):
        for name, members, status, kind in (
                ("DeleteMessage", {"QueueUrl": "q", "ReceiptHandle": "x"}, 404, "ReceiptHandleIsInvalid"),
                ("StartMessageMoveTask", {"SourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"}, 404,
                 "ResourceNotFoundException")):
            with self.subTest(kind):
                self.assert_json_error(self.ask(json_request(name, members)), status, kind, kind)

    def test_an_unknown_operation_is_refused_without_a_word(self):
        for target in ("AmazonSQS.Nothing", "AmazonSQS.", "AmazonSNS.Publish", "SendMessage", "Selvage.No",
                       "AmazonSQS.Selvage.Send", "amazonsqs.sendmessage"):
            with self.subTest(target):
                answer = self.ask(request("POST", "/", {"X-Amz-Target": target, "Content-Type": JSON_TYPE},
                                          b"{}"))
                self.assertEqual((answer.status, answer.header("Content-Type")), (400, JSON_TYPE))
                self.assertEqual(answer.text,
                                 '{"__type":"com.amazon.coral.service#UnknownOperationException"}')
                self.assertIsNone(answer.header("x-amzn-query-error"))

    def test_batches_answer_per_entry_in_two_lists(self):
        answer = self.json("SendMessageBatch", QueueUrl=self.url, Entries=[
            {"Id": "good", "MessageBody": "1"}, {"Id": "bad", "MessageBody": "2", "DelaySeconds": -1}])
        (good,), (bad,) = answer["Successful"], answer["Failed"]
        self.assertEqual(set(good), {"Id", "MessageId", "MD5OfMessageBody"})
        self.assertEqual((good["Id"], good["MD5OfMessageBody"]), ("good", md5_of("1")))
        self.assertEqual((bad["Id"], bad["SenderFault"], bad["Code"]), ("bad", True, "InvalidParameterValue"))
        self.assertNotIn("Failed", self.json("SendMessageBatch", QueueUrl=self.url, Entries=[
            {"Id": "good", "MessageBody": "1"}]))

    def test_the_queue_may_be_named_by_url_of_any_host_or_by_its_bare_name(self):
        for url in (self.url, "q", f"https://sqs.eu-north-1.amazonaws.com/{ACCOUNT}/q", path_of("q")):
            with self.subTest(url):
                self.json("SendMessage", QueueUrl=url, MessageBody="x")

    def test_characters_beyond_ascii_and_escapes_come_back_as_they_went(self):
        body = 'é 漢 😀 "\\/ \t\n\r \x7f \ud7ff\ue000\ufffd'
        self.json("SendMessage", QueueUrl=self.url, MessageBody=body)
        message = self.take()
        self.assertEqual((message["Body"], message["MD5OfBody"]), (body, md5_of(body)))


class Query(WithQueue):
    def test_a_success_has_the_services_envelope_and_headers(self):
        answer = self.ask(form_request(action("SendMessage", QueueUrl=self.url, MessageBody="x")))
        self.assertEqual((answer.status, answer.header("Content-Type")), (200, "text/xml"))
        identity = answer.header("x-amzn-RequestId")
        self.assertRegex(identity, f"^{UUID}$")
        (message,) = answer.xml("MessageId")
        self.assertRegex(message, f"^{UUID}$")
        self.assertEqual(answer.text, xml("SendMessage", f"<MessageId>{message}</MessageId><MD5OfMessageBody>"
                                          f"{md5_of('x')}</MD5OfMessageBody>", identity))

    def test_an_action_without_a_result_has_an_envelope_without_one(self):
        for name, more in (("SetQueueAttributes", {"Attribute__1__Name": "DelaySeconds",
                                                   "Attribute__1__Value": 0}),
                           ("TagQueue", {"Tag__1__Key": "a", "Tag__1__Value": "b"}),
                           ("UntagQueue", {"TagKey__1": "a"}), ("PurgeQueue", {}), ("DeleteQueue", {})):
            with self.subTest(name):
                answer = self.query(name, **more)
                self.assertEqual(answer.text, xml(name, None, answer.header("x-amzn-RequestId")))

    def test_a_result_without_members_is_one_empty_element(self):
        for name in ("ReceiveMessage", "GetQueueAttributes", "ListQueueTags"):
            with self.subTest(name):
                answer = self.query(name)
                self.assertEqual(answer.text, xml(name, "", answer.header("x-amzn-RequestId")))
        self.assertEqual(len(self.query("ReceiveMessage").body), 240)  # as seen at the service

    def test_members_come_in_the_services_order(self):
        sent = self.query("SendMessage", MessageBody="x", MessageAttribute__1__Name="a",
                          MessageAttribute__1__Value__DataType="String",
                          MessageAttribute__1__Value__StringValue="1",
                          MessageSystemAttribute__1__Name="AWSTraceHeader",
                          MessageSystemAttribute__1__Value__DataType="String",
                          MessageSystemAttribute__1__Value__StringValue="Root=1-5759e988-bd862e3fe1be46a9")
        self.assertEqual(re.findall(r"<(M\w+)>", sent.text),
                         ["MessageId", "MD5OfMessageBody", "MD5OfMessageAttributes",
                          "MD5OfMessageSystemAttributes"])
        message = self.query("ReceiveMessage", AttributeName__1="All", MessageAttributeName__1="All").text
        inside = re.search("<Message>(.*)</Message>", message)[1]
        self.assertEqual(re.findall(r"<(\w+)>", re.sub(r"<Value>.*?</Value>", "", inside)),
                         ["MessageId", "ReceiptHandle", "MD5OfBody", "Body"] + ["Attribute", "Name"] * 5 +
                         ["MD5OfMessageAttributes", "MessageAttribute", "Name"])
        self.assertEqual(re.findall(r"<Attribute><Name>(\w+)</Name><Value>[^<]+</Value></Attribute>", inside),
                         ["SenderId", "ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount",
                          "SentTimestamp", "AWSTraceHeader"])
        self.assertTrue(inside.endswith(
            "<MessageAttribute><Name>a</Name><Value><StringValue>1</StringValue><DataType>String</DataType>"
            "</Value></MessageAttribute>"), inside)

    def test_every_attribute_of_a_new_queue_comes_in_the_services_order(self):
        answer = self.query("GetQueueAttributes", AttributeName__1="All")
        self.assertEqual(answer.xml("Name"), [
            "QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed", "CreatedTimestamp", "LastModifiedTimestamp",
            "VisibilityTimeout", "MaximumMessageSize", "MessageRetentionPeriod", "DelaySeconds",
            "ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled"])

    def test_a_number_orders_lists_by_its_value_and_gaps_do_not_matter(self):
        answer = self.query("SendMessageBatch", **{
            f"SendMessageBatchRequestEntry__{number}__{name}": value
            for number in (10, 2, 7) for name, value in (("Id", f"e{number}"), ("MessageBody", number))})
        self.assertEqual(answer.xml("Id"), ["e2", "e7", "e10"])

    def test_batch_results_stand_without_a_list_around_them(self):
        answer = self.query("SendMessageBatch", SendMessageBatchRequestEntry__1__Id="a",
                            SendMessageBatchRequestEntry__1__MessageBody="x",
                            SendMessageBatchRequestEntry__2__Id="b",
                            SendMessageBatchRequestEntry__2__MessageBody="x",
                            SendMessageBatchRequestEntry__2__DelaySeconds="901")
        inside = re.search("<SendMessageBatchResult>(.*)</SendMessageBatchResult>", answer.text)[1]
        self.assertRegex(inside, f"^<SendMessageBatchResultEntry><Id>a</Id><MessageId>{UUID}</MessageId>"
                         f"<MD5OfMessageBody>{md5_of('x')}</MD5OfMessageBody></SendMessageBatchResultEntry>"
                         "<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault>"
                         "<Code>InvalidParameterValue</Code><Message>[^<]+</Message>"
                         "</BatchResultErrorEntry>$")

    def test_markup_and_carriage_returns_in_a_body_are_escaped(self):
        body = '<a href="x">&amp;\'</a>\r\n\t]]> é漢😀'
        self.query("SendMessage", MessageBody=body)
        answer = self.query("ReceiveMessage")
        self.assertEqual(answer.xml("Body"), [
            "&lt;a href=&quot;x&quot;&gt;&amp;amp;'&lt;/a&gt;&#xD;\n\t]]&gt; é漢😀"])
        self.assertEqual(answer.xml("MD5OfBody"), [md5_of(body)])

    def test_markup_in_an_error_is_escaped(self):
        answer = self.ask(form_request(action("DeleteMessage", QueueUrl="q", ReceiptHandle='<"&\r')))
        self.assert_xml_error(answer, 404, "ReceiptHandleIsInvalid",
                              "The input receipt handle &quot;&lt;&quot;&amp;&#xD;&quot; is not a valid "
                              "receipt handle.")

    def test_an_error_has_the_services_envelope(self):
        answer = self.ask(form_request(action("SendMessage", QueueUrl="none", MessageBody="x")))
        self.assert_xml_error(answer, 400, "AWS.SimpleQueueService.NonExistentQueue", MISSING_IN_QUERY)

    def test_errors_keep_their_old_codes_and_status(self):
        for parameters, status, code in (
                (action("SendMessage", QueueUrl="q"), 400, "MissingParameter"),
                (action("ReceiveMessage", QueueUrl="q", WaitTimeSeconds=21), 400, "InvalidParameterValue"),
                (action("ReceiveMessage", QueueUrl="q", WaitTimeSeconds="x"), 400, "MalformedInput"),
                (action("SendMessageBatch", QueueUrl="q"), 400, "AWS.SimpleQueueService.EmptyBatchRequest"),
                (action("CreateQueue", QueueName="q", Attribute__1__Name="DelaySeconds",
                        Attribute__1__Value=5), 400, "QueueAlreadyExists"),
                (action("StartMessageMoveTask", SourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"), 404,
                 "ResourceNotFoundException")):
            with self.subTest(code, action=parameters["Action"]):
                self.assert_xml_error(self.ask(form_request(parameters)), status, code)

    def test_unknown_actions_and_versions_and_none_at_all_are_refused(self):
        for parameters, code in (({"Action": "Nothing", "Version": "2012-11-05"}, "InvalidAction"),
                                 ({"Action": "Selvage.Statistics"}, "InvalidAction"),
                                 ({"Action": "sendmessage"}, "InvalidAction"),
                                 ({"Action": "ListQueues", "Version": "2006-02-03"}, "NoSuchVersion"),
                                 ({"Version": "2012-11-05"}, "MissingAction"), ({}, "MissingAction")):
            with self.subTest(parameters):
                self.assert_xml_error(self.ask(form_request(parameters)), 400, code)
        self.assert_xml_error(
            self.ask(form_request({"Action": "Nothing"})), 400, "InvalidAction",
            "The action Nothing is not valid for this endpoint.")

    def test_the_version_may_be_left_out(self):
        self.assertEqual(self.ask(form_request({"Action": "ListQueues"})).status, 200)

    def test_the_action_may_come_last_and_the_content_type_may_be_anything(self):
        for kind in ("application/x-www-form-urlencoded; charset=utf-8", "text/plain", ""):
            with self.subTest(kind):
                answer = self.ask(request("POST", "/", {"Content-Type": kind} if kind else {},
                                          b"MessageBody=a%20b%2B+c&QueueUrl=q&Action=SendMessage"))
                self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("a b+ c")], answer)

    def test_the_queues_own_path_stands_for_its_url_and_a_given_url_goes_first(self):
        self.json("CreateQueue", QueueName="other")
        self.query("SendMessage", MessageBody="to the path")
        self.query("SendMessage", MessageBody="to the url", QueueUrl=path_of("other"))
        self.assertEqual(self.take()["Body"], "to the path")
        self.assertEqual(self.json("ReceiveMessage", QueueUrl="other")["Messages"][0]["Body"], "to the url")

    def test_get_requests_do_what_posts_do(self):
        sent = self.ask(get_request(action("SendMessage", MessageBody="a b&c=d+é"), path_of("q")))
        self.assertEqual((sent.status, sent.xml("MD5OfMessageBody")), (200, [md5_of("a b&c=d+é")]))
        taken = self.ask(get_request(action("ReceiveMessage", QueueUrl=self.url, AttributeName__1="All")))
        self.assertEqual(taken.xml("Body"), ["a b&amp;c=d+é"])
        gone = self.ask(get_request(action("DeleteMessage", ReceiptHandle=taken.xml("ReceiptHandle")[0]),
                                    path_of("q")))
        self.assertEqual(gone.text, xml("DeleteMessage", None, gone.header("x-amzn-RequestId")))
        refused = self.ask(get_request(action("SendMessage", MessageBody="x", QueueUrl="none")))
        self.assert_xml_error(refused, 400, "AWS.SimpleQueueService.NonExistentQueue", MISSING_IN_QUERY)

    def test_parameters_of_the_url_and_of_the_body_belong_together(self):
        answer = self.ask(form_request({"MessageBody": "of the body"},
                                       f"{path_of('q')}?Action=SendMessage&MessageBody=of+the+url"))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("of the body")])

    def test_lists_and_maps_of_one_need_no_numbers(self):
        self.query("SetQueueAttributes", Attribute__Name="DelaySeconds", Attribute__Value=3)
        answer = self.query("GetQueueAttributes", AttributeName="DelaySeconds")
        self.assertEqual((answer.xml("Name"), answer.xml("Value")), (["DelaySeconds"], ["3"]))

    def test_tags_come_by_both_of_their_names(self):
        self.query("TagQueue", Tag__1__Key="a", Tag__1__Value="1")
        self.query("TagQueue", Tags__1__Key="b", Tags__1__Value="2")
        answer = self.query("ListQueueTags")
        self.assertEqual(answer.text, xml("ListQueueTags", "<Tag><Key>a</Key><Value>1</Value></Tag>"
                                          "<Tag><Key>b</Key><Value>2</Value></Tag>",
                                          answer.header("x-amzn-RequestId")))
        self.query("UntagQueue", TagKey__1="a")
        self.query("UntagQueue", TagKeys__1="b")
        self.assertEqual(self.query("ListQueueTags").xml("Tag"), [])

    def test_binary_attributes_travel_as_base64(self):
        self.query("SendMessage", MessageBody="x", MessageAttribute__1__Name="b",
                   MessageAttribute__1__Value__DataType="Binary.png",
                   MessageAttribute__1__Value__BinaryValue=base64_of("\0\x01"))
        answer = self.query("ReceiveMessage", MessageAttributeName__1="b")
        self.assertIn(f"<BinaryValue>{base64_of(chr(0) + chr(1))}</BinaryValue><DataType>Binary.png</DataType>",
                      answer.text)


class OldJson(WithQueue):
    """Query whose client accepts application/json: names sorted, what is absent is null."""

    ACCEPT = {"Accept": "application/json"}

    def old(self, name, **parameters):
        answer = self.ask(form_request(action(name, **parameters), path_of("q"), self.ACCEPT))
        self.assertEqual(answer.header("Content-Type"), "application/json")
        return answer

    def test_a_send_shows_every_digest_that_there_might_be(self):
        answer = self.old("SendMessage", MessageBody="x")
        identity = answer.header("x-amzn-RequestId")
        self.assertRegex(answer.text, r'^\{"SendMessageResponse":\{"ResponseMetadata":\{"RequestId":"%s"\},'
                         r'"SendMessageResult":\{"MD5OfMessageAttributes":null,"MD5OfMessageBody":"%s",'
                         r'"MD5OfMessageSystemAttributes":null,"MessageId":"%s","SequenceNumber":null\}\}\}$'
                         % (identity, md5_of("x"), UUID))

    def test_an_empty_receive_says_null(self):
        answer = self.old("ReceiveMessage")
        self.assertEqual(answer.text, '{"ReceiveMessageResponse":{"ReceiveMessageResult":{"messages":null},'
                         '"ResponseMetadata":{"RequestId":"%s"}}}' % answer.header("x-amzn-RequestId"))

    def test_a_message_shows_what_it_has_not(self):
        self.json("SendMessage", QueueUrl="q", MessageBody="<x>")
        answer = self.old("ReceiveMessage")
        self.assertRegex(answer.text, r'"messages":\[\{"Attributes":null,"Body":"<x>","MD5OfBody":"%s",'
                         r'"MD5OfMessageAttributes":null,"MessageAttributes":null,"MessageId":"%s",'
                         r'"ReceiptHandle":"%s"\}\]' % (md5_of("<x>"), UUID, HANDLE))

    def test_an_action_without_a_result_shows_its_request_id_only(self):
        answer = self.old("PurgeQueue")
        self.assertEqual(answer.json, {"PurgeQueueResponse": {"ResponseMetadata": {
            "RequestId": answer.header("x-amzn-RequestId")}}})

    def test_an_error_is_json_too(self):
        answer = self.old("SendMessage", QueueUrl="none", MessageBody="x")
        self.assertEqual((answer.status, answer.text),
                         (400, '{"Error":{"Code":"AWS.SimpleQueueService.NonExistentQueue","Message":"%s",'
                          '"Type":"Sender"},"RequestId":"%s"}'
                          % (MISSING_IN_QUERY, answer.header("x-amzn-RequestId"))))

    def test_get_requests_may_accept_it_as_well(self):
        answer = self.ask(get_request(action("ListQueues"), "/", {"Accept": "text/html, application/json;q=1"}))
        self.assertEqual(answer.json["ListQueuesResponse"]["ListQueuesResult"]["queueUrls"],
                         [f"http://sqs.test{path_of('q')}"])


class Traces(WithQueue):
    TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    def test_the_trace_header_of_a_request_becomes_the_messages(self):
        headers = {"X-Amzn-Trace-Id": self.TRACE}
        send = {"QueueUrl": "q", "MessageBody": "x"}
        for data in (json_request("SendMessage", send, headers),
                     form_request(action("SendMessage", **send), headers=headers),
                     json_request("SendMessageBatch", {"QueueUrl": "q", "Entries": [
                         {"Id": "a", "MessageBody": "x"}]}, headers)):
            answer = self.ask(data)
            self.assertEqual(answer.status, 200, answer)
            self.assertNotIn("MD5OfMessageSystemAttributes", answer.text)  # the sender named none
            self.assertEqual(self.take()["Attributes"]["AWSTraceHeader"], self.TRACE)

    def test_a_trace_header_of_the_message_goes_first(self):
        own = "Root=1-00000000-000000000000000000000000"
        sent = self.ask(json_request("SendMessage", {
            "QueueUrl": "q", "MessageBody": "x", "MessageSystemAttributes": {
                "AWSTraceHeader": {"DataType": "String", "StringValue": own}}},
            {"X-Amzn-Trace-Id": self.TRACE}))
        self.assertRegex(sent.json["MD5OfMessageSystemAttributes"], "^[0-9a-f]{32}$")
        self.assertEqual(self.take()["Attributes"]["AWSTraceHeader"], own)

    def test_a_message_without_a_trace_shows_none(self):
        self.json("SendMessage", QueueUrl="q", MessageBody="x")
        self.assertNotIn("AWSTraceHeader", self.take()["Attributes"])


class Names(RawCase):
    """What URLs and ARNs say. Each test starts its own broker."""

    def setUp(self):
        pass

    def serve(self, *options):
        self.arguments = ("--memory", *options)
        super().setUp()

    def create(self, host="sqs.test"):
        answer = self.ask(json_request("CreateQueue", {"QueueName": "q"}, host=host))
        self.assertEqual(answer.status, 200, answer)
        return answer.json["QueueUrl"]

    def arn(self):
        return self.json("GetQueueAttributes", QueueUrl="q",
                         AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def test_urls_say_the_host_that_the_client_called(self):
        self.serve()
        for host in ("sqs.test", "queue.example:9999", "[::1]:80", "10.0.0.1"):
            with self.subTest(host):
                self.assertEqual(self.create(host), f"http://{host}{path_of('q')}")
        self.assertEqual(self.arn(), f"arn:aws:sqs:us-east-1:{ACCOUNT}:q")
        listed = self.ask(form_request(action("ListQueues"), host="b.test"))
        self.assertEqual(listed.xml("QueueUrl"), [f"http://b.test{path_of('q')}"])
        found = self.ask(form_request(action("GetQueueUrl", QueueName="q"), host="c.test"))
        self.assertEqual(found.xml("QueueUrl"), [f"http://c.test{path_of('q')}"])

    def test_public_url_region_and_account_decide_urls_and_arns(self):
        self.serve("--public-url", "https://queues.example/base/", "--region", "eu-central-9",
                   "--account", "123456789012")
        self.assertEqual(self.create(), "https://queues.example/base/123456789012/q")
        self.assertEqual(self.arn(), "arn:aws:sqs:eu-central-9:123456789012:q")
        self.json("SendMessage", QueueUrl="https://queues.example/base/123456789012/q", MessageBody="x")
        (message,) = self.json("ReceiveMessage", QueueUrl="q", AttributeNames=["SenderId"])["Messages"]
        self.assertEqual(message["Attributes"], {"SenderId": "123456789012"})
        self.json("CreateQueue", QueueName="d")
        self.json("SetQueueAttributes", QueueUrl="q", Attributes={"RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": "arn:aws:sqs:eu-central-9:123456789012:d", "maxReceiveCount": 3})})
        sources = self.json("ListDeadLetterSourceQueues", QueueUrl="d")
        self.assertEqual(sources, {"queueUrls": ["https://queues.example/base/123456789012/q"]})

    def test_a_visitor_is_told_what_this_is_and_probes_are_answered(self):
        self.serve()
        self.assertEqual(self.ask(request("GET", "/healthz")).text.strip(), "ok")
        self.assertIn("Selvage", self.ask(request("GET", "/")).text)


class Pipelines(WithQueue):
    def test_requests_of_both_protocols_on_one_connection_are_answered_in_order(self):
        def one(number):
            body = f"m{number}"
            return (json_request("SendMessage", {"QueueUrl": "q", "MessageBody": body}) if number % 3 == 0
                    else form_request(action("SendMessage", MessageBody=body), path_of("q"))
                    if number % 3 == 1 else
                    get_request(action("SendMessage", MessageBody=body), path_of("q")))
        wire = self.open().send(b"".join(one(number) for number in range(60)))
        for number in range(60):
            self.assertIn(md5_of(f"m{number}"), wire.read().text)

    def test_an_error_in_the_middle_ends_neither_the_connection_nor_the_order(self):
        good = json_request("GetQueueUrl", {"QueueName": "q"})
        wire = self.open().send(good + form_request(action("Nothing")) + json_request("GetQueueUrl", b"{") +
                                json_request("No") + good)
        self.assertEqual([wire.read().status for _ in range(5)], [200, 400, 400, 400, 200])

    def test_a_long_poll_holds_back_only_what_follows_it_on_its_connection(self):
        poll = json_request("ReceiveMessage", {"QueueUrl": "q", "WaitTimeSeconds": 20})
        wire = self.open().send(poll + json_request("GetQueueUrl", {"QueueName": "q"}))
        self.json("SendMessage", QueueUrl="q", MessageBody="x")
        self.assertEqual(wire.read().json["Messages"][0]["Body"], "x")
        self.assertIn("QueueUrl", wire.read().json)


if __name__ == "__main__":
    main()
