# SPDX-License-Identifier: Apache-2.0
"""Receivers that wait: what wakes them, how long they wait, and what becomes of those who leave."""
from harness import GaveUp, between, bodies, elapsed, entries, equal, test, until

AT_ONCE = 8  # seconds, on a busy machine; who waits here waits for 20


def waiting(sqs, url, **short):
    """Someone who waits for a message, and very likely does so already: that cannot be seen from outside."""
    future = sqs.start(sqs.receive, url, wait=20, **short)
    sqs.let_pass(1)
    return future


@test
def a_receiver_waits_as_long_as_it_was_told_and_then_gets_nothing(sqs):
    url = sqs.make_queue()
    got, seconds = elapsed(lambda: sqs.receive(url, wait=2))
    equal(got, [])
    between(1.9, seconds, 12)


@test
def a_receiver_waits_as_long_as_the_queue_says(sqs):
    url = sqs.make_queue({"ReceiveMessageWaitTimeSeconds": "2"})
    _, seconds = elapsed(lambda: sqs.receive(url))
    between(1.9, seconds, 12)


@test
def what_is_there_comes_at_once_however_long_one_would_wait(sqs):
    url = sqs.make_queue()
    sqs.send(url, "here")
    got, seconds = elapsed(lambda: sqs.receive(url, wait=20, at_most=10))
    equal(bodies(got), ["here"])
    between(0, seconds, AT_ONCE)


@test
def a_sent_message_wakes_a_receiver(sqs):
    url = sqs.make_queue()
    receiver = waiting(sqs, url)
    sqs.send(url, "wake up")
    got, seconds = elapsed(receiver.result)
    equal(bodies(got), ["wake up"])
    between(0, seconds, AT_ONCE)


@test
def each_of_several_receivers_gets_one_of_as_many_messages(sqs):
    url = sqs.make_queue()
    receivers = [sqs.start(sqs.receive, url, wait=20) for _ in range(4)]
    for i in range(4):
        sqs.send(url, f"m{i}")
    equal(sorted(sum((bodies(one.result()) for one in receivers), [])), ["m0", "m1", "m2", "m3"])


@test
def a_batch_wakes_as_many_receivers_as_it_has_messages(sqs):
    url = sqs.make_queue()
    receivers = [sqs.start(sqs.receive, url, wait=20) for _ in range(3)]
    sqs.let_pass(1)
    sqs.send_batch(url, entries(3))
    equal(sorted(sum((bodies(one.result()) for one in receivers), [])), ["body 0", "body 1", "body 2"])


@test
def a_message_that_is_given_back_wakes_a_receiver(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x")
    taken = sqs.receive_one(url, hide=600)
    receiver = waiting(sqs, url)
    sqs.change(url, taken, 0)
    got, seconds = elapsed(receiver.result)
    equal(bodies(got), ["x"])
    between(0, seconds, AT_ONCE)


@test
def a_receiver_of_a_queue_that_is_deleted_ends_in_its_time_with_nothing_or_a_refusal(sqs):
    url = sqs.make_queue()
    receiver = waiting(sqs, url)
    sqs.call("DeleteQueue", QueueUrl=url)

    def ends():
        try:
            return bodies(receiver.result())
        except Exception as error:
            return getattr(error, "code", error)
    said, seconds = elapsed(ends)
    assert said in ([], "AWS.SimpleQueueService.NonExistentQueue"), said
    between(0, seconds, 20 + AT_ONCE)


@test
def who_leaves_while_waiting_takes_no_message_along(sqs):
    url = sqs.make_queue()
    leavers = [sqs.start(sqs.call, "ReceiveMessage", 2, QueueUrl=url, WaitTimeSeconds=20) for _ in range(3)]
    for leaver in leavers:
        assert isinstance(leaver.exception(), GaveUp), leaver.exception()
    sqs.let_pass(1)  # the server hears of a closed connection a little later than the client
    sqs.send(url, "still here")
    until(lambda: sqs.counts(url) == [1, 0, 0], 5)
    equal(sqs.receive_one(url, wait=0)["Body"], "still here")
