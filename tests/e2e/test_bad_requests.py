#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""Requests that no client should send: Amazon's own error where it has one, otherwise a 4xx with one
sentence. After each of them the server still answers, and it keeps neither descriptors nor memory."""
import os
import pathlib
import random
import re

from harness import eventually, main
from raw import (ACCOUNT, JSON_TYPE, RawCase, action, as_json, form_request, get_request,
                 json_request, md5_of, path_of, request)

MIB = 1 << 20


class Bad(RawCase):
    def setUp(self):
        super().setUp()
        self.json("CreateQueue", QueueName="q")
        self.before = self.descriptors()

    def tearDown(self):
        self.assert_answers()
        self.assertTrue(self.server.child.poll() is None)
        eventually(lambda: self.descriptors() <= self.before + 4, "descriptors are given back")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))

    def resident(self):
        status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10

    def count(self):
        return self.server.counts("q")["Visible"]

    def assert_refused_in_plain_words(self, answer, *statuses):
        """Refused before anybody looked which protocol it was."""
        self.assertIn(answer.status, statuses, answer)
        self.assertEqual(answer.header("Content-Type"), "text/plain; charset=utf-8", answer)
        self.assertEqual(answer.header("Connection"), "close")
        self.assertRegex(answer.text, r"^[A-Z][^\n]+\.\n$")

    def assert_clear(self, answer):
        """A 4xx of the protocol in which it was asked, with words."""
        self.assertTrue(400 <= answer.status < 500, answer)
        if answer.header("Content-Type") == JSON_TYPE:
            self.assertIn("__type", answer.json)
            self.assertTrue(answer.json["message"].strip(), answer)
        else:
            self.assertTrue(answer.xml("Message")[0].strip(), answer)


class Heads(Bad):
    def assert_ends(self, data, *statuses):
        wire = self.open().send(data)
        self.assert_refused_in_plain_words(wire.read(), *statuses)
        self.assertEqual(wire.rest(), b"")

    def test_heads_and_bodies_that_are_too_large_are_refused(self):
        self.assert_ends(request("GET", "/", {"X-Long": "x" * (17 << 10)}), 431)
        self.assert_ends(request("GET", "/" + "x" * (17 << 10)), 431)
        self.assert_ends(request("GET", "/", {f"X-{n}": n for n in range(100)}), 431)
        self.assert_ends(request("POST", "/", {"Content-Length": (8 << 20) + 1}), 413)
        self.assert_ends(request("POST", "/", {"Transfer-Encoding": "chunked", "Content-Length": 5}), 400)
        self.assert_ends(request("POST", "/", {"Content-Length": "9" * 30}), 400)

    def test_lengths_that_two_readers_could_read_differently_are_refused(self):
        for lines in ("Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nContent-Length: 2",
                      "Content-Length: 2, 2", "Content-Length: -1", "Content-Length: +2",
                      "Content-Length: 0x2", "Content-Length: 2 2", "Content-Length:", "Content-Length : 2",
                      "Content-Length: 2\r\nTransfer-Encoding: chunked",
                      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                      "Transfer-Encoding: identity", "Transfer-Encoding: chunked, gzip",
                      "Transfer-Encoding:\x0bchunked"):
            with self.subTest(lines):
                self.assert_ends(f"POST / HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n{{}}".encode(), 400, 501)

    def test_what_is_no_http_is_refused(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100, b"SSH-2.0-x\r\n\r\n",
                     b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n",
                     b"GET / HTTP/1.1\r\nNo colon\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", b"GET no-slash HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(data[:30]):
                self.assert_ends(data, 400, 505)

    def test_garbage_behind_a_request_is_refused_after_its_answer(self):
        good = json_request("GetQueueUrl", {"QueueName": "q"})
        wire = self.open().send(good + good + b"\0\1\2 garbage\r\n\r\n" + good)
        self.assertEqual([wire.read().status for _ in range(2)], [200, 200])
        self.assert_refused_in_plain_words(wire.read(), 400)
        self.assertEqual(wire.rest(), b"")

    def test_a_body_that_is_cut_off_is_not_carried_out(self):
        whole = json_request("SendMessage", {"QueueUrl": "q", "MessageBody": "half"})
        form = form_request(action("SendMessage", MessageBody="half-sent"), path_of("q"))
        for data in (whole[:-1], form[:-4], whole[:40], whole.replace(b"Content-Length: ", b"Content-Length: 9")):
            for end in ("close", "reset", "stop_sending"):
                wire = self.open().send(data)
                getattr(wire, end)()
                if end == "stop_sending":
                    self.assertEqual(wire.rest(), b"")
        self.assertEqual(self.count(), 0)

    def test_clients_that_are_slow_or_silent_hold_nobody_up(self):
        silent = [self.open() for _ in range(50)]
        half = [self.open().send(b"POST / HTTP/1.1\r\nContent-Le") for _ in range(50)]
        starved = [self.open().send(request("POST", "/", {"Content-Length": 100}, b"x")) for _ in range(50)]
        slow = self.open()
        whole = json_request("SendMessage", {"QueueUrl": "q", "MessageBody": "slow"})
        for byte in whole:
            slow.send(bytes([byte]))
        self.assertEqual(slow.read().json["MD5OfMessageBody"], md5_of("slow"))
        self.assert_answers()
        for wire in silent + half + starved:
            wire.close()

    def test_a_request_that_does_not_come_in_time_is_refused(self):
        wire = self.open().send(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nx")  # 20 s, see src/http
        self.assert_refused_in_plain_words(wire.read(), 408)

    def test_other_methods_are_refused_or_answered_but_do_nothing(self):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            with self.subTest(method):
                answer = self.ask(request(method, "/", {"Content-Type": JSON_TYPE,
                                                        "X-Amz-Target": "AmazonSQS.PurgeQueue"},
                                          b'{"QueueUrl":"q"}'))
                self.assertTrue(400 <= answer.status < 500, answer)
        wire = self.open().send(request("HEAD", "/healthz"))
        self.assertTrue(200 <= wire.read(has_body=False).status < 500)


class JsonBodies(Bad):
    def refused(self, name, body, **how):
        answer = self.ask(json_request(name, body, **how))
        self.assert_clear(answer)
        return answer

    def assert_malformed(self, name, body):
        answer = self.refused(name, body)
        self.assert_framework_error(answer, 400, "SerializationException", "MalformedInput")

    def test_what_is_no_json_object_is_refused(self):
        for body in (b"", b" ", b"{", b"[]", b"null", b"1", b'"x"', b"{}{}", b"{} x", b"{'a':1}", b"\0",
                     b'{"a"}', b'{"a":}', b'{"a":1,}', b"{,}", b'{"a":01}', b'{"a":tru}', b'{"a":.5}',
                     b'\xef\xbb\xbf{"QueueUrl":"q"', b"<xml/>", b"Action=ListQueues",
                     b'{"QueueUrl":"q","a":"\n"}', b'{"QueueUrl":"q","a":"\\x"}', b'{"a":"\\u12"}'):
            with self.subTest(body):
                self.assert_malformed("PurgeQueue", body)

    def test_deep_json_is_refused_wherever_it_stands(self):
        deep = b"[" * 10_000 + b"]" * 10_000
        objects = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
        for body in (deep, objects, b"[" * 10_000, b'{"QueueUrl":"q","x":%s}' % deep,
                     b'{"QueueUrl":"q","MessageBody":%s}' % objects,
                     b'{"QueueUrl":"q","MessageBody":"x","MessageAttributes":%s}' % objects,
                     b'{"QueueUrl":"q","MessageBody":"x","MessageAttributes":{"a":%s}}' % deep):
            with self.subTest(body[:60]):
                self.assert_malformed("SendMessage", body)
        self.assertEqual(self.count(), 0)
        policy = '{"a":' * 1000 + "1" + "}" * 1000
        self.refused("SetQueueAttributes", {"QueueUrl": "q", "Attributes": {"Policy": policy}})
        self.refused("SetQueueAttributes", {"QueueUrl": "q", "Attributes": {"RedrivePolicy": policy}})

    def test_numbers_that_are_no_whole_numbers_are_refused(self):
        for number in ("1e999", "-1e999", "1.5", "1e0", "9223372036854775808", "-9223372036854775809",
                       "99999999999999999999999", "1e-400", '"1"', "true", "[1]", "{}", "NaN", "Infinity"):
            with self.subTest(number):
                self.assert_malformed("ReceiveMessage",
                                      b'{"QueueUrl":"q","MaxNumberOfMessages":%s}' % number.encode())
        for number in ("9223372036854775807", "-9223372036854775808", "0", "-0", "11"):
            with self.subTest(number):
                answer = self.refused("ReceiveMessage",
                                      b'{"QueueUrl":"q","MaxNumberOfMessages":%s}' % number.encode())
                self.assert_framework_error(answer, 400, "InvalidParameterValueException",
                                            "InvalidParameterValue")
        self.assertEqual(self.ask(json_request(
            "ReceiveMessage", b'{"QueueUrl":"q","WaitTimeSeconds":-0}')).text, "{}")

    def test_values_of_the_wrong_type_are_refused(self):
        for name, members in (("SendMessage", {"QueueUrl": "q", "MessageBody": 1}),
                              ("SendMessage", {"QueueUrl": ["q"], "MessageBody": "x"}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "DelaySeconds": "1"}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": []}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x",
                                               "MessageAttributes": {"a": "b"}}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {
                                  "a": {"DataType": "Binary", "BinaryValue": "***"}}}),
                              ("SendMessageBatch", {"QueueUrl": "q", "Entries": {"Id": "a"}}),
                              ("SendMessageBatch", {"QueueUrl": "q", "Entries": ["a"]}),
                              ("CreateQueue", {"QueueName": {}}),
                              ("CreateQueue", {"QueueName": "x", "Attributes": {"DelaySeconds": 1}}),
                              ("TagQueue", {"QueueUrl": "q", "Tags": {"a": 1}}),
                              ("UntagQueue", {"QueueUrl": "q", "TagKeys": "a"}),
                              ("ListQueues", {"MaxResults": "1"}),
                              ("GetQueueAttributes", {"QueueUrl": "q", "AttributeNames": "All"})):
            with self.subTest(name, members=members):
                self.assert_malformed(name, members)
        self.assertEqual(self.count(), 0)

    def test_bytes_that_are_no_utf8_are_refused_wherever_they_stand(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80",
                    b"\\ud800", b"\\udc00\\ud800", b"\\ud800x"):
            for body in (b'{"QueueUrl":"q","MessageBody":"a%sb"}', b'{"QueueUrl":"q","%s":1,"MessageBody":"x"}',
                         b'{"QueueUrl":"q","MessageBody":"x","other":["%s"]}'):
                with self.subTest(body % bad):
                    self.assert_malformed("SendMessage", body % bad)
        self.assertEqual(self.count(), 0)

    def test_forbidden_characters_in_a_body_are_named(self):
        for code in (0, 1, 7, 8, 0xB, 0xC, 0xE, 0x1F, 0xFFFE, 0xFFFF):
            with self.subTest(hex(code)):
                answer = self.refused("SendMessage", {"QueueUrl": "q", "MessageBody": f"a{chr(code)}b"})
                self.assert_json_error(
                    answer, 400, "InvalidMessageContents", "InvalidMessageContents",
                    f"Invalid binary character '#x{code:X}' was found in the message body, the set of allowed "
                    "characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].")
        batch = self.json("SendMessageBatch", QueueUrl="q", Entries=[
            {"Id": "a", "MessageBody": "\0"}, {"Id": "b", "MessageBody": "x"}])
        self.assertEqual(batch["Failed"][0]["Code"], "InvalidMessageContents")
        self.assertEqual(self.count(), 1)

    def test_nul_and_other_strange_names_are_refused(self):
        for name, members in (("CreateQueue", {"QueueName": "a\0b"}), ("CreateQueue", {"QueueName": "é"}),
                              ("CreateQueue", {"QueueName": "x" * 81}), ("CreateQueue", {"QueueName": ""}),
                              ("CreateQueue", {"QueueName": "../x"}), ("CreateQueue", {"QueueName": "a b"}),
                              ("CreateQueue", {"QueueName": "x", "Attributes": {"Delay\0Seconds": "1"}}),
                              ("SendMessage", {"QueueUrl": "q\0", "MessageBody": "x"}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {
                                  "a\0": {"DataType": "String", "StringValue": "x"}}}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {
                                  "a": {"DataType": "String\0", "StringValue": "x"}}}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {
                                  "a": {"DataType": "String", "StringValue": "\0"}}}),
                              ("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageGroupId": "\0"}),
                              ("DeleteMessage", {"QueueUrl": "q", "ReceiptHandle": "\0" * 1000}),
                              ("DeleteMessage", {"QueueUrl": "q", "ReceiptHandle": "A" * 100_000}),
                              ("ListQueues", {"MaxResults": 1, "NextToken": "\0\xff"})):
            with self.subTest(name, members=str(members)[:80]):
                self.refused(name, members)
        self.assertEqual(self.count(), 0)

    def test_unknown_parameters_are_skipped_and_nulls_are_absent(self):
        self.json("SendMessage", QueueUrl="q", MessageBody="x", Nonsense={"a": [1, {"b": None}]},
                  DelaySeconds=None, MessageAttributes=None)
        answer = self.ask(json_request("SendMessage", {"QueueUrl": "q", "MessageBody": None}))
        self.assert_framework_error(answer, 400, "MissingRequiredParameterException", "MissingParameter")
        self.assertEqual(self.count(), 1)

    def test_huge_batches_and_lists_are_refused(self):
        entries = [{"Id": str(n), "MessageBody": "x"} for n in range(20_000)]
        answer = self.refused("SendMessageBatch", {"QueueUrl": "q", "Entries": entries})
        self.assert_json_error(answer, 400, "TooManyEntriesInBatchRequest",
                               "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
                               "Maximum number of entries per request are 10. You have sent 20000.")
        self.refused("TagQueue", {"QueueUrl": "q", "Tags": {f"t{n}": "x" for n in range(5000)}})
        self.refused("SendMessage", {"QueueUrl": "q", "MessageBody": "x", "MessageAttributes": {
            f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(5000)}})
        self.refused("AddPermission", {"QueueUrl": "q", "Label": "l", "AWSAccountIds": ["1" * 12] * 5000,
                                       "Actions": ["*"]})
        self.refused("SetQueueAttributes", {"QueueUrl": "q", "Attributes": {"Policy": "x" * MIB}})
        self.assertEqual(self.count(), 0)

    def test_a_mebibyte_of_escapes_is_one_message_and_one_byte_more_is_too_large(self):
        body = b"\\u0041" * MIB  # 6 MiB on the wire
        sent = self.ask(json_request("SendMessage", b'{"QueueUrl":"q","MessageBody":"%s"}' % body))
        self.assertEqual(sent.json["MD5OfMessageBody"], md5_of("A" * MIB))
        answer = self.refused("SendMessage", b'{"QueueUrl":"q","MessageBody":"B%s"}' % body)
        self.assert_framework_error(
            answer, 400, "InvalidParameterValueException", "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.")
        quotes = '"\\' * (MIB // 2)
        self.json("SendMessage", QueueUrl="q", MessageBody=quotes)
        taken = self.json("ReceiveMessage", QueueUrl="q", MaxNumberOfMessages=10)["Messages"]
        self.assertEqual({message["Body"] for message in taken}, {"A" * MIB, quotes})
        answer = self.ask(form_request(action("ReceiveMessage"), path_of("q")))
        self.assertEqual(answer.xml("Message"), [])


class Forms(Bad):
    def refused(self, parameters, path="/"):
        answer = self.ask(form_request(parameters, path))
        self.assert_clear(answer)
        return answer

    def test_bad_escapes_and_bytes_are_refused(self):
        for bad in (b"%", b"%2", b"%zz", b"%ff", b"\xff", b"%c0%af", b"%ed%a0%80", b"%F4%90%80%80"):
            for body in (b"Action=SendMessage&QueueUrl=q&MessageBody=" + bad,
                         b"Action=SendMessage&QueueUrl=q&MessageBody=x&" + bad + b"=1"):
                with self.subTest(body):
                    self.assert_xml_error(self.refused(body), 400, "MalformedInput")
        self.assertEqual(self.count(), 0)

    def test_forbidden_characters_are_named(self):
        for encoded, name in ((b"%00", "#x0"), (b"%07", "#x7"), (b"%EF%BF%BF", "#xFFFF")):
            answer = self.refused(b"Action=SendMessage&QueueUrl=q&MessageBody=" + encoded)
            self.assert_xml_error(answer, 400, "InvalidMessageContents")
            self.assertIn(f"'{name}'", answer.text)
        self.assertEqual(self.count(), 0)

    def test_numbers_that_are_none_are_refused(self):
        for number in ("1e999", "1.5", "9223372036854775808", " 1", "1 ", "+1", "0x1", "one", "1\0"):
            with self.subTest(number):
                self.refused(action("ReceiveMessage", QueueUrl="q", MaxNumberOfMessages=number))

    def test_structures_in_the_wrong_place_are_refused(self):
        for parameters in ({"QueueUrl.1": "q", "MessageBody": "x"}, {"QueueUrl": "q", "MessageBody.1": "x"},
                           {"QueueUrl": "q", "MessageBody": "x", "MessageAttribute.1.Name": "a"},
                           {"QueueUrl": "q", "MessageBody": "x", "MessageAttribute.1": "a"},
                           {"QueueUrl": "q", "MessageBody": "x", "MessageAttribute.1.Name": "a",
                            "MessageAttribute.1.Value": "b"},
                           {"QueueUrl": "q", "MessageBody": "x", "MessageAttribute.1.Name": "a",
                            "MessageAttribute.1.Value.DataType": "Binary",
                            "MessageAttribute.1.Value.BinaryValue": "***"}):
            with self.subTest(parameters):
                self.refused({"Action": "SendMessage", **parameters})
        self.assertEqual(self.count(), 0)

    def test_names_without_end_and_too_many_fields_are_refused(self):
        deep = ".".join(["a"] * 10_000)
        self.refused({"Action": "PurgeQueue", "QueueUrl": "q", deep: "x"})
        self.refused(b"Action=PurgeQueue&QueueUrl=q&" + b"&".join(b"a%d=1" % n for n in range(100_000)))
        self.refused(b"Action=PurgeQueue&QueueUrl=q&" + b"&".join(b"a=1" for _ in range(100_000)))

    def test_fields_without_names_or_values_and_unknown_ones_are_skipped(self):
        answer = self.ask(form_request(b"&&=x&Nonsense&No.1.Such=&Action=SendMessage&QueueUrl=q&MessageBody=x&"))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("x")], answer)

    def test_huge_batches_are_refused(self):
        parameters = action("SendMessageBatch", QueueUrl="q")
        for number in range(1, 500):
            parameters[f"SendMessageBatchRequestEntry.{number}.Id"] = number
            parameters[f"SendMessageBatchRequestEntry.{number}.MessageBody"] = "x"
        self.assert_xml_error(self.refused(parameters), 400,
                              "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
        self.assertEqual(self.count(), 0)

    def test_paths_that_name_no_queue_are_refused(self):
        for path in (f"/{ACCOUNT}/", f"/{ACCOUNT}/none", "/a/b/c/d", f"/{ACCOUNT}/q%00", f"/{ACCOUNT}/%2e%2e",
                     "//", "/q"):
            with self.subTest(path):
                self.refused(action("SendMessage", MessageBody="x"), path)
        self.assertEqual(self.count(), 0)

    def test_a_mebibyte_of_escapes_is_one_message(self):
        answer = self.ask(form_request(b"Action=SendMessage&QueueUrl=q&MessageBody=" + b"%3C" * MIB))
        self.assertEqual(answer.xml("MD5OfMessageBody"), [md5_of("<" * MIB)])
        taken = self.ask(form_request(action("ReceiveMessage"), path_of("q")))
        self.assertEqual(taken.xml("Body"), ["&lt;" * MIB])
        self.refused(b"Action=SendMessage&QueueUrl=q&MessageBody=x" + b"%3C" * MIB)


class Storm(Bad):
    """Thousands of bad requests, made from good ones by a seeded hand."""

    ROUNDS = 2000

    def spoil(self, data, luck):
        data = bytearray(data)
        for _ in range(luck.randint(1, 6)):
            at = luck.randrange(len(data))
            choice = luck.random()
            if choice < 0.4:
                data[at] = luck.randrange(256)
            elif choice < 0.6:
                del data[at:at + luck.randint(1, 20)]
            elif choice < 0.8:
                data[at:at] = bytes(luck.randrange(256) for _ in range(luck.randint(1, 20)))
            else:
                data[at:at] = data[luck.randrange(len(data)):][:luck.randint(1, 200)]
        return bytes(data)

    def test_spoilt_requests_cost_nothing_that_lasts(self):
        seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
        print(f"SEED={seed}")
        luck = random.Random(seed)
        good = [json_request("SendMessage", {"QueueUrl": "q", "MessageBody": "x" * 200, "MessageAttributes": {
                    "a": {"DataType": "String", "StringValue": "1"}}}),
                json_request("ReceiveMessage", {"QueueUrl": "q", "MaxNumberOfMessages": 10}),
                form_request(action("SendMessage", MessageBody="x&y=z", MessageAttribute__1__Name="a",
                                    MessageAttribute__1__Value__DataType="String",
                                    MessageAttribute__1__Value__StringValue="1"), path_of("q")),
                get_request(action("GetQueueAttributes", AttributeName__1="All"), path_of("q"))]
        warm = None
        for number in range(self.ROUNDS):
            wire = self.open()
            try:
                wire.send(self.spoil(luck.choice(good), luck))
                wire.stop_sending()
                wire.rest()
            except OSError:
                pass  # it was reset
            wire.close()
            if number == self.ROUNDS // 4:
                warm = self.resident()
        self.json("PurgeQueue", QueueUrl="q")
        self.assertLess(self.resident(), warm + (64 << 20))

    def test_large_bodies_that_are_refused_leave_no_memory_behind(self):
        body = as_json({"QueueUrl": "q", "MessageBody": "x" * (7 * MIB)})
        form = b"Action=SendMessage&QueueUrl=q&MessageBody=" + b"x" * (7 * MIB)
        for _ in range(30):  # 420 MiB in all
            self.assert_clear(self.ask(json_request("SendMessage", body)))
            self.assert_clear(self.ask(form_request(form)))
        self.assertLess(self.resident(), 256 << 20)


if __name__ == "__main__":
    main()
