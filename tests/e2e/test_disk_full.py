#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=300
"""A disk that runs full or fails: refused is what cannot be kept, all else goes on, nothing that was
acknowledged is lost, and nobody has to restart anything."""
import os
import threading

from disks import DyingDisk, SmallDisk
from harness import AWAY, Case, Refused, eventually, main

DISK_FULL = 74  # src/base/exit_code.h
MIB = 1 << 20
HEAD = "selvage: 1\nname: x\nstages:\n"


def unavailable(question):
    """The refusal, when there is one because the disk is full or has failed."""
    try:
        question()
    except Refused as refusal:
        if refusal.kind == "ServiceUnavailableException" and refusal.status == 503:
            return str(refusal)
        raise
    return None


def body(n, size):
    return f"{n:05}" + os.urandom(size // 2).hex()


class FullDisk(Case):
    SIZE = 640 * MIB  # of which an eighth is the reserve

    def setUp(self):
        super().setUp()
        self.disk = SmallDisk(self, self.folder / "disk", self.SIZE)

    def send_until_refused(self, queues, queue, size=100_000):
        """The bodies that were acknowledged, and the sentence of the refusal."""
        acknowledged = []
        for n in range(10_000):
            text = body(n, size)
            refusal = unavailable(lambda: queues.send(queue, text))
            if refusal:
                return acknowledged, refusal
            acknowledged.append(text)
        raise AssertionError("the disk did not fill up")

    def test_a_broker_fills_the_disk_up_to_the_reserve_and_empties_it_again_by_itself(self):
        broker = self.broker(data="disk/data")
        broker.create("q")
        sent, refusal = self.send_until_refused(broker, "q", 200_000)
        self.assertGreater(len(sent), 1000)
        for words in ("disk is almost full", "Receive and delete messages"):
            self.assertIn(words, refusal)
        self.assertGreater(self.disk.free(), self.SIZE // 16)
        self.assertIn("less than the reserve of 80.0 MiB", broker.errors())
        refusal = unavailable(lambda: broker.once("AmazonSQS.CreateQueue", QueueName="more"))
        self.assertIn("almost full", refusal)
        broker.create("q")  # it is there: workers that come find their queue

        found = set()
        while broker.counts("q")["Visible"]:
            for message in broker.receive("q", count=5):
                found.add(message["Body"])
                broker.call("AmazonSQS.DeleteMessage", QueueUrl=broker.url("q"),
                            ReceiptHandle=message["ReceiptHandle"])
        self.assertEqual(found, set(sent))
        eventually(lambda: not unavailable(lambda: broker.send("q", "again")),
                   "there is space again")
        self.assertEqual(broker.take_one("q")["Body"], "again")
        self.assertEqual(broker.stop(), 0, broker.errors())

    def test_on_a_disk_that_others_fill_to_the_last_byte_every_message_can_be_had_and_deleted(self):
        broker = self.broker(data="disk/data")
        broker.create("q")
        sent = [body(n, 20_000) for n in range(1000)]
        for text in sent:
            broker.send("q", text)
        self.assertTrue((self.disk.path / "data/reserve").exists())
        self.disk.fill(leave=0)
        eventually(lambda: unavailable(lambda: broker.send("q", "more")), "it is refused")
        eventually(lambda: not (self.disk.path / "data/reserve").exists(), "the reserve is released")
        found = []
        for _ in range(200):
            for message in broker.receive("q", count=10):
                found.append(message["Body"])
                broker.call("AmazonSQS.DeleteMessage", QueueUrl=broker.url("q"),
                            ReceiptHandle=message["ReceiptHandle"])
        self.assertEqual(sorted(text for text in found if text in set(sent)), sent)
        self.disk.empty()
        eventually(lambda: not unavailable(lambda: broker.send("q", "again")),
                   "there is space again")
        eventually(lambda: (self.disk.path / "data/reserve").exists(), "there is a reserve again")
        self.assertEqual(broker.stop(), 0, broker.errors())

    def test_a_broker_that_is_started_on_a_disk_that_others_have_filled_uses_the_reserve(self):
        broker = self.broker(data="disk/data")
        broker.create("q")
        sent = [broker.send("q", body(n, 100_000)) for n in range(100)]
        self.assertEqual(broker.stop(), 0)
        self.disk.fill(leave=0)
        again = self.broker(data="disk/data")
        self.assertEqual(sorted(m["MessageId"] for m in again.take_all("q")), sorted(sent))
        self.assertEqual(again.stop(), 0)

    def test_a_broker_that_finds_a_full_disk_without_a_reserve_says_so(self):
        self.disk.fill(leave=0)
        done = self.run_selvage("serve", "--data", "disk/data", "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, DISK_FULL, done.stderr)
        self.assert_one_sentence(done.stderr, "is full", "free some space")

    def test_up_that_finds_a_full_disk_says_so(self):
        self.disk.fill(leave=0)
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        done = self.run_selvage("up", "w.yaml", "--data", "disk/data", "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, DISK_FULL, done.stderr)
        self.assert_one_sentence(done.stderr, "disk/data", "No space left on device")

    def test_a_workflow_keeps_its_work_until_space_returns(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", data="disk/data",
                             defaults="retry: { attempts: 2, backoff: 1ms..10ms }")
        runners, broker = flow.await_workers(2), flow.broker()
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        self.disk.fill(leave=0)
        sent, _ = self.send_until_refused(flow, "b")
        self.disk.fill(leave=0)  # what the reserve gave, too
        flow.open_gate("m")
        eventually(lambda: "less than the reserve" in flow.errors(), "the broker has told it")
        self.disk.empty()
        flow.await_counts("a", Visible=0, InFlight=0, Delayed=0)
        found = sorted(message["Body"] for message in flow.take_all("b"))
        self.assertEqual(found, sorted(["m\n", *sent]))
        self.assertEqual(len(flow.starts("m")), 1)
        self.assertEqual(flow.broker(), broker)
        self.assertEqual(flow.runners(), runners)
        flow.leave(self)

    def test_an_artifact_that_finds_no_space_is_a_failed_attempt_that_says_so(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", data="disk/data",
                             defaults="retry: { attempts: 2, backoff: 1ms..2ms }")
        flow.send("a", f'echo m; head -c {2 * self.SIZE} /dev/zero > "$SELVAGE_OUT"/f || exit 3')
        flow.await_counts("a-dead", Visible=1)
        eventually(lambda: not unavailable(lambda: flow.send("a", "echo fine")), "space is back")
        self.assertEqual(flow.take_one("b")["Body"], "fine\n")
        flow.leave(self)


class DeadDisk(Case):
    """Every write and sync fails from one moment on, and what was not synced is gone."""

    def setUp(self):
        super().setUp()
        self.disk = DyingDisk(self, self.folder / "disk", self.folder / "image", 512 * MIB)

    def test_a_broker_outlives_its_disk_and_has_lost_nothing_when_it_is_back(self):
        broker = self.broker(data="disk/data")
        broker.create("q")
        acknowledged, lock, told = set(), threading.Lock(), set()

        def send_for_ever(name):
            for n in range(1_000_000):
                text = f"{name} {n}"
                try:
                    refusal = unavailable(lambda: broker.send("q", text))
                except AWAY:
                    refusal = "gone"
                if refusal:
                    told.add(refusal)
                    return
                with lock:
                    acknowledged.add(text)

        senders = [threading.Thread(target=send_for_ever, args=(i,)) for i in range(4)]
        for sender in senders:
            sender.start()
        eventually(lambda: len(acknowledged) >= 500 or told, "messages are sent")
        self.assertEqual(told, set())
        self.disk.die()
        for sender in senders:
            sender.join()
        self.assertEqual(len(told), 1, told)
        self.assertIn("disk has failed", told.pop())
        self.assertIn("Input/output error", broker.errors())
        self.assertTrue(unavailable(lambda: broker.once("AmazonSQS.ListQueues")))

        self.disk.come_back()
        eventually(lambda: not unavailable(lambda: broker.send("q", "again")), "it has come back")
        found = [message["Body"] for message in broker.take_all("q")]
        self.assertEqual(acknowledged - set(found), set())
        self.assertEqual(len(set(found)), len(found))
        # Each sender's last may be there although nobody was told.
        self.assertLessEqual(len(found), len(acknowledged) + len(senders) + 1)
        self.assertEqual(broker.stop(), 0, broker.errors())

    def test_workers_hardly_notice(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", data="disk/data",
                             defaults="retry: { attempts: 2, backoff: 1ms..10ms }")
        runners, broker = flow.await_workers(2), flow.broker()
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        self.disk.die()
        eventually(lambda: unavailable(lambda: flow.send("a", "echo more")), "it is refused")
        flow.open_gate("m")
        # Others in this directory keep files open, which a dead disk keeps too: so it cannot be put
        # back before they end. What counts is that nobody has given up.
        self.assertEqual((flow.broker(), flow.runners()), (broker, runners))


if __name__ == "__main__":
    main()
