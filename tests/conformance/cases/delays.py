# SPDX-License-Identifier: Apache-2.0
"""Messages that may be received only later."""
from harness import between, bodies, elapsed, equal, test


@test(cases={"its own": (None, {"delay": 4}), "the queue's": ({"DelaySeconds": "4"}, {})})
def a_message_is_hidden_and_then_wakes_a_receiver_with_a_delay_that_is(sqs, attributes, short):
    url = sqs.make_queue(attributes)
    sqs.send(url, "later", **short)
    equal(sqs.counts(url), [0, 0, 1])
    equal(sqs.receive(url), [])
    got, seconds = elapsed(lambda: sqs.receive_one(url, wait=20))
    equal(got["Body"], "later")
    between(0.5, seconds, 12)


@test
def a_messages_own_delay_of_0_overrides_the_queues(sqs):
    url = sqs.make_queue({"DelaySeconds": "900"})
    sqs.send(url, "now", delay=0)
    sqs.receive_one(url, wait=0)


@test
def each_message_of_a_batch_has_its_own(sqs):
    url = sqs.make_queue()
    sqs.send_batch(url, [{"Id": "now", "MessageBody": "now"},
                         {"Id": "later", "MessageBody": "later", "DelaySeconds": 900}])
    equal(sqs.counts(url), [1, 0, 1])
    equal(bodies(sqs.receive(url, at_most=10)), ["now"])


@test(cases={"-1": -1, "901": 901})
def a_delay_is_refused_of(sqs, seconds):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", delay=seconds)
    equal(sqs.counts(url), [0, 0, 0])


@test
def a_delay_does_not_count_as_a_receive(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x", delay=1)
    told = sqs.receive_one(url, wait=20, tell=["All"])["Attributes"]
    equal(told["ApproximateReceiveCount"], "1")
