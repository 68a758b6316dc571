# SPDX-License-Identifier: Apache-2.0
"""The numbers of messages, which here are exact."""
from harness import entries, equal, test


@test
def they_follow_every_step_of_a_message(sqs):
    url = sqs.make_queue()
    for i in range(5):
        sqs.send(url, f"m{i}")
    sqs.send(url, "later", delay=900)
    equal(sqs.counts(url), [5, 0, 1])
    taken, kept = sqs.receive_one(url), sqs.receive_one(url)
    equal(sqs.counts(url), [3, 2, 1])
    sqs.delete(url, taken)
    equal(sqs.counts(url), [3, 1, 1])
    sqs.change(url, kept, 0)
    equal(sqs.counts(url), [4, 0, 1])


@test
def they_follow_time_without_a_call_that_would_look_at_the_messages(sqs):
    url = sqs.make_queue()
    sqs.send(url, "taken")
    sqs.send(url, "delayed", delay=1)
    sqs.receive_one(url, hide=1)
    sqs.let_pass(3)
    equal(sqs.counts(url), [2, 0, 0])


@test
def they_are_exact_with_some_hundred_messages(sqs):
    url = sqs.make_queue()
    for _ in range(30):
        sqs.send_batch(url, entries(10))
    equal(sqs.counts(url), [300, 0, 0])
    taken = sqs.receive_many(url, 100, hide=600)
    equal(sqs.counts(url), [200, 100, 0])
    for first in range(0, 100, 10):
        sqs.call("DeleteMessageBatch", QueueUrl=url, Entries=[
            {"Id": f"{i}", "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(taken[first:first + 10])])
    equal(sqs.counts(url), [200, 0, 0])


@test(cases={name: (name, place) for place, name in enumerate((
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"))})
def each_can_be_asked_for_alone(sqs, name, place):
    url = sqs.make_queue()
    for _ in range(2):
        sqs.send(url, "x", delay=900)
    for _ in range(4):
        sqs.send(url, "x")
    sqs.receive_one(url, hide=600)
    equal(sqs.attributes(url, name), {name: ("3", "1", "2")[place]})
