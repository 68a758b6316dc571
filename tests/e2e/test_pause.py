#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=120
"""selvage pause and resume: a stage that gets nothing, however often its processes start anew."""
from harness import Case, kill, main


class Pause(Case):
    def command(self, flow, *words):
        return self.run_selvage(*words, "--broker", flow.address, "--data", self.folder / "data")

    def test_a_paused_stage_finishes_what_it_has_and_gets_nothing_until_it_is_resumed(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }")
        flow.await_workers(2)
        flow.make_gate("one")
        flow.send("a", "started one; gate one; echo one")
        flow.await_start("one")
        done = self.command(flow, "pause", "a")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a is paused until you resume it", done.stdout)
        flow.open_gate("one")
        self.assertEqual(flow.take_one("b")["Body"], "one\n")
        flow.send("a", "started two; echo two")
        # Neither a new broker nor new runners may let it through: two is still there behind them.
        kill(flow.broker())
        flow.await_counts("a", Visible=1, InFlight=0)
        for runner in flow.runners().values():
            kill(runner)
        flow.await_workers(2)
        self.assertEqual(flow.starts("two"), [])
        self.assertEqual(flow.counts("a")["Visible"], 1)
        done = self.command(flow, "resume", "a")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(flow.take_one("b")["Body"], "two\n")
        flow.leave(self)

    def test_a_pause_ends_by_itself(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }")
        flow.await_workers(2)
        self.assertIn("for 300ms", self.command(flow, "pause", "a", "--for", "300ms").stdout)
        flow.send("a", "echo late")
        self.assertEqual(flow.take_one("b")["Body"], "late\n")
        flow.leave(self)

    def test_a_stage_that_is_not_there_is_told_with_those_that_are(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }")
        flow.await_workers(2)
        done = self.command(flow, "pause", "c")
        self.assertNotEqual(done.returncode, 0)
        self.assert_one_sentence(done.stderr, "no stage 'c'", "it has a")
        flow.leave(self)

    def test_where_no_workflow_runs_nothing_is_paused(self):
        done = self.run_selvage("pause", "a", "--data", self.folder / "nowhere")
        self.assertNotEqual(done.returncode, 0)
        self.assert_one_sentence(done.stderr, "no workflow has run", "selvage up")


if __name__ == "__main__":
    main()
