# SPDX-License-Identifier: Apache-2.0
"""Acknowledged means kept: a server that is killed with SIGKILL forgets nothing that it answered."""
import threading

from harness import ConnectionLost, binary, bodies, entries, equal, test, text


def queue_named(sqs, name):
    return sqs.call("GetQueueUrl", QueueName=name)["QueueUrl"]


@test(durable=True)
def what_was_sent_deleted_taken_and_delayed_is_so_after_a_kill_to_the_message(server):
    sqs = server.restart()
    url = sqs.make_queue({"VisibilityTimeout": "77"}, "kept")
    sqs.send_batch(url, entries(10, body="deleted"))
    for message in sqs.drain(url):
        sqs.delete(url, message)
    sqs.send_batch(url, entries(10, body="taken"))
    taken = sqs.drain(url)
    sqs.send_batch(url, entries(10))
    sqs.send(url, "delayed", delay=900)
    equal(sqs.counts(url), [10, 10, 1])

    sqs = server.restart()
    url = queue_named(sqs, "kept")
    equal(sqs.counts(url), [10, 10, 1])
    equal(sqs.attribute(url, "VisibilityTimeout"), "77")
    waiting = sqs.drain(url)
    equal(sorted(bodies(waiting)), [f"body {i}" for i in range(10)])

    # The handles from before the kill are still good.
    sqs.change(url, taken[0], 0)
    again = sqs.drain(url)
    equal(bodies(again), ["taken"])
    for message in [*taken[1:], *again, *waiting]:
        sqs.delete(url, message)
    equal(sqs.counts(url), [0, 0, 1])

    sqs = server.restart()
    equal(sqs.counts(queue_named(sqs, "kept")), [0, 0, 1])


@test(durable=True)
def bodies_and_attributes_come_back_from_the_disk_as_they_were(server):
    sqs = server.restart()
    url = sqs.make_queue(name="whole")
    large, attributes = "0123456789abcdef" * 65536, {"a": binary(b"\0\xff"), "b": text("\u20ac")}
    sent = sqs.send(url, large)
    sqs.send(url, "\U0001f9f5", user=attributes)
    sqs = server.restart()
    got = {message["Body"]: message for message in
           sqs.receive_many(queue_named(sqs, "whole"), 2, tell_user=["All"])}
    equal(sorted(got), [large, "\U0001f9f5"])
    equal(got[large]["MessageId"], sent["MessageId"])
    equal(got["\U0001f9f5"]["MessageAttributes"], attributes)


@test(durable=True)
def killed_while_senders_are_at_work_it_keeps_each_message_it_acknowledged_once(server):
    sqs = server.restart()
    url = sqs.make_queue(name="busy")
    acknowledged, tried, enough = set(), set(), threading.Event()

    def send_until_the_end(name):
        for i in range(100_000):
            body = f"{name} {i}"
            tried.add(body)
            try:
                sqs.send(url, body)
            except ConnectionLost:
                return  # killed; any other error is not what it owes
            acknowledged.add(body)
            if len(acknowledged) >= 300:
                enough.set()

    senders = [sqs.start(send_until_the_end, f"sender {i}") for i in range(8)]
    assert enough.wait(60), len(acknowledged)
    server.kill()
    for sender in senders:
        sender.result(60)

    sqs = server.restart()
    found = bodies(sqs.drain(queue_named(sqs, "busy")))
    equal(len(set(found)), len(found), "the number of messages, each counted once,")
    equal(acknowledged - set(found), set(), "what was acknowledged, but lost,")
    equal(set(found) - tried, set(), "what was never sent")


@test(durable=True)
def a_message_deleted_before_the_kill_stays_deleted_also_when_that_was_acknowledged_last(server):
    sqs = server.restart()
    url = sqs.make_queue(name="last")
    sqs.send(url, "x")
    sqs.delete(url, sqs.receive_one(url))
    sqs = server.restart()
    equal(sqs.counts(queue_named(sqs, "last")), [0, 0, 0])


@test(durable=True)
def tags_and_policies_are_kept(server):
    sqs = server.restart()
    dead = sqs.make_queue(name="dead")
    url = sqs.make_queue(sqs.redrive_to(dead, 3), "tagged", tags={"team": "weavers"})
    told = sqs.attributes(url, "All")
    sqs = server.restart()
    url = queue_named(sqs, "tagged")
    equal(sqs.call("ListQueueTags", QueueUrl=url)["Tags"], {"team": "weavers"})
    equal(sqs.attributes(url, "All"), told)


@test(durable=True)
def a_purged_message_stays_purged(server):
    sqs = server.restart()
    url = sqs.make_queue(name="purged")
    sqs.send_batch(url, entries(10))
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs = server.restart()
    equal(sqs.counts(queue_named(sqs, "purged")), [0, 0, 0])


@test(durable=True)
def a_fifo_queue_keeps_its_order_its_locked_group_and_its_numbers(server):
    sqs = server.restart()
    url = sqs.make_fifo(name="line.fifo")
    sent = [sqs.send(url, f"{i}", group="g", dedup=f"{i}") for i in range(5)]
    first = sqs.receive_one(url, hide=600)
    sqs = server.restart()
    url = queue_named(sqs, "line.fifo")
    equal(sqs.receive(url, wait=1), [])
    last = sqs.send(url, "5", group="g", dedup="5")
    assert int(last["SequenceNumber"]) > int(sent[-1]["SequenceNumber"]), (last, sent[-1])
    sqs.delete(url, first)
    equal(bodies(sqs.receive_many(url, 5)), ["1", "2", "3", "4", "5"])


@test(durable=True)
def deduplication_outlives_the_message_and_the_server(server):
    sqs = server.restart()
    url = sqs.make_fifo(name="once.fifo")
    first = sqs.send(url, "x", group="g", dedup="d")
    sqs.delete(url, sqs.receive_one(url))
    sqs = server.restart()
    url = queue_named(sqs, "once.fifo")
    again = sqs.send(url, "x", group="g", dedup="d")
    equal(again["MessageId"], first["MessageId"])
    equal(sqs.counts(url), [0, 0, 0])


@test(durable=True, needs="move tasks")
def a_move_task_goes_on_after_a_restart(server):
    sqs = server.restart()
    dead, target = sqs.make_queue(name="dead"), sqs.make_queue(name="target")
    sqs.make_queue(sqs.redrive_to(dead, 1), "source")
    for _ in range(3):
        sqs.send_batch(dead, entries(10))
    source_arn, target_arn = sqs.arn(dead), sqs.arn(target)
    sqs.call("StartMessageMoveTask", SourceArn=source_arn, DestinationArn=target_arn, MaxNumberOfMessagesPerSecond=5)
    sqs.receive_one(target, wait=20, hide=0)
    sqs = server.restart()
    got = sqs.receive_many(queue_named(sqs, "target"), 30, wait=20, hide=600)
    equal(len({message["MessageId"] for message in got}), 30)
