#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""Clients that wait and clients that go away.

The guarantee: a receive takes nothing when the end of its connection (FIN, RST, or only of its sending
side) has reached this machine before the answer was written: the message is back where it was, in no
time, and the receive does not count. A client that goes away later has the message until its visibility
time ends, as with Amazon. So nothing is ever lost, and a long poll that was given up takes nothing.
"""
import json
import os
import socket
import time

from harness import eventually, main
from raw import ACCOUNT, Ended, RawCase, action, form_request, json_request, path_of

WAIT = 20  # of long polls: whoever is not woken fails the test by SOON
SOON = 10.0
STILL = 0.2  # so long a poll must be silent to count as waiting


class Queues(RawCase):
    arguments = ("--memory", "--threads", "2")

    def create(self, name, **attributes):
        self.json("CreateQueue", QueueName=name,
                  Attributes={key: str(value) for key, value in attributes.items()})

    def put(self, body, queue="q", **more):
        self.json("SendMessage", QueueUrl=queue, MessageBody=body, **more)

    def get(self, queue="q", wait=0, count=10, **more):
        answer = self.json("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=count, WaitTimeSeconds=wait,
                           MessageSystemAttributeNames=["All"], **more)
        return answer.get("Messages", [])

    def get_one(self, queue="q", **more):
        (message,) = self.get(queue, wait=WAIT, count=1, **more)
        return message

    def count(self, queue="q"):
        return self.server.counts(queue)


def polling(queue="q", wait=WAIT, **more):
    return json_request("ReceiveMessage", {"QueueUrl": queue, "WaitTimeSeconds": wait, **more})


class LongPolls(Queues):
    def poll(self, queue="q", **more):
        """A connection on which a long poll waits."""
        wire = self.open().send(polling(queue, **more))
        self.assertTrue(wire.is_silent(STILL), wire.left)
        return wire

    def assert_woken(self, wire, body, since):
        answer = wire.read()
        self.assertEqual([m["Body"] for m in answer.json.get("Messages", [])], [body], answer)
        self.assertLess(time.monotonic() - since, SOON)

    def test_a_send_wakes_a_poll_of_either_protocol(self):
        self.create("q")
        old = self.open().send(form_request(action("ReceiveMessage", WaitTimeSeconds=WAIT), path_of("q")))
        self.assertTrue(old.is_silent(STILL))
        since = time.monotonic()
        self.put("one")
        self.assertEqual(old.read().xml("Body"), ["one"])
        self.assertLess(time.monotonic() - since, SOON)
        wire = self.poll()
        since = time.monotonic()
        self.put("two")
        self.assert_woken(wire, "two", since)

    def test_one_message_wakes_one_poll_and_the_first_that_came(self):
        self.create("q")
        polls = [self.poll() for _ in range(3)]
        for number, wire in enumerate(polls):
            since = time.monotonic()
            self.put(str(number))
            self.assert_woken(wire, str(number), since)

    def test_the_end_of_a_delay_wakes_a_poll(self):
        self.create("q")
        wire = self.poll()
        since = time.monotonic()
        self.put("late", DelaySeconds=1)
        self.assert_woken(wire, "late", since)
        self.assertGreater(time.monotonic() - since, 0.9)

    def test_a_visibility_time_that_ends_wakes_a_poll(self):
        self.create("q")
        self.put("x")
        since = time.monotonic()
        self.get_one(VisibilityTimeout=1)
        wire = self.open().send(polling())
        self.assert_woken(wire, "x", since)
        self.assertGreater(time.monotonic() - since, 0.9)

    def test_a_message_made_visible_wakes_a_poll(self):
        self.create("q")
        self.put("x")
        handle = self.get_one()["ReceiptHandle"]
        wire = self.poll()
        since = time.monotonic()
        self.json("ChangeMessageVisibility", QueueUrl="q", ReceiptHandle=handle, VisibilityTimeout=0)
        self.assert_woken(wire, "x", since)

    def test_a_move_task_wakes_a_poll_at_its_destination(self):
        self.create("dead")
        dead = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
        self.create("q", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
        self.put("x")
        self.get_one(VisibilityTimeout=0)
        self.assertEqual(self.get(), [])  # the second receive moves it
        eventually(lambda: self.count("dead")["Visible"] == 1, "it is dead")
        wire = self.poll()
        since = time.monotonic()
        self.json("StartMessageMoveTask", SourceArn=dead)
        self.assert_woken(wire, "x", since)

    def test_a_dead_letter_wakes_a_poll_at_its_new_queue(self):
        self.create("dead")
        dead = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
        self.create("q", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1}))
        self.put("x")
        self.get_one(VisibilityTimeout=0)
        wire = self.poll("dead")
        since = time.monotonic()
        self.assertEqual(self.get(), [])
        self.assert_woken(wire, "x", since)

    def test_a_freed_group_wakes_a_poll(self):
        self.create("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        for body in ("one", "two", "three"):
            self.put(body, "q.fifo", MessageGroupId="g")
        first = self.get_one("q.fifo")
        wire = self.poll("q.fifo", VisibilityTimeout=1)
        since = time.monotonic()
        self.json("DeleteMessage", QueueUrl="q.fifo", ReceiptHandle=first["ReceiptHandle"])
        self.assert_woken(wire, "two", since)  # by a delete
        wire = self.open().send(polling("q.fifo"))
        self.assert_woken(wire, "two", since)  # by the end of its visibility
        self.put("three of h", "q.fifo", MessageGroupId="h")
        self.assertEqual(self.get_one("q.fifo")["Body"], "three of h")

    def test_a_poll_that_finds_nothing_answers_when_its_time_is_over(self):
        self.create("q", ReceiveMessageWaitTimeSeconds=1)
        since = time.monotonic()
        self.assertEqual(self.ask(json_request("ReceiveMessage", {"QueueUrl": "q"})).text, "{}")
        self.assertGreater(time.monotonic() - since, 0.9)
        self.assertLess(time.monotonic() - since, SOON)

    def test_a_poll_of_a_queue_that_is_deleted_is_told_so(self):
        self.create("q")
        wire = self.poll()
        self.json("DeleteQueue", QueueUrl="q")
        self.assert_json_error(wire.read(), 400, "QueueDoesNotExist",
                               "AWS.SimpleQueueService.NonExistentQueue")

    def test_a_poll_for_ten_takes_what_one_batch_brought(self):
        self.create("q")
        wire = self.poll(MaxNumberOfMessages=10)
        self.json("SendMessageBatch", QueueUrl="q",
                  Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)])
        taken = wire.read().json["Messages"]
        left = self.get()
        self.assertEqual(len(taken) + len(left), 10)


def close(wire):
    wire.close()


def reset(wire):
    wire.reset()


def stop_sending(wire):
    wire.stop_sending()


ENDS = (close, reset, stop_sending)


class Disconnects(Queues):
    """What a client that has gone did not take is there, and as if never received."""

    def setUp(self):
        super().setUp()
        self.create("q", VisibilityTimeout=3600)

    def assert_all_here(self, bodies):
        """All of them, untouched: at once, or as soon as what was on its way to nobody is back, but long
        before their visibility time."""
        found = []
        while len(found) < len(bodies) and (taken := self.get(wait=WAIT)):
            found += taken
        found += self.get()
        self.assertEqual(sorted(m["Body"] for m in found), sorted(bodies))
        self.assertEqual({m["Attributes"]["ApproximateReceiveCount"] for m in found}, {"1"})

    def test_a_poll_whose_client_has_gone_takes_nothing(self):
        for end in ENDS:
            with self.subTest(end.__name__):
                wires = [self.open().send(polling()) for _ in range(20)]
                self.assertTrue(wires[-1].is_silent(STILL))
                for wire in wires:
                    end(wire)
                self.put(end.__name__)
                self.assert_all_here([end.__name__])

    def test_a_poll_that_ends_while_a_message_comes_loses_none(self):
        for end in ENDS:
            with self.subTest(end.__name__):
                for number in range(40):  # the queue is empty when each of them begins to wait
                    wire = self.open().send(polling())
                    end(wire)
                    self.put(f"{end.__name__} {number}")
                    self.assert_all_here([f"{end.__name__} {number}"])

    def test_a_client_that_only_stopped_sending_is_closed_without_an_answer(self):
        wire = self.open().send(polling())
        wire.stop_sending()
        self.assertRaises(Ended, wire.read)
        self.put("x")
        self.assert_all_here(["x"])

    def test_a_receive_that_comes_together_with_its_end_takes_nothing(self):
        names = [str(number) for number in range(100)]
        for name in names:
            self.put(name)
        for number in range(200):
            wire = self.open()
            wire.socket.send(polling(wait=WAIT if number % 2 else 0), socket.MSG_MORE)  # held back, and
            wire.close()                                                               # sent with the FIN
        self.assert_all_here(names)

    def test_clients_that_close_right_after_asking_lose_nothing(self):
        self.json("SetQueueAttributes", QueueUrl="q", Attributes={"VisibilityTimeout": "2"})
        names = [str(number) for number in range(50)]
        for name in names:
            self.put(name)
        for number in range(200):
            wire = self.open().send(polling(wait=0))
            if number % 2:
                wire.close()
            else:
                wire.reset()
        now = self.count()
        self.assertEqual(now["Visible"] + now["InFlight"], len(names), now)
        # Whoever closed before the answer took nothing; the others' messages come back by time.
        found = set()
        while len(found) < len(names):
            taken = self.get(wait=WAIT, VisibilityTimeout=600)
            self.assertTrue(taken, f"{len(names) - len(found)} are missing: {self.count()}")
            found |= {message["Body"] for message in taken}
        self.assertEqual(found, set(names))

    def test_a_group_that_nobody_took_is_not_blocked(self):
        self.create("q.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout=3600)
        for end in ENDS:
            with self.subTest(end.__name__):
                wires = [self.open().send(polling("q.fifo")) for _ in range(10)]
                for wire in wires:
                    end(wire)
                self.put(end.__name__, "q.fifo", MessageGroupId="g")
                message = self.get_one("q.fifo")
                self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], "1")
                self.json("DeleteMessage", QueueUrl="q.fifo", ReceiptHandle=message["ReceiptHandle"])

    def test_connections_that_have_gone_are_given_back(self):
        for _ in range(100):
            close(self.open().send(polling()))
        descriptors = f"/proc/{self.server.pid}/fd"
        eventually(lambda: len(os.listdir(descriptors)) < 60, "their descriptors are closed")


if __name__ == "__main__":
    main()
