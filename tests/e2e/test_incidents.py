#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""The timeline of what went wrong, and what programs write to standard error."""
import json
import os
import select
import subprocess
import unittest

from harness import LIMIT, SELVAGE, Case, eventually, kill, main

# Exit codes: src/base/exit_code.h.
OK, FAILED, USAGE = 0, 1, 64
SOON = "retry: { attempts: 3, backoff: 1ms..2ms }"


class Watching(Case):
    def start(self, stages="a: { from: a, run: ./program, to: b }", defaults=SOON):
        flow = self.workflow(stages, defaults=defaults)
        self.data = flow.data
        return flow

    def do(self, *words, code=OK):
        done = self.run_selvage(*words, "--data", self.data)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done

    def ask(self, *words):
        return [json.loads(line) for line in self.do(*words, "--json").stdout.splitlines()]

    def follow(self, *words):
        """A command that goes on; gives a function that waits until it has printed something."""
        child = subprocess.Popen([SELVAGE, *words, "-f", "--data", str(self.data)],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                 stderr=subprocess.DEVNULL)

        def end():
            child.kill()
            child.wait(LIMIT)
            child.stdout.close()
        self.addCleanup(end)
        seen = []

        def until(text):
            def look():
                while select.select([child.stdout], [], [], 0)[0]:
                    seen.append(os.read(child.stdout.fileno(), 4096).decode())
                return text in "".join(seen)
            eventually(look, f"it prints {text}")
            return "".join(seen)
        return until


class Incidents(Watching):
    def test_a_crash_says_how_soon_its_message_was_in_other_hands(self):
        flow = self.start()
        message = flow.send("a", "[ $SELVAGE_ATTEMPT != 1 ] || exit 7; echo done")
        flow.take_one("b")
        crash, recovery = self.ask("incidents", "--stage", "a")
        self.assertEqual((crash["kind"], crash["message"], crash["cause"]),
                         ("program-died", message, "exit code 7"))
        self.assertEqual((recovery["kind"], recovery["message"]), ("recovered", message))
        self.assertEqual(crash["mended_after_us"], recovery["recovery_us"])
        self.assertEqual(crash["mended_by"], recovery["worker"])
        text = self.do("incidents", "--kind", "program-died").stdout
        self.assertRegex(text, rf"program-died +its program failed: exit code 7 \(message {message}"
                               r"\); a-\d had it after \d+\.\d ms\n")
        flow.leave(self)

    def test_a_runners_death_and_a_hang_are_mended_too(self):
        flow = self.start("a: { from: a, run: ./program, to: b, deadline: 1s, grace: 10ms }")
        flow.send("a", "started m; [ $SELVAGE_ATTEMPT != 1 ] || sleep 60; echo done")
        flow.take_one("b")
        (hang,) = self.ask("incidents", "--kind", "program-hung")
        self.assertGreater(hang["mended_after_us"], 0)
        runners = flow.runners()
        flow.make_gate("g")
        flow.send("a", "started n; [ $SELVAGE_ATTEMPT != 1 ] || gate g; echo done")
        kill(runners[flow.await_start("n").worker])
        flow.take_one("b")
        death = eventually(lambda: self.ask("incidents", "--kind", "worker-died"), "it is known")
        self.assertGreater(death[0]["mended_after_us"], 0)
        flow.leave(self)

    def test_the_brokers_death_is_mended_by_its_restart(self):
        flow = self.start()
        kill(flow.broker())
        eventually(lambda: self.ask("incidents", "--kind", "process-restarted"), "it runs again")
        (death,) = self.ask("incidents", "--kind", "process-died")
        self.assertEqual(death["worker"], "broker")
        self.assertGreater(death["mended_after_us"], 0)
        flow.leave(self)

    def test_what_happens_from_now_on_is_followed(self):
        flow = self.start()
        until = self.follow("incidents")
        flow.send("a", "[ $SELVAGE_ATTEMPT != 1 ] || exit 9; echo done")
        self.assertIn("exit code 9", until("it has the message that another one lost"))
        flow.leave(self)

    def test_only_the_last_so_long_is_shown(self):
        flow = self.start()
        flow.send("a", "[ $SELVAGE_ATTEMPT != 1 ] || exit 9; echo done")
        flow.take_one("b")
        self.assertEqual(len(self.ask("incidents", "--since", "1h")), 2)
        path = self.data / "run/events.jsonl"
        old = [{**json.loads(line), "at_us": 1} for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(event) + "\n" for event in old))
        self.assertEqual(self.ask("incidents", "--since", "1h"), [])
        self.assertEqual(len(self.ask("incidents")), 2)
        flow.leave(self)

    def test_mistakes_are_told_kindly(self):
        flow = self.start()
        done = self.do("incidents", "--kind", "program-dead", code=USAGE)
        self.assert_one_sentence(done.stderr, "did you mean 'program-died'?", "worker-died")
        done = self.run_selvage("incidents", "--data", self.folder / "nowhere")
        self.assertEqual(done.returncode, USAGE)
        self.assert_one_sentence(done.stderr, "no workflow has run", "--data")
        self.assertEqual(self.do("incidents").stderr, "no such incidents\n")
        flow.leave(self)


class Logs(Watching):
    def lines(self, *words):
        return [line["line"] for line in self.ask("logs", *words)]

    def test_lines_are_kept_with_their_message_and_merged_by_time(self):
        flow = self.start("""
            a: { from: a, run: ./program, to: b }
            b: { from: b, run: ./program, to: c }""")
        message = flow.send("a", "echo first >&2; echo second >&2; echo 'echo third >&2; echo x'")
        flow.take_one("c")
        self.assertEqual(self.lines(), ["first", "second", "third"])
        self.assertEqual(self.lines("a"), ["first", "second"])
        self.assertEqual(self.lines(message), ["first", "second"])
        (worker,) = {line["worker"] for line in self.ask("logs", "b")}
        self.assertEqual(self.lines(worker), ["third"])
        self.assertRegex(self.do("logs", worker).stdout,
                         rf"^\d{{4}}-\S+ \S+ {worker} +\S+ third\n$")
        flow.leave(self)

    def test_a_line_without_an_end_belongs_to_the_attempt_that_wrote_it(self):
        flow = self.start(defaults="workers: { min: 1, max: 1, spare: 0 }")
        first = flow.send("a", "printf one >&2; echo x")
        second = flow.send("a", "printf two >&2; echo x")
        flow.take("b", 2)
        self.assertEqual((self.lines(first), self.lines(second)), (["one"], ["two"]))
        flow.leave(self)

    def test_a_persistent_program_is_heard_between_messages_too(self):
        self.write("chatty", """#!/usr/bin/env python3
import json, sys
print("hello", file=sys.stderr, flush=True)
for line in sys.stdin:
    print("working", file=sys.stderr, flush=True)
    print(json.dumps({"body": "x"}), flush=True)
""", 0o755)
        flow = self.start("a: { from: a, run: ./chatty, mode: persistent, to: b }",
                          defaults="workers: { min: 1, max: 1, spare: 0 }")
        eventually(lambda: self.lines() == ["hello"], "it is heard without a message")
        message = flow.send("a", "m")
        flow.take_one("b")
        self.assertEqual(self.lines(message), ["working"])
        flow.leave(self)

    def test_endless_errors_are_bounded_on_disk_and_say_what_is_missing(self):
        flow = self.start("a: { from: a, run: ./program, to: b, deadline: 3s, grace: 100ms, "
                          "retry: { attempts: 1 } }")
        flow.send("a", "yes complaint >&2")
        flow.take_one("a-dead")
        size = sum(path.stat().st_size for path in (self.data / "run/logs").iterdir())
        self.assertLess(size, 9 << 20)
        self.assertIn("missing here", "\n".join(self.lines()))
        flow.leave(self)

    def test_what_is_written_from_now_on_is_followed(self):
        flow = self.start()
        until = self.follow("logs", "a")
        flow.send("a", "echo now >&2; echo x")
        until(" now\n")
        flow.send("a", "echo and again >&2; echo x")
        until(" and again\n")
        flow.leave(self)

    def test_a_log_that_cannot_be_written_costs_lines_and_no_work(self):
        flow = self.start()
        (self.data / "run/logs").write_text("in the way")
        flow.send("a", "echo lost >&2; echo done")
        self.assertEqual(flow.take_one("b")["Body"], "done\n")
        flow.send("a", "echo lost >&2; exit 1")
        flow.await_counts("a-dead", Visible=1)
        said = [line for line in flow.errors().splitlines() if "the work goes on" in line]
        self.assertTrue(1 <= len(said) <= 2, said)  # once for each worker
        (self.data / "run/logs").unlink()
        flow.send("a", "echo kept >&2; echo done")
        flow.take_one("b")
        self.assertEqual(self.lines()[-1], "kept")
        flow.leave(self)

    def test_mistakes_are_told_kindly(self):
        flow = self.start("shrink: { from: a, run: ./program, to: b }")
        self.assertEqual(self.do("logs").stderr, "no lines\n")
        flow.send("a", "echo hello >&2; echo x")
        flow.take_one("b")
        done = self.do("logs", "shrnk", code=FAILED)
        self.assert_one_sentence(done.stderr, "did you mean 'shrink'?")
        done = self.do("logs", "00000000-0000-0000-0000-000000000001")
        self.assertEqual(done.stderr, "no lines about that message\n")
        flow.leave(self)


if __name__ == "__main__":
    main()
