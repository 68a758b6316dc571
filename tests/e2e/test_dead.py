#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""Dead letters: found in groups, looked at, mended, tried again, thrown away; and never lost because
their queue is missing or wrong."""
import json
import subprocess
import unittest

from harness import LIMIT, SELVAGE, Case, Refused, evidence, main

# Exit codes: src/base/exit_code.h.
OK, FAILED, USAGE = 0, 1, 64
NOBODY = "00000000-0000-0000-0000-000000000001"


class Commands(Case):
    def try_it(self, place, *words, given=""):
        return subprocess.run([SELVAGE, *map(str, words), *map(str, place)], input=given,
                              capture_output=True, text=True, cwd=self.folder, timeout=LIMIT)

    def do(self, place, *words, given=""):
        done = self.try_it(place, *words, given=given)
        self.assertEqual(done.returncode, OK, f"{words}: {done.stdout}{done.stderr}")
        return done

    def ask(self, place, *words):
        """What a command printed for programs."""
        return [json.loads(line) for line in self.do(place, *words, "--json").stdout.splitlines()]

    def assert_refused(self, code, place, words, *said):
        done = self.try_it(place, *words)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        for text in said:
            self.assertIn(text, done.stderr)
        return done


class Workflows(Commands):
    """Dead letters of a workflow on this machine."""
    SOON = "retry: { attempts: 2, backoff: 1ms..2ms }"

    def start(self, stages="a: { from: a, run: ./program, to: b }"):
        flow = self.workflow(stages, defaults=self.SOON)
        self.place = ["--broker", flow.address, "--data", flow.data]
        return flow

    def kill(self, flow, *bodies, queue="a"):
        """Their ids, once they are all dead."""
        before = flow.counts(f"{queue}-dead")["Visible"]
        ids = [flow.send(queue, body) for body in bodies]
        flow.await_counts(f"{queue}-dead", Visible=before + len(ids))
        return ids

    def audit(self, flow):
        path = flow.data / "run/audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def test_failures_of_one_kind_are_one_group(self):
        flow = self.start()
        ids = self.kill(flow, *[f"echo cannot open file {n} of 7f3a9b{n}c >&2; exit 3"
                                for n in range(1, 6)])
        self.kill(flow, "kill -11 $$")
        large, small = self.ask(self.place, "dead", "ls")
        self.assertEqual((large["count"], large["signature"]),
                         (5, "a: exit 3: cannot open file # of #"))
        self.assertIn(large["example"], ids)
        self.assertLessEqual(large["first_us"], large["last_us"])
        self.assertEqual((small["count"], small["signature"]), (1, "a: signal 11"))
        table = self.do(self.place, "dead", "ls").stdout.splitlines()
        self.assertEqual(len(table), 3)
        self.assertIn(large["signature_id"], table[1])
        for name in ("a", "a-dead"):  # of the stage and of its queue; its dead-letter queue
            self.assertEqual(self.ask(self.place, "dead", "ls", name), [large, small])
        flow.leave(self)

    def test_a_dead_letter_shows_its_body_and_every_attempt(self):
        flow = self.start()
        (message,) = self.kill(flow, "echo attempt $SELVAGE_ATTEMPT >&2; exit 4")
        (shown,) = self.ask(self.place, "dead", "show", message)
        self.assertEqual(shown["id"], message)
        self.assertEqual(shown["dead_letter_source"], "a")
        self.assertEqual([one["stderr"] for one in shown["evidence"]],
                         ["attempt 1\n", "attempt 2\n"])
        self.assertEqual({one["signature"] for one in shown["evidence"]},
                         {"a: exit 4: attempt #"})
        text = self.do(self.place, "dead", "show", "--group", shown["signature_id"]).stdout
        for row in (rf"dead letter {message}", r"died in +a\n", r"attempt 1 +exit code 4\n",
                    r" +attempt 1\n", r"attempt 2 +exit code 4\n", r"body +echo attempt"):
            self.assertRegex(text, row)
        flow.leave(self)

    def test_an_edited_dead_letter_succeeds_when_it_is_redriven(self):
        flow = self.start()
        (message,) = self.kill(flow, "exit 1")
        self.do(self.place, "dead", "edit", message, "--body", "-", given="echo mended")
        (shown,) = self.ask(self.place, "dead", "show", message)
        self.assertEqual((shown["id"], shown["body"]), (message, "echo mended"))
        self.assertEqual(len(shown["evidence"]), 2)
        self.assertEqual(self.do(self.place, "dead", "redrive", message).stdout,
                         "redrove 1 dead letter: 1 to a\n")
        self.assertEqual(flow.take_one("b")["Body"], "mended\n")
        self.assertEqual([(line["action"], line["message"], line["outcome"])
                          for line in self.audit(flow)],
                         [("edit", message, "Done"), ("redrive", message, "Done")])
        flow.leave(self)

    def test_each_goes_back_to_the_queue_where_it_died(self):
        flow = self.start("""
            a: { from: a, run: ./program, to: b, dead: bad }
            c: { from: c, run: ./program, to: d, dead: bad }""")
        flow.send("a", "[ -e cured ] || exit 1; echo from a")
        flow.send("c", "[ -e cured ] || exit 1; echo from c")
        flow.await_counts("bad", Visible=2)
        (only,) = self.ask(self.place, "dead", "ls", "c")
        self.assertEqual(only["count"], 1)
        self.write("cured", "")
        done = self.do(self.place, "dead", "redrive", "--all", "--dry-run")
        self.assertEqual(done.stdout, "would redrive 2 dead letters: 1 to a, 1 to c\n")
        self.assertEqual(flow.counts("bad")["Visible"], 2)
        self.do(self.place, "dead", "redrive", "--all")
        self.assertEqual(flow.take_one("b")["Body"], "from a\n")
        self.assertEqual(flow.take_one("d")["Body"], "from c\n")
        flow.leave(self)

    def test_what_fails_again_is_dead_again_with_all_its_evidence(self):
        flow = self.start()
        (message,) = self.kill(flow, "exit 1")
        self.do(self.place, "dead", "redrive", message)
        flow.await_counts("a-dead", Sent=2, Visible=1)
        (shown,) = self.ask(self.place, "dead", "show", message)
        self.assertEqual([one["attempt"] for one in shown["evidence"]], [1, 2, 1, 2])
        flow.leave(self)

    def test_a_group_a_text_and_an_age_choose_and_the_dry_run_is_exact(self):
        flow = self.start()
        self.kill(flow, *["echo one >&2; exit 1"] * 3, *["echo two >&2; exit 1; # blue"] * 2)
        one, two = self.ask(self.place, "dead", "ls")

        def would(*words):
            (answer,) = self.ask(self.place, "dead", "discard", *words, "--dry-run")
            return answer["messages"]
        self.assertEqual(would("--group", one["signature_id"]), 3)
        self.assertEqual(would("--group", two["signature"]), 2)
        self.assertEqual(would("--contains", "blue"), 2)
        self.assertEqual(would("--contains", "blue", "--group", one["signature_id"]), 0)
        self.assertEqual(would("--older", "1h"), 0)
        self.assertEqual(would("--stage", "a"), 5)
        self.assertEqual(would("--stage", "z"), 0)
        self.assertEqual(would("--all"), 5)
        self.do(self.place, "dead", "discard", "--contains", "blue", "--yes")
        self.assertEqual(self.ask(self.place, "dead", "ls"), [one])
        self.assertEqual([(line["action"], line["signature"]) for line in self.audit(flow)],
                         [("discard", two["signature"])] * 2)
        flow.leave(self)

    def test_a_revoked_lease_has_a_signature_too(self):
        flow = self.start()
        self.kill(flow, "kill -9 $PPID; sleep 60")
        (group,) = self.ask(self.place, "dead", "ls")
        self.assertEqual(group["signature"], "a: the worker's connection closed")
        flow.leave(self)


class Brokers(Commands):
    """Dead letters of a broker of which only the address is known."""

    def setUp(self):
        super().setUp()
        self.server = self.broker("--memory")
        self.place = ["--broker", self.server.address]

    def make(self, name="a", dead="a-dead", receives=1, **attributes):
        if dead:
            self.server.create(dead, **attributes)
            attributes = {**attributes, "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": f"arn:aws:sqs:::{dead}", "maxReceiveCount": receives})}
        self.server.create(name, **attributes)

    def kill(self, count, queue="a", body="m", **more):
        for n in range(count):
            self.server.send(queue, f"{body}{n}", **more)
        while self.server.receive(queue, visibility=0):
            pass

    def bodies_in(self, queue):
        return [message["body"] for message in self.ask(self.place, "peek", queue, "--max", 1000)]

    def test_what_amazons_counter_killed_is_a_group_and_the_audit_is_what_is_printed(self):
        self.make()
        self.kill(3)
        (group,) = self.ask(self.place, "dead", "ls")
        self.assertEqual((group["count"], group["queues"]), (3, ["a-dead"]))
        done = self.do(self.place, "dead", "redrive", "--group", group["signature_id"])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(line["action"], line["to"], line["outcome"]) for line in lines],
                         [("redrive", "a", "Done")] * 3)
        self.assertTrue(all(line["by"] and line["broker"] == self.server.address
                            for line in lines))
        self.assertEqual(done.stderr, "redrove 3 dead letters: 3 to a\n")
        self.assertEqual(self.bodies_in("a"), ["m0", "m1", "m2"])
        self.assertEqual(self.bodies_in("a-dead"), [])
        self.assertEqual(self.ask(self.place, "dead", "ls"), [])

    def test_hundreds_are_moved_in_order_and_at_a_rate(self):
        self.make()
        self.kill(250)
        found = self.bodies_in("a-dead")
        done = self.do(self.place, "dead", "redrive", "--all", "--rate", "5000/s")
        self.assertEqual(len(done.stdout.splitlines()), 250)
        self.assertEqual(self.bodies_in("a"), found)

    def test_a_rate_is_not_exceeded(self):
        self.make()
        self.kill(6)
        lines = self.do(self.place, "dead", "redrive", "--all", "--rate", "10/s").stdout
        times = [json.loads(line)["at_us"] for line in lines.splitlines()]
        self.assertGreaterEqual(times[-1] - times[0], 5 * 100_000 - 1000)

    def test_what_somebody_has_leased_is_left_alone(self):
        self.make()
        self.kill(2)
        self.server.receive("a-dead", count=1)
        done = self.do(self.place, "dead", "discard", "--all", "--yes")
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn("1 is leased", done.stderr)
        self.assertEqual(self.server.counts("a-dead")["InFlight"], 1)

    def test_fifo_dead_letters_keep_their_group_and_their_order(self):
        self.make("a.fifo", "dead.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        self.kill(3, "a.fifo", MessageGroupId="g")
        self.assertEqual(self.server.counts("dead.fifo")["Visible"], 3)
        self.do(self.place, "dead", "edit", self.ask(self.place, "peek", "dead.fifo")[1]["id"],
                "--body", "-", given="mended")
        self.do(self.place, "dead", "redrive", "--all")
        self.assertEqual(self.bodies_in("a.fifo"), ["m0", "mended", "m2"])

    # ---- a dead-letter queue that is missing or wrong

    def test_without_its_dead_letter_queue_a_message_stays_and_dies_when_it_is_back(self):
        self.make()
        self.server.call("AmazonSQS.DeleteQueue", QueueUrl=self.server.url("a-dead"))
        self.server.send("a", "m")
        for _ in range(5):  # more often than it may be received
            (message,) = self.server.receive("a", visibility=0)
            self.assertEqual(message["Body"], "m")
        self.server.create("a-dead")
        self.assertEqual(self.server.receive("a", visibility=0), [])
        self.assertEqual(self.bodies_in("a-dead"), ["m"])

    def test_without_its_dead_letter_queue_a_failed_message_stays_with_its_evidence(self):
        self.make(receives=1000)
        self.server.call("Selvage.SetRetryPolicy", QueueUrl=self.server.url("a"), Attempts=1,
                         BackoffMinMs=1, BackoffMaxMs=2)
        self.server.call("AmazonSQS.DeleteQueue", QueueUrl=self.server.url("a-dead"))
        self.server.send("a", "m")
        wire = self.server.open_wire(self)
        session = wire.call("Selvage.OpenSession")["SessionId"]

        def fail(count):
            message, = wire.call("Selvage.Receive", QueueUrl=self.server.url("a"),
                                 SessionId=session, WaitTimeSeconds=20)["Messages"]
            result, = wire.call("Selvage.Fail", Entries=[{
                "ReceiptHandle": message["ReceiptHandle"],
                "Evidence": {"cause": f"failure {count}"}, "Poison": True}])["Results"]
            return result["Outcome"]
        self.assertEqual([fail(1), fail(2)], ["Retry", "Retry"])
        self.server.create("a-dead")
        self.assertEqual(fail(3), "Dead")
        (dead,) = self.server.take("a-dead")
        self.assertEqual([one["cause"] for one in evidence(dead)],
                         ["failure 1", "failure 2", "failure 3"])

    def test_a_dead_letter_queue_of_the_other_kind_is_refused_and_the_former_stays(self):
        self.make()
        self.server.create("dead.fifo", FifoQueue="true")
        with self.assertRaises(Refused):
            self.server.once("AmazonSQS.SetQueueAttributes", QueueUrl=self.server.url("a"),
                             Attributes={"RedrivePolicy": json.dumps({
                                 "deadLetterTargetArn": "arn:aws:sqs:::dead.fifo",
                                 "maxReceiveCount": 1})})
        self.kill(1)
        self.assertEqual(self.bodies_in("a-dead"), ["m0"])

    def test_a_dead_letter_whose_queue_is_gone_stays_until_it_is_told_where_to_go(self):
        self.make()
        self.kill(1)
        self.server.call("AmazonSQS.DeleteQueue", QueueUrl=self.server.url("a"))
        self.assertEqual([one["count"] for one in self.ask(self.place, "dead", "ls")], [1])
        self.assert_refused(FAILED, self.place, ("dead", "redrive", "--all"), "stays in a-dead",
                            "queue 'a' does not exist", "--to")
        self.server.create("c.fifo", FifoQueue="true")
        self.assert_refused(FAILED, self.place, ("dead", "redrive", "--all", "--to", "c.fifo"),
                            "FIFO")
        self.assertEqual(self.bodies_in("a-dead"), ["m0"])
        self.server.create("c")
        self.do(self.place, "dead", "redrive", "--all", "--to", "c")
        self.assertEqual(self.bodies_in("c"), ["m0"])

    def test_a_dead_letter_too_large_for_its_queue_stays(self):
        self.make()
        self.kill(1, body="x" * 2000)
        self.server.call("AmazonSQS.SetQueueAttributes", QueueUrl=self.server.url("a"),
                         Attributes={"MaximumMessageSize": "1024"})
        self.assert_refused(FAILED, self.place, ("dead", "redrive", "--all"), "larger")
        self.assertEqual(len(self.bodies_in("a-dead")), 1)

    # ---- typed by hand

    def test_mistakes_are_told_kindly(self):
        self.make()
        self.kill(1)
        for code, words, said in (
                (USAGE, ("dead", "redrive"), ["which ones?", "--all"]),
                (USAGE, ("dead", "discard", "--all", "--older", "1h"), ["leave it out"]),
                (USAGE, ("dead", "show"), ["which ones?", "dead ls"]),
                (USAGE, ("dead", "redrive", "--all", "--rate", "fast"), ["10/s"]),
                (USAGE, ("dead", "redrive", "--all", "--rate", "0/s"), ["10/s"]),
                (USAGE, ("dead", "redrve"), ["did you mean 'redrive'?"]),
                (USAGE, ("dead", "discard", "--all"), ["1 dead letter", "--yes"]),
                (USAGE, ("dead", "edit", NOBODY, "--body", "missing"), ["cannot read missing"]),
                (FAILED, ("dead", "show", NOBODY), ["no dead letter", "dead ls"]),
                (FAILED, ("dead", "redrive", NOBODY), ["no dead letter"]),
                (FAILED, ("dead", "show", "--group", "nonsense"), ["dead ls"])):
            with self.subTest(words=words):
                self.assert_refused(code, self.place, words, *said)
        self.assertEqual(self.bodies_in("a-dead"), ["m0"])
        self.server.create("plain")
        self.assert_refused(FAILED, self.place, ("dead", "ls", "plain"), "plain has no dead letters")
        done = self.do(self.place, "dead", "ls", "shrnk")
        self.assertEqual((done.stdout, done.stderr), ("", "no dead letters of shrnk\n"))


if __name__ == "__main__":
    main()
