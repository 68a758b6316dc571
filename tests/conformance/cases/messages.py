# SPDX-License-Identifier: Apache-2.0
"""Sending a message, and what a receiver is told of it."""
import re
import time

from harness import between, binary, elapsed, equal, md5, md5_of_attributes, test, text

MEBIBYTE = 1024 * 1024
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALL_KINDS = {
    "zebra": text("last"), "Alpha": text("first"), "a.b-c_9": text("\u00e4\U0001f9f5"),
    "number": text("-12.5e3", "Number"), "typed": text("{}", "String.json"), "whole": text("7", "Number.int"),
    "bytes": binary(b"\x00\xff\n\x80"), "picture": binary(b"\x89P", "Binary.png"),
    "bar.one": text("1"), "bar.two": text("2"),
}
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"


@test
def a_message_has_an_id_and_a_digest_and_comes_as_it_was_sent(sqs):
    url = sqs.make_queue()
    body = "tab\t line\r\n quote\" back\\ </x>&amp; \u00e4\u20ac\ud7ff\ue000\ufffd \U00010000\U0001f9f5\U0010ffff"
    sent = sqs.send(url, body)
    assert UUID.fullmatch(sent["MessageId"]), sent["MessageId"]
    equal(sent["MD5OfMessageBody"], md5(body))
    got = sqs.receive_one(url)
    equal(got["Body"], body)
    equal(got["MessageId"], sent["MessageId"])
    equal(got["MD5OfBody"], md5(body))


@test
def what_was_not_given_is_left_out_of_the_answers(sqs):
    url = sqs.make_queue()
    equal(sorted(sqs.send(url, "x")), ["MD5OfMessageBody", "MessageId"])
    equal(sorted(sqs.receive_one(url, tell_user=["All"])), ["Body", "MD5OfBody", "MessageId", "ReceiptHandle"])
    equal(sqs.call("ReceiveMessage", QueueUrl=url), {})


@test(cases={"leading and trailing blanks": "  x \n", "only blanks": "   ", "a plus and a percent": "a+b%20c&d=e",
             "a carriage return": "a\rb\r\nc", "XML": "<a b='c'>&lt;]]></a>", "JSON": '{"a":"\\u0000"}',
             "a lone byte order mark": "\ufeffx"})
def a_body_stays_as_it_is_that_has(sqs, body):
    url = sqs.make_queue()
    equal(sqs.send(url, body)["MD5OfMessageBody"], md5(body))
    equal(sqs.receive_one(url)["Body"], body)


@test
def an_empty_body_is_refused(sqs):
    with sqs.refused("MissingParameter"):
        sqs.send(sqs.make_queue(), "")


@test(cases={f"U+{ord(bad):04X}": bad for bad in "\0\1\x08\x0b\x0c\x0e\x1f\ufffe\uffff"})
def a_body_is_refused_with(sqs, bad):
    url = sqs.make_queue()
    with sqs.refused("InvalidMessageContents"):
        sqs.send(url, f"a{bad}b")
    equal(sqs.counts(url), [0, 0, 0])


@test
def a_mebibyte_is_taken_whole_and_one_byte_more_is_refused(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x" * (MEBIBYTE + 1))
    body = "0123456789abcdef" * (MEBIBYTE // 16)
    sqs.send(url, body)
    equal(sqs.receive_one(url)["Body"], body)


@test
def the_limit_is_in_bytes_is_the_queues_own_and_counts_names_types_and_values(sqs):
    url = sqs.make_queue({"MaximumMessageSize": "1024"})
    sqs.send(url, "x" * 1024)
    for body in ("x" * 1025, "\u00e4" * 513):
        with sqs.refused("InvalidParameterValue"):
            sqs.send(url, body)
    attributes = {"name": text("value"), "b": binary(b"\0" * 10)}  # 4 + 6 + 5 and 1 + 6 + 10 bytes
    sqs.send(url, "x" * 992, user=attributes)
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x" * 993, user=attributes)
    equal(sqs.counts(url), [2, 0, 0])


@test
def the_trace_header_does_not_count_to_the_size(sqs):
    url = sqs.make_queue({"MaximumMessageSize": "1024"})
    sqs.send(url, "x" * 1024, MessageSystemAttributes={"AWSTraceHeader": text(TRACE)})
    equal(sqs.counts(url), [1, 0, 0])


# --- Message attributes


@test
def attributes_come_back_as_they_were_with_the_digest_over_them(sqs):
    url = sqs.make_queue()
    sent = sqs.send(url, "x", user=ALL_KINDS)
    equal(sent["MD5OfMessageAttributes"], md5_of_attributes(ALL_KINDS))
    got = sqs.receive_one(url, tell_user=["All"])
    equal(got["MD5OfMessageAttributes"], md5_of_attributes(ALL_KINDS))
    equal(got["MessageAttributes"], ALL_KINDS)


@test(cases={str(asked): (asked, told) for asked, told in [
    (None, []), (["none"], []), (["zebra"], ["zebra"]), (["bar.*"], ["bar.one", "bar.two"]),
    (["Alpha", "bar.one", "none"], ["Alpha", "bar.one"]), (["zebra", "zebra"], ["zebra"]), (["alpha"], []),
    ([".*"], [*ALL_KINDS]), (["All"], [*ALL_KINDS])]})
def of_its_attributes_a_receiver_gets_those_it_asks_for(sqs, asked, told):
    url = sqs.make_queue()
    sqs.send(url, "x", user=ALL_KINDS)
    got = sqs.receive_one(url, tell_user=asked)
    equal(sorted(got.get("MessageAttributes", {})), sorted(told))


@test
def the_digest_is_over_the_attributes_that_are_told(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x", user=ALL_KINDS)
    told = sqs.receive_one(url, tell_user=["bar.*"])
    equal(told["MD5OfMessageAttributes"], md5_of_attributes(told["MessageAttributes"]))
    equal(sorted(told["MessageAttributes"]), ["bar.one", "bar.two"])


@test(cases={
    "eleven of them": {f"a{i}": text("x") for i in range(11)},
    "a name that begins with AWS.": {"AWS.x": text("x")},
    "a name that begins with amazon.": {"amazon.x": text("x")},
    "a name with a dot in front": {".x": text("x")},
    "a name with a dot behind": {"x.": text("x")},
    "a name with two dots": {"x..y": text("x")},
    "a name with a space": {"x y": text("x")},
    "a name with a letter outside ASCII": {"\u00e4": text("x")},
    "a name of 257 characters": {"x" * 257: text("x")},
    "a type that there is not": {"x": text("x", "Text")},
    "a type in small letters": {"x": text("x", "string")},
    "a type of 257 characters": {"x": text("x", "String." + "x" * 250)},
    "a number that is none": {"x": text("twelve", "Number")},
    "an empty text": {"x": text("")},
    "an empty binary": {"x": binary(b"")},
    "a text of the type Binary": {"x": text("x", "Binary")},
    "a binary of the type String": {"x": binary(b"x", "String")},
    "no value": {"x": {"DataType": "String"}},
    "a forbidden character in a text": {"x": text("\1")},
})
def a_message_is_refused_with_attributes_that_have(sqs, attributes):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue", "InvalidMessageContents", "MissingParameter"):
        sqs.send(url, "x", user=attributes)
    equal(sqs.counts(url), [0, 0, 0])


@test
def an_empty_map_of_attributes_is_none(sqs):
    url = sqs.make_queue()
    assert "MD5OfMessageAttributes" not in sqs.send(url, "x", user={})


@test
def ten_attributes_and_a_name_of_256_characters_are_taken(sqs):
    url = sqs.make_queue()
    attributes = {f"a{i}".ljust(256, "x"): text("x") for i in range(10)}
    sqs.send(url, "x", user=attributes)
    equal(sqs.receive_one(url, tell_user=["All"])["MessageAttributes"], attributes)


# --- Receiving


@test
def one_message_comes_unless_told_otherwise_and_never_more_than_asked(sqs):
    url = sqs.make_queue()
    for i in range(20):
        sqs.send(url, f"m{i}")
    equal(len(sqs.receive(url)), 1)
    between(1, len(sqs.receive(url, at_most=3)), 3)
    between(1, len(sqs.receive(url, at_most=10)), 10)


@test
def each_message_goes_to_one_receiver_while_its_lease_lasts(sqs):
    url = sqs.make_queue()
    for i in range(10):
        sqs.send(url, f"m{i}")
    both = [sqs.start(sqs.receive_many, url, 5, at_most=5) for _ in range(2)]
    got = [message["Body"] for one in both for message in one.result()]
    equal(sorted(got), [f"m{i}" for i in range(10)])
    equal(sqs.counts(url), [0, 10, 0])


@test(cases={f"{name} {value}": (name, value) for name, values in {
    "MaxNumberOfMessages": (0, 11, -1), "WaitTimeSeconds": (21, -1), "VisibilityTimeout": (43201, -1),
}.items() for value in values})
def a_receive_is_refused_with(sqs, name, value):
    with sqs.refused("InvalidParameterValue"):
        sqs.receive(sqs.make_queue(), **{name: value})


@test
def the_system_attributes_asked_for_are_told(sqs):
    url = sqs.make_queue({"VisibilityTimeout": "0"})
    earliest = int(time.time() * 1000) - 1000
    sqs.send(url, "x")
    assert "Attributes" not in sqs.receive_one(url)
    equal(list(sqs.receive_one(url, tell=["SentTimestamp"])["Attributes"]), ["SentTimestamp"])
    told = sqs.receive_one(url, tell=["All"])["Attributes"]
    equal(sorted(told), ["ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "SenderId", "SentTimestamp"])
    equal(told["ApproximateReceiveCount"], "3")
    assert told["SenderId"]
    sent, first = int(told["SentTimestamp"]), int(told["ApproximateFirstReceiveTimestamp"])
    assert earliest < sent <= first < time.time() * 1000 + 1000, (earliest, sent, first)
    again = sqs.receive_one(url, tell=["ApproximateFirstReceiveTimestamp"])["Attributes"]
    equal(int(again["ApproximateFirstReceiveTimestamp"]), first)


@test(needs="MessageSystemAttributeNames")
def the_older_name_of_the_list_of_system_attributes_works_too(sqs):
    url = sqs.make_queue({"VisibilityTimeout": "0"})
    sqs.send(url, "x")
    equal(sqs.receive_one(url, AttributeNames=["ApproximateReceiveCount"])["Attributes"],
          {"ApproximateReceiveCount": "1"})
    equal(sorted(sqs.receive_one(url, AttributeNames=["SentTimestamp"], tell=["ApproximateReceiveCount"])
                 ["Attributes"]), ["ApproximateReceiveCount", "SentTimestamp"])


@test
def the_trace_header_is_told_that_the_sender_gave(sqs):
    url = sqs.make_queue()
    given = {"AWSTraceHeader": text(TRACE)}
    sent = sqs.send(url, "x", MessageSystemAttributes=given)
    equal(sent["MD5OfMessageSystemAttributes"], md5_of_attributes(given))
    equal(sqs.receive_one(url, tell=["AWSTraceHeader"])["Attributes"], {"AWSTraceHeader": TRACE})


@test(cases={"another name": {"Other": text("x")}, "a number": {"AWSTraceHeader": text("1", "Number")}})
def a_system_attribute_is_refused_that_is(sqs, attributes):
    with sqs.refused("InvalidParameterValue"):
        sqs.send(sqs.make_queue(), "x", MessageSystemAttributes=attributes)


@test
def a_standard_queue_refuses_a_deduplication_id(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.send(sqs.make_queue(), "x", dedup="d")


@test
def an_empty_queue_answers_at_once_when_nobody_may_wait(sqs):
    url = sqs.make_queue({"ReceiveMessageWaitTimeSeconds": "20"})
    got, seconds = elapsed(lambda: sqs.receive(url, wait=0))
    equal(got, [])
    assert seconds < 10, seconds
