#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""How a workflow ends: Ctrl-C, a bounded drain, a killed root. Nothing stays, nothing is lost."""
import signal

from harness import Case, Workflow, eventually, kill, main

ONE_AND_A_SPARE = "workers: { min: 1, max: 1, spare: 1 }"


class Drain(Case):
    def failed(self, broker, queue, count):
        """Body -> failed attempts, of all messages in a queue."""
        wire = broker.open_wire(self)
        session = wire.call("Selvage.OpenSession")["SessionId"]
        found = wire.call("Selvage.Receive", QueueUrl=broker.url(queue), SessionId=session,
                          MaxNumberOfMessages=10)["Messages"]
        self.assertEqual(len(found), count)
        return {message["Body"]: message["Failed"] for message in found}

    def test_ctrl_c_lets_running_programs_finish_and_keeps_the_waiting_unburnt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=ONE_AND_A_SPARE)
        names = ["m0", "m1", "m2", "m3"]
        bodies = [f"started {name}; gate {name}; echo {name}" for name in names]
        for name, body in zip(names, bodies):
            flow.make_gate(name)
            flow.send("a", body)
        flow.await_start("m0")
        flow.await_start("m1")
        flow.interrupt()
        eventually(lambda: flow.errors().count("draining") >= 3, "supervisor and both workers drain")
        flow.open_gate("m0")
        flow.open_gate("m1")
        self.assertEqual(flow.wait(), 0, flow.errors())
        flow.await_nothing_left()

        broker = self.broker()
        self.assertEqual(self.failed(broker, "a", 2), {bodies[2]: 0, bodies[3]: 0})
        self.assertEqual(broker.bodies("b", 2), ["m0\n", "m1\n"])
        numbers = broker.counts("a")
        self.assertEqual((numbers["HandedOver"], numbers["Failed"]), (2, 0))
        self.assertEqual(broker.stop(), 0)

    def test_sigterm_drains_like_ctrl_c(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=ONE_AND_A_SPARE)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        kill(flow.pid, signal.SIGTERM)
        eventually(lambda: flow.errors().count("draining") >= 3, "supervisor and both workers drain")
        flow.open_gate("m")
        self.assertEqual(flow.wait(), 0, flow.errors())
        flow.await_nothing_left()
        broker = self.broker()
        self.assertEqual(broker.take_one("b")["Body"], "m\n")
        self.assertEqual(broker.stop(), 0)

    def test_ctrl_c_returns_the_rest_of_a_persistent_batch(self):
        self.write("slow", """#!/usr/bin/env python3
import json, os, sys
for line in sys.stdin:
    body = json.loads(line)["body"]
    with open("told.words", "a") as told:
        told.write(body + "\\n")
    open("gates/" + body).read()
    print(json.dumps({"body": body}), flush=True)
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./slow, mode: persistent, batch: 10, to: b }",
                             defaults="workers: { min: 1, max: 1, spare: 0 }")
        flow.make_gate("m0")
        for n in range(8):
            flow.send("a", f"m{n}")
        eventually(lambda: flow.words() == ["m0"], "the program has the first")
        eventually(lambda: flow.counts("a")["InFlight"] >= 2, "a batch was taken")
        flow.interrupt()
        eventually(lambda: flow.counts("a")["Visible"] == 7, "seven went back")
        flow.open_gate("m0")
        self.assertEqual(flow.wait(), 0, flow.errors())
        flow.await_nothing_left()
        broker = self.broker()
        self.assertEqual(self.failed(broker, "a", 7), {f"m{n}": 0 for n in range(1, 8)})
        self.assertEqual(broker.bodies("b", 1), ["m0"])
        self.assertEqual(broker.stop(), 0)

    def test_the_drain_is_bounded_and_the_message_goes_back_unburnt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", "--drain", "1s",
                             defaults=ONE_AND_A_SPARE)
        flow.make_gate("m")
        body = "started m; trap '' TERM INT; (trap '' TERM INT; setsid sleep 1000) & gate m; echo m"
        flow.send("a", body)
        flow.await_start("m")
        flow.interrupt()
        self.assertEqual(flow.wait(), 0, flow.errors())
        flow.await_nothing_left()
        broker = self.broker()
        self.assertEqual(self.failed(broker, "a", 1), {body: 0})
        self.assertEqual(broker.counts("a")["Failed"], 0)
        self.assertEqual(broker.counts("b")["Sent"], 0)
        self.assertEqual(broker.stop(), 0)

    def test_a_second_ctrl_c_ends_everything_at_once_and_loses_nothing(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=ONE_AND_A_SPARE)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        flow.interrupt()
        eventually(lambda: flow.errors().count("draining") >= 3, "the drain has begun")
        flow.interrupt()
        flow.wait()
        flow.await_nothing_left()
        broker = self.broker()
        broker.await_counts("a", Visible=1)
        self.assertEqual(broker.counts("b")["Sent"], 0)
        self.assertEqual(broker.stop(), 0)

    def test_what_was_kept_goes_on_when_the_workflow_is_started_again(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", "--drain", "1s",
                             defaults=ONE_AND_A_SPARE)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo $SELVAGE_ATTEMPT")
        flow.await_start("m")
        flow.interrupt()
        self.assertEqual(flow.wait(), 0)
        flow.await_nothing_left()
        again = Workflow(self, self.folder)
        again.open_gate("m")
        self.assertEqual(again.take_one("b")["Body"], "1\n")
        again.leave(self)

    def test_ctrl_c_in_the_first_moments_ends_well(self):
        self.write_programs()
        self.write("workflow.yaml", "selvage: 1\nname: t\nstages:\n  a: { from: a, run: ./program }\n")
        for _ in range(3):
            flow = Workflow(self, self.folder)
            flow.interrupt()
            self.assertEqual(flow.wait(), 0, flow.errors())
            flow.await_nothing_left()

    def test_a_broker_that_is_down_does_not_keep_a_drain_from_ending(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", "--drain", "1s",
                             defaults=ONE_AND_A_SPARE + ", grace: 0s")
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        kill(flow.broker(), signal.SIGSTOP)
        flow.interrupt()
        flow.wait(120)
        flow.await_nothing_left()
        broker = self.broker()
        broker.await_counts("a", Visible=1)
        self.assertEqual(broker.stop(), 0)


class KilledRoot(Case):
    def test_idle_processes_end_by_themselves_when_the_root_is_killed(self):
        flow = self.workflow("""
            a: { from: a, run: ./program, to: b }
            b: { from: b, run: ./echo, mode: persistent, to: c }""")
        flow.await_workers(4)
        kill(flow.pid)
        flow.await_nothing_left()

    def test_a_busy_worker_ends_too_and_its_message_is_done_once_by_the_next_root(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", "--drain", "2s",
                             defaults="workers: { min: 1, max: 1, spare: 1 }, grace: 0s")
        flow.make_gate("m")
        flow.send("a", "started m; setsid sleep 1000 & gate m; echo m")
        flow.await_start("m")
        kill(flow.pid)
        flow.await_nothing_left()
        again = Workflow(self, self.folder)
        again.open_gate("m")
        self.assertEqual(again.take_one("b")["Body"], "m\n")
        again.leave(self)
        broker = self.broker()
        self.assertEqual(broker.counts("b")["Sent"], 1)
        self.assertEqual(broker.stop(), 0)

    def test_a_root_started_again_at_once_takes_over_what_the_killed_one_left(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", "--drain", "5s",
                             defaults="workers: { min: 1, max: 1, spare: 1 }, grace: 0s")
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        flow.await_start("m")
        kill(flow.pid)
        again = eventually(lambda: self.try_to_start(flow.address), "the data directory is free")
        again.open_gate("m")
        self.assertEqual(again.take_one("b")["Body"], "m\n")
        again.send("a", "echo n")
        self.assertEqual(again.take_one("b")["Body"], "n\n")
        eventually(lambda: len(again.runners()) == 2, "two workers run")
        again.leave(self)
        flow.await_nothing_left()

    def try_to_start(self, address):
        """None while the old broker still has the directory or the port: `up` says so and ends."""
        try:
            return Workflow(self, self.folder, "--drain", "5s", listen=address)
        except AssertionError as error:
            self.assertRegex(str(error), "it ended with (75|76)")
            return None


if __name__ == "__main__":
    main()
