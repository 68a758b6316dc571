#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""A stage that fails most of its attempts is held back and let go by itself; so is one whose output
nobody takes."""
import os

from harness import Case, eventually, main


class HeldBack(Case):
    def await_event(self, flow, kind):
        return eventually(lambda: [e for e in flow.events() if e["kind"] == kind], f"a {kind} is told")

    def test_a_breaker_opens_tries_one_message_at_a_time_and_closes_by_itself(self):
        self.write("sick", "#!/bin/sh\necho $$ >> tries\n[ -e cured ] || exit 3\ncat\n", 0o755)
        flow = self.workflow("a: { from: a, run: ./sick, to: b }",
                             defaults="retry: { attempts: 1000, backoff: 1ms..2ms }")
        flow.await_workers(2)
        for n in range(30):
            flow.send("a", f"m{n:02}")
        opened = self.await_event(flow, "breaker-opened")
        self.assertEqual(opened[0]["stage"], "a")
        eventually(lambda: flow.counts("a")["InFlight"] == 0, "nothing is tried for a while")
        why = self.run_selvage("status", "a", "--why", "--data", flow.data).stdout
        self.assertIn("breaker: open", why)
        self.write("cured", "")
        self.await_event(flow, "breaker-closed")
        self.assertEqual(flow.bodies("b", 30), [f"m{n:02}" for n in range(30)])
        self.assertEqual(len(flow.runners()), 2, "and no worker was ended for it")
        flow.leave(self)

    def test_a_stage_waits_while_its_output_is_too_long(self):
        self.make_pipe("go")
        self.write("wait", "#!/bin/sh\nread -r word < go\ncat\n", 0o755)
        flow = self.workflow("""
            front: { from: a, run: cat, to: b, max_backlog: 20 }
            back:  { from: b, run: ./wait, to: c, workers: { max: 1, spare: 0 } }""")
        for n in range(30):
            flow.send("a", f"m{n:02}")
        eventually(lambda: self.is_held_back(flow), "the stage in front is held back")
        for n in range(30, 60):
            flow.send("a", f"m{n:02}")
        flow.await_counts("a", Visible=30, InFlight=0)
        self.write("wait", "#!/bin/sh\ncat\n", 0o755)
        (self.folder / "go").write_text("word\n")
        self.assertEqual(flow.bodies("c", 60), [f"m{n:02}" for n in range(60)])
        flow.leave(self)

    def make_pipe(self, name):
        os.mkfifo(self.folder / name)

    def is_held_back(self, flow):
        why = self.run_selvage("status", "front", "--why", "--data", flow.data).stdout
        return "nothing is taken until" in why


if __name__ == "__main__":
    main()
