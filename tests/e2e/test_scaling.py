#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""How many workers a stage has: more for a backlog, fewer when it is idle, and the same for the next
supervisor."""
import json
import unittest

from harness import Case, eventually, kill, main

FOUR_AT_MOST = "workers: { min: 1, max: 4, spare: 0 }, target: { drain: 1s, age: 100ms }"
# A worker that is not needed stays for a minute.
LIMIT_OF_A_HOLD = 150


class Scaling(Case):
    def start_four(self):
        """A workflow whose four workers are all busy, each at a gate of its own."""
        flow = self.workflow("a: { from: a, run: ./program, to: b, deadline: 10m }",
                             defaults=FOUR_AT_MOST)
        self.assertEqual(sorted(flow.await_workers(1)), ["a-1"])
        for name in ("m0", "m1", "m2", "m3"):
            flow.make_gate(name)
            flow.send("a", f"started {name}; gate {name}; echo {name}")
        for name in ("m0", "m1", "m2", "m3"):
            flow.await_start(name)
        return flow

    def why(self, flow, *more):
        told = self.run_selvage("status", "a", "--why", "--data", flow.data, *more)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        return told.stdout

    def test_a_backlog_makes_more_workers_and_an_idle_stage_goes_down_to_the_busy_one(self):
        flow = self.start_four()
        self.assertEqual({one.worker for one in flow.told()}, {"a-1", "a-2", "a-3", "a-4"})
        eventually(lambda: self.why(flow).startswith("a\n  4 workers, 4 from now on: "),
                   "the reasons are told")
        self.assertIn("4 in flight", self.why(flow))
        self.assertEqual(json.loads(self.why(flow, "--json"))["target"], 4)

        # The one that stays busy is not the one that an order of names would keep.
        busy = flow.await_start("m2")
        for name in ("m0", "m1", "m3"):
            flow.open_gate(name)
        eventually(lambda: set(flow.runners()) == {busy.worker}, "the idle workers have gone",
                   LIMIT_OF_A_HOLD)
        flow.open_gate("m2")
        self.assertEqual(flow.bodies("b", 4), ["m0\n", "m1\n", "m2\n", "m3\n"])
        self.assertEqual(len(flow.starts("m2")), 1)
        self.assertEqual(flow.counts("a")["Returned"], 0)
        flow.leave(self)

    def test_the_next_supervisor_adopts_every_worker_and_interrupts_none(self):
        flow = self.start_four()
        before = flow.await_workers(4)
        kill(flow.supervisor())
        eventually(lambda: flow.errors().count("adopted a-") == 4,
                   "all four are adopted")
        self.assertEqual(flow.await_workers(4), before)
        for name in ("m0", "m1", "m2", "m3"):
            flow.open_gate(name)
        self.assertEqual(flow.bodies("b", 4), ["m0\n", "m1\n", "m2\n", "m3\n"])
        self.assertEqual([one.attempt for one in flow.told()], [1] * 4)
        flow.leave(self)

    def test_a_stage_that_does_not_exist_is_named_with_those_that_do(self):
        flow = self.workflow("shrink: { from: a, run: ./program }")
        eventually((flow.data / "run/decisions.json").exists, "something was decided")
        told = self.run_selvage("status", "shrnk", "--why", "--data", flow.data)
        self.assertEqual(told.returncode, 1)
        self.assert_one_sentence(told.stderr, "no stage 'shrnk'", "did you mean 'shrink'?")
        flow.leave(self)
        after = self.run_selvage("status", "shrink", "--why", "--data", flow.data)
        self.assertEqual(after.returncode, 0)
        self.assert_one_sentence(after.stderr, "no supervisor runs")
        nowhere = self.run_selvage("status", "shrink", "--why", "--data", self.folder / "none")
        self.assert_one_sentence(nowhere.stderr, "no supervisor has decided", "selvage up FILE")


if __name__ == "__main__":
    main()
