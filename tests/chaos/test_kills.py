#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=300
"""SIGKILL (and SIGSTOP) of every kind of process; every message is accounted for by its body."""
import collections
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import AWAY, LIMIT, Case, Refused, alive, eventually, evidence, kill, main  # noqa: E402

TWO = "workers: { min: 1, max: 1, spare: 1 }"
# A program that is deaf to signals with three descendants that are deaf too and do what they can to
# get away: a child, one in a session of its own, and an orphan in one. All tell their pids.
DEAF = """#!/bin/sh
trap '' TERM INT HUP
echo "$SELVAGE_ATTEMPT $$" >> told.words
while :; do sleep 1000; done
"""
ESCAPE = """
trap '' TERM INT HUP
told $SELVAGE_ATTEMPT $$
./deaf &
setsid ./deaf &
(setsid sh -c './deaf & exit' &)
"""


class Sender(threading.Thread):
    """Sends numbered messages, each once, until stop(); knows which of them were acknowledged."""

    def __init__(self, queues, queue, name):
        super().__init__(daemon=True)
        self.queues, self.queue, self.prefix = queues, queue, name
        self.acknowledged, self.unknown = [], []
        self.over = threading.Event()

    def run(self):
        number = 0
        while not self.over.is_set():
            body = f"{self.prefix}-{number:05}"
            number += 1
            try:
                self.queues.send(self.queue, body)
                self.acknowledged.append(body)
            except (*AWAY, Refused):
                self.unknown.append(body)  # perhaps it was carried out
                time.sleep(0.01)

    def stop(self):
        self.over.set()
        self.join(LIMIT)


class Kills(Case):
    def settle_account(self, flow, queue, sent, perhaps=(), dead=()):
        """Each of `sent` is once in one of the queues, each of `perhaps` at most once, nothing else."""
        found = collections.Counter(message["Body"].strip() for name in (queue, *dead)
                                    for message in flow.take_all(name))
        account = {"lost": sorted(set(sent) - set(found)),
                   "twice": sorted(body for body, count in found.items() if count > 1),
                   "from nowhere": sorted(set(found) - set(sent) - set(perhaps))}
        self.assertEqual(account, {"lost": [], "twice": [], "from nowhere": []})

    def await_calm(self, flow, *queues):
        """Nothing waits and nothing runs in these queues, which are in the order of the flow."""
        def calm():
            numbers = flow.statistics()
            return all(numbers[queue][what] == 0 for queue in queues
                       for what in ("Visible", "InFlight", "Delayed"))
        eventually(lambda: calm() and calm(), f"{queues} are empty: {flow.statistics()}")


    def await_family(self, flow):
        """The pids of an attempt's program and its three descendants, once all of them live."""
        def complete():
            families = collections.defaultdict(list)
            for attempt, pid in map(str.split, flow.words()):
                families[attempt].append(int(pid))
            return next((pids for pids in families.values() if len(pids) == 4), None)
        return eventually(complete, "a program and three descendants live")

    def write_programs(self):
        super().write_programs()
        self.write("deaf", DEAF, 0o755)


class Program(Kills):
    def test_a_killed_program_has_its_message_redone_by_the_other_worker(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        flow.await_workers(2)
        flow.make_gate("m")
        message = flow.send("a", "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m", 1)
        kill(first.pid)
        second = flow.await_start("m", 2)
        self.assertEqual(second.message, message)
        self.assertNotEqual(second.worker, first.worker)
        flow.open_gate("m")
        self.assertEqual(flow.take_one("b")["Body"], "2\n")
        kinds = [(event["kind"], event["worker"]) for event in flow.events()
                 if event.get("message") == message]
        self.assertEqual(sorted(kinds), [("program-died", first.worker), ("recovered", second.worker)])
        flow.leave(self)

    def test_a_killed_persistent_program_has_its_message_redone_and_the_rest_of_its_batch_unburnt(self):
        self.write("slow", """#!/usr/bin/env python3
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    with open("told", "a") as told:
        told.write(f"{message['id']} {message['attempt']} {os.getpid()} "
                   f"{os.environ['SELVAGE_WORKER']} {message['body']}\\n")
    if message["body"] == "m0":
        open("gates/m0").read()
    print(json.dumps({"body": f"{message['body']} {message['attempt']}"}), flush=True)
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./slow, mode: persistent, to: b }",
                             defaults="workers: { min: 1, max: 1, spare: 0 }")
        flow.make_gate("m0")
        for n in range(6):
            flow.send("a", f"m{n}")
        kill(flow.await_start("m0", 1).pid)
        flow.await_start("m0", 2)
        flow.open_gate("m0")
        self.assertEqual(flow.bodies("b", 6), ["m0 2", "m1 1", "m2 1", "m3 1", "m4 1", "m5 1"])
        flow.leave(self)

    def test_a_program_killed_at_each_attempt_is_dead_lettered_with_every_kill(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, "
                             "retry: { attempts: 3, backoff: 1ms..2ms } }", defaults=TWO)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo m")
        for attempt in (1, 2, 3):
            kill(flow.await_start("m", attempt).pid)
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual([(one["attempt"], one["signal"]) for one in attempts],
                         [(1, 9), (2, 9), (3, 9)])
        flow.leave(self)

    def test_a_program_that_ignores_sigterm_is_gone_with_all_descendants_after_deadline_and_grace(self):
        flow = self.workflow("a: { from: a, run: ./program, deadline: 2s, grace: 500ms, "
                             "retry: { attempts: 2, backoff: 1ms..2ms } }", defaults=TWO)
        flow.send("a", ESCAPE + "while :; do sleep 1000; done")
        pids = self.await_family(flow)
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 2)
        for attempt in attempts:
            self.assertEqual(attempt["signal"], signal.SIGKILL)
            self.assertIn("deadline of 2s", attempt["cause"])
            self.assertGreaterEqual(attempt["ended_us"] - attempt["started_us"], 2_500_000)
        self.assertEqual([pid for pid in pids if alive(pid)], [])
        self.assertEqual(flow.programs(), [])
        self.assertIn("program-hung", [event["kind"] for event in flow.events()])
        flow.leave(self)

    def test_descendants_that_fork_without_end_are_gone_too(self):
        self.write("hydra", """#!/usr/bin/env python3
import os, sys
open("told.words", "a").write("1 1\\n")
while True:
    if os.fork():
        os._exit(0)
    if "setsid" in sys.argv:
        os.setsid()
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        flow.make_gate("m")
        for count, words in ((3, ""), (6, "setsid")):
            flow.send("a", f"./hydra {words} & ./hydra {words} & ./hydra {words} & gate m; echo m")
            eventually(lambda: len(flow.words()) == count, "three of them fork")
            flow.open_gate("m")
            self.assertEqual(flow.take_one("b")["Body"], "m\n")
            self.assertEqual(flow.programs(), [])
        flow.leave(self)

    def test_what_a_program_leaves_behind_when_it_ends_well_is_gone_too(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        flow.make_gate("m")
        flow.send("a", ESCAPE + "gate m; echo m")
        pids = self.await_family(flow)
        flow.open_gate("m")
        flow.take_one("b")
        eventually(lambda: not any(map(alive, pids)), "nothing of it is left")
        flow.leave(self)


class Runner(Kills):
    def test_a_killed_runner_takes_its_program_along_and_the_message_is_redone_by_the_other(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        flow.make_gate("m")
        message = flow.send("a", ESCAPE + "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m", 1)
        pids = self.await_family(flow)
        kill(runners[first.worker])
        second = flow.await_start("m", 2)
        self.assertNotEqual(second.worker, first.worker)
        eventually(lambda: not any(map(alive, pids)), "the program and its children died with it")
        flow.open_gate("m")
        self.assertEqual(flow.take_one("b")["Body"], "2\n")
        again = eventually(lambda: flow.runners().get(first.worker), "the runner is started again")
        self.assertNotEqual(again, runners[first.worker])
        kinds = {(event["kind"], event["worker"]) for event in flow.events()}
        self.assertLessEqual({("worker-died", first.worker), ("recovered", second.worker)}, kinds)
        self.assertEqual(flow.counts("a")["Revoked"], 1)
        flow.send("a", f"started {message}; echo $SELVAGE_WORKER")
        flow.take_one("b")
        flow.leave(self)

    def test_a_stopped_runner_keeps_its_lease_and_finishes_when_it_goes_on(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m", 1)
        kill(runners[first.worker], signal.SIGSTOP)
        flow.open_gate("m")
        eventually(lambda: not alive(first.pid), "the program has ended")
        kill(runners[first.worker], signal.SIGCONT)
        self.assertEqual(flow.take_one("b")["Body"], "1\n")
        self.assertEqual(flow.runners(), runners)
        flow.leave(self)


class Supervisor(Kills):
    def test_everything_in_flight_completes_once_and_the_next_supervisor_adopts_the_runners(self):
        flow = self.workflow("""
            a: { from: a, run: ./program, to: b }
            b: { from: b, run: ./echo, mode: persistent, to: c }""",
                             defaults="workers: { min: 2, max: 2, spare: 1 }")
        runners = flow.await_workers(6)
        for n in range(3):
            flow.make_gate(f"m{n}")
            flow.send("a", f"started m{n}; gate m{n}; echo m{n}")
        for n in range(3):
            flow.await_start(f"m{n}")
        old = flow.supervisor()
        kill(old)
        for n in range(3, 10):
            flow.send("a", f"started m{n}; echo m{n}")
        for n in range(3):
            flow.open_gate(f"m{n}")
        self.settle_account_of(flow, 10)
        new = flow.supervisor()
        self.assertNotEqual(new, old)
        eventually(lambda: flow.errors().count("adopted") == 6, "six runners were adopted")
        self.assertEqual(flow.runners(), runners)
        self.assertEqual([len(flow.starts(f"m{n}")) for n in range(10)], [1] * 10)
        self.assertEqual(flow.counts("a")["Failed"], 0)

        # What was adopted is kept like what was started.
        kill(runners["a-1"])
        eventually(lambda: flow.runners().get("a-1", runners["a-1"]) != runners["a-1"],
                   "an adopted runner is started again")
        flow.leave(self)

    def settle_account_of(self, flow, count):
        self.assertEqual(sorted(message["Body"].strip() for message in flow.take("c", count)),
                         sorted(f"m{n}" for n in range(count)))

    def test_runner_and_supervisor_killed_together_leave_no_stray_program(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        flow.make_gate("m")
        flow.send("a", ESCAPE + "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m", 1)
        pids = self.await_family(flow)
        supervisor = flow.supervisor()
        kill(supervisor, signal.SIGSTOP)  # so that it cannot sweep
        kill(runners[first.worker])
        kill(supervisor)
        eventually(lambda: not any(map(alive, pids)), "the program and its children are gone")
        flow.await_start("m", 2)
        flow.open_gate("m")
        self.assertEqual(flow.take_one("b")["Body"], "2\n")
        eventually(lambda: len(flow.runners()) == 2, "both workers run again")
        flow.leave(self)

    def test_an_adopted_runner_that_is_killed_leaves_no_stray_program_either(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        kill(flow.supervisor())
        eventually(lambda: flow.errors().count("adopted") == 2, "the runners were adopted")
        flow.make_gate("m")
        flow.send("a", ESCAPE + "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m", 1)
        pids = self.await_family(flow)
        kill(runners[first.worker])
        flow.await_start("m", 2)
        eventually(lambda: not any(map(alive, pids)), "the program and its children are gone")
        flow.open_gate("m")
        self.assertEqual(flow.take_one("b")["Body"], "2\n")
        eventually(lambda: len(flow.runners()) == 2, "both workers run again")
        flow.leave(self)

    def test_a_broken_file_keeps_the_next_supervisor_away_but_not_the_work(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        sound = flow.file.read_text()
        self.write("workflow.yaml", sound.replace("to: b", "too: b"))
        kill(flow.supervisor())
        eventually(lambda: "unknown key 'too'" in flow.errors(), "the next one says why not")
        flow.send("a", "echo m")
        self.assertEqual(flow.take_one("b")["Body"], "m\n")
        self.write("workflow.yaml", sound)
        eventually(lambda: flow.errors().count("adopted") == 2, "the repaired file is read")
        self.assertEqual(flow.runners(), runners)
        flow.leave(self)


class Broker(Kills):
    def test_a_program_in_flight_outlives_the_broker_and_hands_over_in_its_resumed_session(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        runners = flow.await_workers(2)
        for name in ("m0", "m1"):
            flow.make_gate(name)
            flow.send("a", f"started {name}; gate {name}; echo {name} $SELVAGE_ATTEMPT")
        pids = [flow.await_start(name).pid for name in ("m0", "m1")]
        old = flow.broker()
        kill(old)
        flow.open_gate("m0")  # ends while the broker is away, or just after
        eventually(lambda: flow.role("serve") not in (None, old), "another broker")
        self.assertTrue(alive(pids[1]))
        flow.open_gate("m1")
        self.assertEqual(flow.bodies("b", 2), ["m0 1\n", "m1 1\n"])
        self.assertEqual(len(flow.told()), 2)
        self.assertEqual(flow.counts("a")["Failed"], 0)
        self.assertEqual(flow.runners(), runners)
        self.assertLessEqual({("process-died", "broker"), ("process-restarted", "broker")},
                             {(event["kind"], event["worker"]) for event in flow.events()})
        flow.leave(self)

    def test_under_load_nothing_acknowledged_is_lost_and_nothing_handed_over_twice(self):
        flow = self.workflow("""
            a: { from: a, run: cat, to: b }
            b: { from: b, run: ./echo, mode: persistent, to: c }""", defaults="retry: { attempts: 100, "
                             "backoff: 1ms..10ms }")
        senders = [Sender(flow, "a", f"s{n}") for n in range(3)]
        for sender in senders:
            sender.start()
        away = []
        for strike in range(1, 6):
            eventually(lambda: flow.counts("c")["Sent"] >= 25 * strike, "work goes on")
            kill(flow.broker())
            begun = time.monotonic()
            flow.statistics()
            away.append(time.monotonic() - begun)
        eventually(lambda: flow.counts("c")["Sent"] >= 200, "work goes on")
        for sender in senders:
            sender.stop()
        self.await_calm(flow, "a", "b")
        sent = [body for sender in senders for body in sender.acknowledged]
        perhaps = [body for sender in senders for body in sender.unknown]
        print(f"\n  {len(sent)} acknowledged, {len(perhaps)} unknown; the broker answered again after "
              + ", ".join(f"{seconds * 1000:.0f}" for seconds in away) + " ms", end=" ")
        self.assertEqual(flow.counts("a-dead")["Sent"] + flow.counts("b-dead")["Sent"], 0)
        self.settle_account(flow, "c", sent, perhaps)
        flow.leave(self)

    def test_a_broker_that_hangs_for_a_while_loses_nothing(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=TWO)
        flow.make_gate("m")
        flow.send("a", "started m; gate m; echo $SELVAGE_ATTEMPT")
        first = flow.await_start("m")
        broker = flow.broker()
        kill(broker, signal.SIGSTOP)
        flow.open_gate("m")
        eventually(lambda: not alive(first.pid), "the program has ended")
        kill(broker, signal.SIGCONT)
        self.assertEqual(flow.take_one("b")["Body"], "1\n")
        flow.leave(self)

    def test_artifacts_survive_a_killed_broker_and_are_removed_in_the_end(self):
        flow = self.workflow("""
            a: { from: a, run: [sh, -c, 'cat > "$SELVAGE_OUT"/f'], to: b }
            b: { from: b, run: [sh, -c, 'cp "$SELVAGE_IN"/f "$SELVAGE_OUT"/f'], to: c }
            c: { from: c, run: [sh, -c, 'cat "$SELVAGE_IN"/f'], to: d }""",
                             defaults="retry: { attempts: 100, backoff: 1ms..10ms }")
        sent = [f"m{n:03}" for n in range(60)]
        for body in sent:
            flow.send("a", body)
        for strike in (5, 20, 40):
            eventually(lambda: flow.counts("d")["Sent"] >= strike, "work goes on")
            kill(flow.broker())
        flow.await_counts("d", Sent=60)
        self.settle_account(flow, "d", sent)
        self.await_calm(flow, "a", "b", "c")
        eventually(lambda: not list((flow.data / "artifacts/kept").glob("*")), "none is kept")
        flow.leave(self)


class Everything(Kills):
    def test_a_random_process_killed_again_and_again_loses_and_doubles_nothing(self):
        flow = self.workflow("""
            a: { from: a, run: ./program, to: b }
            b: { from: b, run: ./echo, mode: persistent, to: c }
            c: { from: c, run: [sh, -c, 'cat && cat > "$SELVAGE_OUT"/f'], to: d }""",
                             defaults="retry: { attempts: 100, backoff: 1ms..10ms }")
        flow.await_workers(6)
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"\n  seed {seed}", end=" ")
        chance = random.Random(seed)
        sender = Sender(flow, "a", "echo m")
        sender.start()
        kinds = ["program"] * 8 + ["runner"] * 6 + ["supervisor"] * 4 + ["broker"] * 4
        chance.shuffle(kinds)
        for kind in kinds:
            before = flow.counts("d")["Sent"]
            self.strike(flow, kind, chance)
            eventually(lambda: flow.counts("d")["Sent"] > before, f"work goes on after: {kind}")
        sender.stop()
        self.await_calm(flow, "a", "b", "c")
        print(f"{len(sender.acknowledged)} acknowledged, {len(sender.unknown)} unknown", end=" ")
        sent, perhaps = ([body.removeprefix("echo ") for body in bodies]
                         for bodies in (sender.acknowledged, sender.unknown))
        self.settle_account(flow, "d", sent, perhaps, ("a-dead", "b-dead", "c-dead"))
        self.assertEqual(len(flow.await_workers(6)), 6)
        flow.leave(self)

    def strike(self, flow, kind, chance):
        def victim_dies():
            pids = {"program": lambda: [process.pid for process in flow.programs()],
                    "runner": lambda: list(flow.runners().values()),
                    "supervisor": lambda: [flow.role("supervise")],
                    "broker": lambda: [flow.role("serve")]}[kind]()
            pids = [pid for pid in pids if pid]
            try:
                return pids and [kill(chance.choice(pids))]
            except ProcessLookupError:
                return False  # it has just ended
        eventually(victim_dies, f"a {kind} dies")


if __name__ == "__main__":
    main()
