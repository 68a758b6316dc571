#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""What `selvage doctor` says of data directories: sound ones, damaged ones, and those that it cannot
examine. It changes none of them."""
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import uuid

from harness import SELVAGE, Case, Refused, eventually, kill, main

ARN = "arn:aws:sqs:us-east-1:000000000000:"
NONE = ["00000000-0000-4000-8000-000000000000"]
OK, FAILED, USAGE, IN_USE, VERSION = 0, 1, 64, 75, 77


def snapshot(directory):
    """Every name below with its bytes, its time of change and its mode."""
    found = {}
    for path in sorted(pathlib.Path(directory).rglob("*")):
        status = path.stat()
        found[str(path)] = (path.read_bytes() if path.is_file() else b"", status.st_mtime_ns,
                            status.st_ctime_ns, status.st_mode)
    return found


class DoctorCase(Case):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"

    def fill(self):
        """A directory with messages in table files and in the log; no server uses it any more."""
        for rounds in range(2):
            broker = self.broker()
            broker.create("orders")
            broker.create("payments.fifo", FifoQueue="true")
            for number in range(100):
                broker.send("orders", f"{rounds} {number} " + "x" * 300)
            broker.send("payments.fifo", "pay", MessageGroupId="a", MessageDeduplicationId=str(rounds))
            broker.take("orders", 10)
            broker.call("AmazonSQS.SendMessage", QueueUrl="orders", MessageBody="later", DelaySeconds=900)
            self.assertEqual(broker.stop(), OK)

    def examine(self, *arguments):
        """What it says; the directory must be as it was."""
        before = snapshot(self.data)
        done = self.run_selvage("doctor", "--data", self.data, *arguments)
        self.assertEqual(snapshot(self.data), before, "the directory was changed")
        return done

    def findings(self):
        done = self.examine("--json")
        self.assertEqual(done.returncode, FAILED, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertFalse(told["sound"])
        return told["findings"]

    def assert_one(self, where, what, *todo):
        """There is exactly one finding."""
        (found,) = self.findings()
        self.assertEqual(found["where"], where)
        self.assertRegex(found["what"], what)
        for words in todo:
            self.assertIn(words, found["todo"])
        people = self.examine()
        self.assertEqual(people.returncode, FAILED)
        self.assertIn(f"{self.data} is NOT sound", people.stdout)
        self.assertIn(f"  {found['where']}: {found['what']}\n    {found['todo']}\n", people.stdout)

    def files(self, suffix):
        """The largest first."""
        found = (self.data / "queues").glob(f"*{suffix}")
        return sorted(found, key=lambda path: -path.stat().st_size)

    def flip(self, path, at):
        with path.open("r+b") as file:
            file.seek(at)
            (byte,) = file.read(1)
            file.seek(at)
            file.write(bytes([byte ^ 4]))

    def assert_refused(self, code, *words):
        done = self.run_selvage("doctor", "--data", self.data)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assert_one_sentence(done.stderr, *words)


class Sound(DoctorCase):
    def test_it_says_what_is_there(self):
        self.fill()
        done = self.examine("--json")
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["sound"], told["findings"], told["notes"]), (True, [], []))
        self.assertEqual(told["format"], 4)
        self.assertRegex(told["engine"], r"^RocksDB \d")
        self.assertEqual(told["messages"], 204)
        self.assertEqual(told["deduplications"], 2)
        self.assertGreater(told["files"], 0)
        self.assertGreater(told["bytes"], 200 * 300)
        counts = {one["name"]: (one["visible"], one["in_flight"], one["delayed"])
                  for one in told["queues"]}
        self.assertEqual(counts, {"orders": (180, 20, 2), "payments.fifo": (2, 0, 0)})
        self.assertGreater(told["queues"][0]["payload_bytes"], 200 * 300)

    def test_people_get_a_table(self):
        self.fill()
        done = self.examine()
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        for row in (r"^\S+/data is sound\n", r"\n  format +4, ", r"\n  contents +2 queues, 204 messages\n",
                    r"\n  known duplicates +2\n", r"\norders +180 +20 +2 +\d{4}-", r"\npayments.fifo +2 +0 "):
            self.assertRegex(done.stdout, row)

    def test_a_directory_is_sound_after_its_server_was_killed(self):
        for _ in range(3):
            broker = self.broker()
            broker.create("orders")
            stopping = threading.Event()

            def send():
                try:
                    while not stopping.is_set():
                        broker.once("AmazonSQS.SendMessage", QueueUrl="orders", MessageBody="x" * 2000)
                except Exception:  # noqa: it was killed
                    pass
            senders = [threading.Thread(target=send) for _ in range(4)]
            for sender in senders:
                sender.start()
            sent = broker.counts("orders")["Sent"]
            eventually(lambda: broker.counts("orders")["Sent"] > sent + 100, "messages are sent")
            kill(broker.pid)
            stopping.set()
            for sender in senders:
                sender.join()
            done = self.examine("--json")
            self.assertEqual(done.returncode, OK, done.stdout + done.stderr)

    def test_a_directory_is_sound_after_all_that_is_done_to_messages(self):
        """Groups, delays, failures, dead letters, moves and purges, and a kill between rounds."""
        chance, refusals = random.Random(4), collections.Counter()
        for _ in range(3):
            broker = self.broker()
            for kind in ("", ".fifo"):
                fifo = {"FifoQueue": "true"} if kind else {}
                broker.create("dead" + kind, **fifo)
                broker.create("gone" + kind, **fifo)
                policy = {"deadLetterTargetArn": ARN + "dead" + kind, "maxReceiveCount": 2}
                broker.create("in" + kind, RedrivePolicy=json.dumps(policy), **fifo)
            for _ in range(200):
                try:
                    self.do_something(broker, chance, chance.choice(("", ".fifo")))
                except Refused as refusal:  # a purge or a move is under way, a lease ran out
                    refusals[refusal.kind] += 1
            stored = sum(one["Visible"] + one["InFlight"] + one["Delayed"]
                         for one in broker.statistics().values())
            kill(broker.pid)
            broker.wait()
            done = self.examine("--json")
            self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
            told = json.loads(done.stdout)
            self.assertGreater(told["messages"], 100)
            self.assertLessEqual(abs(told["messages"] - stored), 100)  # a move may go on
        self.assertLess(refusals.total(), 100)

    def do_something(self, broker, chance, kind):
        queue = chance.choice(("in", "in", "dead", "gone")) + kind
        taken = lambda: broker.receive(queue, visibility=chance.choice((1, 300)))  # noqa: E731
        handles = lambda: [{"ReceiptHandle": one["ReceiptHandle"]} for one in taken()]  # noqa: E731
        waiting = lambda state: [one["MessageId"] for one in broker.call(  # noqa: E731
            "Selvage.Peek", QueueUrl=queue, State=state, MaxNumberOfMessages=20)["Messages"]]

        def send():
            entry = {"MessageBody": "x"}
            if kind or chance.random() < 0.5:
                entry["MessageGroupId"] = str(chance.randrange(20))
            if kind:
                entry["MessageDeduplicationId"] = str(chance.random())
            elif chance.random() < 0.3:
                entry["DelaySeconds"] = chance.choice((1, 900))
            broker.call("AmazonSQS.SendMessageBatch", QueueUrl=queue, Entries=[
                entry | {"Id": str(i), **({"MessageDeduplicationId": str(chance.random())} if kind else {})}
                for i in range(10)])

        def reschedule(**to):
            for id in waiting("Visible") + waiting("Delayed"):
                broker.call("Selvage.Reschedule", QueueUrl=queue, Entries=[{"MessageId": id, **to}])

        def settle(action, **more):
            entries = [entry | more for entry in handles()]
            if entries:
                broker.call(action, Entries=entries)

        def move():
            broker.call("AmazonSQS.StartMessageMoveTask", SourceArn=ARN + "dead" + kind,
                        MaxNumberOfMessagesPerSecond=chance.choice((5, 500)))
        chance.choice((
            send, send, send, send, send, taken, taken, taken, move,
            lambda: settle("Selvage.Fail", Evidence={"a": 1}),
            lambda: settle("Selvage.Return"),
            lambda: [broker.call("AmazonSQS.DeleteMessage", QueueUrl=queue, **one) for one in handles()],
            lambda: [broker.call("AmazonSQS.ChangeMessageVisibility", QueueUrl=queue, **one,
                                 VisibilityTimeout=chance.choice((0, 60))) for one in handles()],
            lambda: broker.call("Selvage.Cancel", QueueUrl=queue, MessageIds=waiting("Visible")[:5] or NONE),
            lambda: reschedule(TargetQueueUrl=broker.url("in" + kind)) if "in" not in queue else None,
            lambda: reschedule(DelayMs=chance.choice((0, 500, 600000))) if not kind else None,
            lambda: broker.call("AmazonSQS.SetQueueAttributes", QueueUrl=queue, Attributes={
                "DelaySeconds": str(chance.choice((0, 1, 60)))}),
            lambda: broker.call("AmazonSQS.PurgeQueue", QueueUrl=broker.url("gone" + kind)),
        ))()

    def test_sessions_and_moves_are_counted(self):
        broker = self.broker()
        broker.create("dead")
        arn = "arn:aws:sqs:us-east-1:000000000000:dead"
        broker.create("orders", RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
        for number in range(30):
            broker.send("dead", str(number))
        broker.call("AmazonSQS.StartMessageMoveTask", SourceArn=arn,
                    DestinationArn=arn.replace("dead", "orders"), MaxNumberOfMessagesPerSecond=1)
        wire = broker.open_wire(self)
        session = wire.call("Selvage.OpenSession")["SessionId"]
        taken = wire.call("Selvage.Receive", QueueUrl="dead", SessionId=session, MaxNumberOfMessages=3,
                          VisibilityTimeoutMs=600000)
        self.assertEqual(len(taken["Messages"]), 3)
        kill(broker.pid)
        broker.wait()
        told = json.loads(self.examine("--json").stdout)
        self.assertTrue(told["sound"], told["findings"])
        self.assertEqual((told["sessions"], told["session_leases"]), (1, 3))
        self.assertEqual((told["move_tasks"], told["running_move_tasks"]), (1, 1))


class Damaged(DoctorCase):
    def test_a_flipped_bit_in_a_table_is_found(self):
        self.fill()
        table = self.files(".sst")[0]
        self.flip(table, table.stat().st_size // 3)
        self.assertIn(f"queues/{table.name}", [one["where"] for one in self.findings()])
        self.assertIn("its bytes are not those that were written", self.findings()[0]["what"])
        self.assertIn("restore a backup", self.findings()[0]["todo"])

    def test_a_truncated_table_is_found(self):
        self.fill()
        table = self.files(".sst")[0]
        os.truncate(table, table.stat().st_size // 2)
        first = self.findings()[0]
        self.assertEqual(first["where"], f"queues/{table.name}")
        self.assertRegex(first["what"], r"it has \d+ bytes, but \d+ were written")

    def test_missing_files_are_found(self):
        self.fill()
        for pattern, words in ((".sst", "cannot be read"), ("CURRENT", "CURRENT")):
            path = self.files(pattern)[0]
            kept = path.read_bytes()
            path.unlink()
            self.assertIn(words, self.findings()[0]["what"])
            self.assertIn("restore a backup", self.findings()[0]["todo"])
            path.write_bytes(kept)
        self.assertEqual(self.examine().returncode, OK)
        shutil.rmtree(self.data / "queues")
        self.assert_one("queues/", "cannot be opened", "restore a backup")

    def test_a_flipped_bit_in_the_log_is_found(self):
        self.fill()
        log = self.files(".log")[0]
        self.flip(log, log.stat().st_size // 2)
        first = self.findings()[0]
        self.assertEqual(first["where"], f"queues/{log.name}")
        self.assertIn("the log is damaged", first["what"])
        self.assertIn("restore a backup", first["todo"])

    def test_missing_artifacts_are_found_and_those_of_no_message_are_harmless(self):
        broker = self.broker()
        for queue in ("in", "work"):
            broker.create(queue)
        broker.send("in", "go")
        wire = broker.open_wire(self)
        session = wire.call("Selvage.OpenSession")["SessionId"]
        (taken,) = wire.call("Selvage.Receive", QueueUrl="in", SessionId=session)["Messages"]
        artifact = str(uuid.uuid4())
        (self.data / "artifacts/staged" / artifact).mkdir()
        wire.call("Selvage.HandOver", Entries=[{
            "ReceiptHandle": taken["ReceiptHandle"],
            "Outputs": [{"QueueUrl": "work", "MessageBody": "b", "Artifact": artifact}]}])
        wire.call("Selvage.CloseSession", SessionId=session)
        broker.stop()
        told = json.loads(self.examine("--json").stdout)
        self.assertEqual((told["sound"], told["artifacts"], told["notes"]), (True, 1, []))
        other = str(uuid.uuid4())
        kept = self.data / "artifacts/kept"
        (kept / artifact).rename(kept / other)
        self.assert_one(f"artifacts/kept/{artifact}", "missing, and queue work, message 1 refers to it",
                        "restore a backup")
        (kept / artifact).mkdir()
        done = self.examine("--json")
        self.assertEqual(done.returncode, OK)
        (note,) = json.loads(done.stdout)["notes"]
        self.assertEqual(note["where"], f"artifacts/kept/{other}")


class Refusals(DoctorCase):
    def test_a_directory_in_use_is_left_alone(self):
        broker = self.broker()
        self.assert_refused(IN_USE, "is open in another process", broker.pid, "selvage backup COPY", "stop")

    def test_what_is_no_data_directory_is_called_what_it_is(self):
        self.assert_refused(USAGE, "there is no directory", "--data")
        self.data.write_text("a file")
        self.assert_refused(USAGE, "is not a directory")
        self.data.unlink()
        self.data.mkdir()
        self.assert_refused(USAGE, "holds no data", "restore a backup")
        (self.data / "letter.txt").touch()
        self.assert_refused(VERSION, "not a Selvage data directory")
        (self.data / "FORMAT").write_text("selvage-data 7\n")
        self.assert_refused(VERSION, "format 7", "use the matching program")

    def test_what_cannot_be_read_is_said_to_be(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be two users")
        nobody = 65534
        program = self.folder / "selvage"  # where nobody may run it
        shutil.copy(SELVAGE, program)
        self.fill()
        for folder in (self.folder, *self.folder.parents):  # the runner's scratch folders are ours alone
            if folder.stat().st_uid == 0:
                folder.chmod(folder.stat().st_mode | 0o011)
        table = self.files(".sst")[0]
        for path in (self.data, self.data / "queues", table):
            with self.subTest(path.name):
                for known in (self.data, *self.data.rglob("*")):
                    os.chown(known, nobody, nobody)
                path.chmod(0)
                done = subprocess.run([program, "doctor", "--data", self.data], capture_output=True,
                                      text=True, user=nobody, group=nobody, extra_groups=[])
                path.chmod(0o700)
                self.assertEqual(done.returncode, USAGE, done.stdout + done.stderr)
                self.assert_one_sentence(done.stderr, path, "cannot be read (Permission denied)",
                                         "as the user of the server")


if __name__ == "__main__":
    main()
