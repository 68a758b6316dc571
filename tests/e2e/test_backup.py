#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240 parallel
"""A copy of a running server: made under load, started from, copied again, and refused where it must
be. What the copy has to hold is known from a ledger of what was acknowledged, and when."""
import collections
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import uuid

from harness import LIMIT, SELVAGE, Case, Refused, Wire, eventually, kill, main

OK, FAILED, USAGE = 0, 1, 64
CREDENTIALS = """selvage-credentials: 1
keys:
  - { id: AKIAADMIN, secret: admin-secret, allow: everything }
  - { id: AKIAWORKER, secret: worker-secret, allow: [{ queues: "*", actions: ["Selvage.*", "Get*"] }] }
"""


class Ledger:
    """What clients were told, by body."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tried, self.sent, self.deleting, self.deleted = set(), set(), set(), set()

    def note(self, book, *bodies):
        with self.lock:
            book.update(bodies)

    def page(self, book):
        with self.lock:
            return set(book)


class Load:
    """Senders and consumers on their own connections until stop()."""

    def __init__(self, case, broker, queues):
        self.broker, self.queues, self.ledger = broker, queues, Ledger()
        self.stopping, self.troubles = threading.Event(), []
        case.addCleanup(self.end)
        self.threads = [threading.Thread(target=self.guard, args=(work, queue))
                        for queue in queues for work in (self.send, self.consume)]
        for thread in self.threads:
            thread.start()

    def guard(self, work, queue):
        wire = Wire(self.broker.address)
        try:
            work(wire, queue)
        except Exception as trouble:  # noqa: told by stop()
            self.troubles.append(trouble)
        finally:
            wire.close()

    def send(self, wire, queue):
        for number in itertools.count():
            if self.stopping.is_set():
                return
            bodies = [f"{queue}:{number}:{part}:" + "x" * 500 for part in range(10)]
            entries = [{"Id": str(part), "MessageBody": body} for part, body in enumerate(bodies)]
            if queue.endswith(".fifo"):
                for part, entry in enumerate(entries):
                    entry |= {"MessageGroupId": str(part % 3), "MessageDeduplicationId": f"{number}-{part}"}
            self.ledger.note(self.ledger.tried, *bodies)
            answer = wire.call("AmazonSQS.SendMessageBatch", QueueUrl=queue, Entries=entries)
            self.ledger.note(self.ledger.sent, *[bodies[int(one["Id"])] for one in answer["Successful"]])

    def consume(self, wire, queue):
        """Deletes about half of what is sent."""
        while not self.stopping.is_set():
            taken = wire.call("AmazonSQS.ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=5,
                              WaitTimeSeconds=1, VisibilityTimeout=300).get("Messages", [])
            bodies = [message["Body"] for message in taken]
            if not taken:
                continue
            self.ledger.note(self.ledger.deleting, *bodies)
            wire.call("AmazonSQS.DeleteMessageBatch", QueueUrl=queue, Entries=[
                {"Id": str(part), "ReceiptHandle": one["ReceiptHandle"]} for part, one in enumerate(taken)])
            self.ledger.note(self.ledger.deleted, *bodies)

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def stop(self):
        self.end()
        if self.troubles:
            raise AssertionError(f"a client failed: {self.troubles}")


class BackupCase(Case):
    def backup(self, broker, directory, *more, data="data", environment=()):
        return subprocess.run(
            [SELVAGE, "backup", str(directory), "--broker", broker.address, "--data",
             str(self.folder / data), *more], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            cwd=self.folder, timeout=LIMIT, env={**os.environ, **dict(environment)})

    def make_backup(self, broker, directory):
        done = self.backup(broker, directory, "--json")
        self.assertEqual(done.returncode, OK, done.stderr + broker.errors())
        return json.loads(done.stdout)

    def examine(self, directory):
        done = self.run_selvage("doctor", "--data", directory, "--json")
        self.assertIn(done.returncode, (OK, FAILED), done.stderr)
        return json.loads(done.stdout)

    def assert_sound(self, directory):
        found = self.examine(directory)
        self.assertTrue(found["sound"], found["findings"])
        return found

    def peeked(self, queues, name):
        """Every body in a queue, whatever its state, as often as it is there."""
        bodies, more = collections.Counter(), {}
        while True:
            page = queues.call("Selvage.Peek", QueueUrl=name, MaxNumberOfMessages=100, **more)
            bodies.update(message["Body"] for message in page["Messages"])
            if "NextToken" not in page:
                return bodies
            more = {"NextToken": page["NextToken"]}

    def leftovers(self):
        return sorted(path.name for path in self.folder.glob("*.partial-*"))


class UnderLoad(BackupCase):
    QUEUES = ("orders", "mail", "steps.fifo")

    def start(self):
        """A broker with table files as well as logs."""
        broker = self.broker()
        for queue in self.QUEUES:
            broker.create(queue, **({"FifoQueue": "true"} if queue.endswith(".fifo") else {}))
        for number in range(200):
            broker.call("Selvage.Send", QueueUrl="orders", Messages=[
                {"MessageBody": f"old:{number}:{part}:" + "x" * 500} for part in range(10)])
        broker.stop()
        return self.broker()

    def check(self, copy, before, after):
        """The copy against the ledger's pages of before and after the backup."""
        broker = self.broker(data=copy)
        there = collections.Counter()
        for queue in self.QUEUES:
            there += self.peeked(broker, queue)
        self.assertEqual([body for body, times in there.items() if times > 1], [], "twice")
        must = {body for body in before["sent"] - after["deleting"]}
        self.assertEqual(must - set(there), set(), "acknowledged before the backup, but not in it")
        new = {body for body in there if not body.startswith("old:")}
        self.assertLessEqual(new, after["tried"], "was never sent")
        self.assertEqual(new & before["deleted"], set(), "deleted before the backup, but in it")
        return broker, len(must)

    def pages(self, ledger):
        return {name: ledger.page(getattr(ledger, name)) for name in ("tried", "sent", "deleting", "deleted")}

    def test_a_copy_has_what_was_acknowledged_before_and_not_deleted_meanwhile(self):
        source = self.start()
        load = Load(self, source, self.QUEUES)
        proofs = []
        for name in ("one", "two"):
            known = len(load.ledger.page(load.ledger.sent))
            eventually(lambda: len(load.ledger.page(load.ledger.sent)) > known + 1500, "messages are sent")
            before = self.pages(load.ledger)
            made = self.make_backup(source, name)
            after = self.pages(load.ledger)
            proofs.append((name, before, after))
            self.assertEqual(made["directory"], str(self.folder / name))
            self.assertEqual(made["queues"], 3)
            self.assertGreater(made["messages"], 2000)
            self.assertGreater(made["bytes"], 500 * 2000)
        load.stop()
        self.assertEqual(self.leftovers(), [])
        for name, before, after in proofs:
            found = self.assert_sound(name)
            self.assertGreater(found["files"], 0, "there were table files")
            broker, proved = self.check(name, before, after)
            self.assertGreater(proved, 500)
            broker.stop()
            self.assert_sound(name)

    def test_the_load_goes_on_while_a_backup_is_made(self):
        source = self.start()
        load = Load(self, source, self.QUEUES)
        sent = [0]
        for number in range(5):
            self.make_backup(source, f"copy{number}")
            sent.append(len(load.ledger.page(load.ledger.sent)))
        eventually(lambda: len(load.ledger.page(load.ledger.sent)) > sent[-1], "more is sent")
        load.stop()
        self.assertEqual(source.stop(), OK)
        self.assert_sound("data")

    def test_a_copy_lives_its_own_life_and_can_be_copied(self):
        source = self.start()
        self.make_backup(source, "first")
        second = self.broker(data="first")
        second.send("orders", "only in the copy")
        source.send("orders", "only in the source")
        self.make_backup(second, "second")
        third = self.broker(data="second")
        self.assertEqual(self.peeked(third, "orders")["only in the copy"], 1)
        self.assertEqual(self.peeked(third, "orders")["only in the source"], 0)
        self.assertEqual(self.peeked(source, "orders")["only in the copy"], 0)
        self.assertEqual(third.counts("orders")["Visible"], 2001)
        for broker, data in ((source, "data"), (second, "first"), (third, "second")):
            self.assertEqual(broker.stop(), OK)
            self.assert_sound(data)


class Artifacts(BackupCase):
    """Messages that refer to directories, made as a worker's hand-over makes them."""

    def hand_over(self, wire, session, text):
        """One message in `work` that refers to a new artifact; False when there is no input left."""
        taken = wire.call("Selvage.Receive", QueueUrl="in", SessionId=session, WaitTimeSeconds=1)["Messages"]
        if not taken:
            return False
        artifact = str(uuid.uuid4())
        path = self.folder / "data/artifacts/staged" / artifact
        (path / "deep").mkdir(parents=True)
        (path / "deep/file").write_text(text)
        results = wire.call("Selvage.HandOver", Entries=[{
            "ReceiptHandle": taken[0]["ReceiptHandle"],
            "Outputs": [{"QueueUrl": "work", "MessageBody": text, "Artifact": artifact}]}])["Results"]
        self.assertEqual(results, [{"Outcome": "Done"}])
        return True

    def test_a_copy_has_every_artifact_that_its_messages_refer_to(self):
        broker = self.broker()
        broker.create("in")
        broker.create("work")
        stopping, troubles = threading.Event(), []

        def produce():
            wire = Wire(broker.address)
            session = wire.call("Selvage.OpenSession")["SessionId"]
            for number in itertools.count():
                if stopping.is_set():
                    return wire.close()
                wire.call("AmazonSQS.SendMessage", QueueUrl="in", MessageBody="go")
                self.hand_over(wire, session, f"text {number}")

        def consume():
            wire = Wire(broker.address)
            while not stopping.is_set():
                for one in wire.call("AmazonSQS.ReceiveMessage", QueueUrl="work", MaxNumberOfMessages=1,
                                     WaitTimeSeconds=1).get("Messages", []):
                    wire.call("AmazonSQS.DeleteMessage", QueueUrl="work", ReceiptHandle=one["ReceiptHandle"])
            wire.close()

        def guarded(work):
            try:
                work()
            except Exception as trouble:  # noqa: told below
                troubles.append(trouble)
        threads = [threading.Thread(target=guarded, args=(work,)) for work in (produce, produce, consume)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: broker.counts("work")["Deleted"] > 20, "artifacts come and go")
            for name in ("one", "two", "three"):
                self.make_backup(broker, name)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        self.assertEqual(troubles, [])
        for name in ("one", "two", "three"):
            found = self.assert_sound(name)  # it looks for each artifact
            self.assertGreater(found["artifacts"], 0)
            copy = self.broker(data=name)
            wire = copy.open_wire(self)
            for message in iter(lambda: wire.call("Selvage.Receive", QueueUrl="work")["Messages"], []):
                path = self.folder / name / "artifacts/kept" / message[0]["Artifact"] / "deep/file"
                self.assertEqual(path.read_text(), message[0]["Body"])
            copy.stop()
        # What was put off while the copies were made has gone too.
        kept = len(list((self.folder / "data/artifacts/kept").iterdir()))
        now = broker.counts("work")
        self.assertEqual(kept, now["Visible"] + now["InFlight"])


class Refusals(BackupCase):
    def test_a_copy_has_what_serve_needs_and_no_secret(self):
        broker = self.broker()
        broker.create("q")
        pathlib.Path(self.folder, "data/runtime-key").touch()
        self.make_backup(broker, "copy")
        self.assertEqual(sorted(path.name for path in (self.folder / "copy").iterdir()),
                         ["FORMAT", "artifacts", "queues"])
        self.assertEqual((self.folder / "copy").stat().st_mode & 0o777, 0o700)
        self.assertFalse((self.folder / "copy/queues/LOCK").exists())

    def test_what_it_prints_says_how_to_start_from_the_copy(self):
        broker = self.broker()
        broker.create("q")
        broker.send("q", "one")
        (self.folder / "copy").mkdir()  # an empty one is fine
        done = self.backup(broker, "copy")
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertIn(f"{self.folder}/copy is a backup: 1 queue, 1 message, ", done.stdout)
        self.assertIn(f"selvage serve --data {self.folder}/copy\n", done.stdout)

    def test_a_directory_that_cannot_be_used_is_refused_with_the_reason(self):
        broker = self.broker()
        (self.folder / "full").mkdir()
        (self.folder / "full/file").touch()
        (self.folder / "file").touch()
        (self.folder / "link").symlink_to(self.folder / "elsewhere")
        for directory, *words in (
                ("full", "is not an empty directory", "does not exist yet"),
                ("file", "is not an empty directory"),
                ("link", "is not an empty directory"),
                ("data", "inside the data directory"),
                ("data/copy", "inside the data directory", "outside"),
                ("full/../data/queues/copy", "inside the data directory"),
                ("missing/copy", "make it first"),
                ("file/copy", "make it first")):
            with self.subTest(directory):
                done = self.backup(broker, directory)
                self.assertEqual(done.returncode, FAILED, done.stdout + done.stderr)
                self.assert_one_sentence(done.stderr, "no backup was made", *words)
        self.assertEqual(self.leftovers(), [])
        with self.assertRaises(Refused) as relative:
            broker.once("Selvage.Backup", Directory="copy")
        self.assertEqual(relative.exception.kind, "InvalidParameterValueException")
        self.assertIn("absolute path", str(relative.exception))

    def test_a_data_directory_behind_a_link_is_known_as_such(self):
        (self.folder / "real").mkdir()
        (self.folder / "data").symlink_to(self.folder / "real")
        done = self.backup(self.broker(), "real/copy")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("inside the data directory", done.stderr)

    def test_a_server_in_memory_has_nothing_to_copy(self):
        done = self.backup(self.broker("--memory"), "copy")
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_sentence(done.stderr, "in memory")
        self.assertFalse((self.folder / "copy").exists())

    def test_only_a_key_that_may_do_everything_may_copy_everything(self):
        self.write("keys.yaml", CREDENTIALS, 0o600)
        broker = self.broker("--credentials", str(self.folder / "keys.yaml"))

        def by(key, secret):
            return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        done = self.backup(broker, "copy", environment=by("AKIAWORKER", "worker-secret"))
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("this key may not do that", done.stderr)
        done = self.backup(broker, "copy", data="elsewhere")
        self.assertIn("does not know who is calling", done.stderr)
        self.assertFalse((self.folder / "copy").exists())
        done = self.backup(broker, "copy", environment=by("AKIAADMIN", "admin-secret"))
        self.assertEqual(done.returncode, OK, done.stderr)
        done = self.backup(broker, "other")  # with the key in the data directory
        self.assertEqual(done.returncode, OK, done.stderr)

    def test_a_backup_is_made_also_when_its_caller_goes_away(self):
        broker = self.broker()
        broker.create("q")
        wire = Wire(broker.address)
        wire.http.request("POST", "/", json.dumps({"Directory": str(self.folder / "copy")}), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "Selvage.Backup"})
        wire.close()
        eventually((self.folder / "copy").exists, "the copy is there")
        self.assert_sound("copy")
        self.make_backup(broker, "other")

    def test_another_file_system_gets_whole_copies(self):
        shared = pathlib.Path("/dev/shm")
        if not shared.is_dir() or shared.stat().st_dev == self.folder.stat().st_dev:
            self.skipTest("there is no second file system")
        there = tempfile.mkdtemp(prefix="e2e-", dir=shared)
        self.addCleanup(shutil.rmtree, there, ignore_errors=True)
        broker = self.broker()
        broker.create("q")
        for number in range(50):
            broker.send("q", f"{number} " + "x" * 1000)
        broker.stop()
        broker = self.broker()
        self.make_backup(broker, f"{there}/copy")
        self.assertGreater(self.assert_sound(f"{there}/copy")["files"], 0)
        self.assertEqual(os.listdir(there), ["copy"])
        copy = self.broker(data=f"{there}/copy")
        self.assertEqual(copy.counts("q")["Visible"], 50)
        copy.stop()

    def test_an_unfinished_copy_is_no_data_directory(self):
        broker = self.broker()
        broker.create("q")
        self.make_backup(broker, "copy")
        unfinished = self.folder / "copy.partial-abc123"  # as a killed server leaves it
        unfinished.mkdir()
        (self.folder / "copy").rename(unfinished / "copy")
        done = self.run_selvage("serve", "--data", unfinished, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 77, done.stderr)
        self.make_backup(broker, "copy")  # what was left is in nobody's way

    def test_a_server_killed_on_the_way_leaves_a_whole_copy_or_none(self):
        for number in range(5):
            broker = self.broker()
            broker.create("q")
            for _ in range(20):
                broker.send("q", "x" * 1000)
            copy = self.folder / f"copy{number}"
            asking = subprocess.Popen(
                [SELVAGE, "backup", str(copy), "--broker", broker.address, "--data",
                 str(self.folder / "data")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, cwd=self.folder)
            eventually(lambda: self.leftovers() or copy.exists(), "a copy is begun")
            kill(broker.pid)
            asking.wait(LIMIT)
            broker.wait()
            if copy.exists():
                self.assert_sound(copy)
            for name in self.leftovers():
                shutil.rmtree(self.folder / name)
            self.assert_sound("data")


if __name__ == "__main__":
    main()
