#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=600
"""SIGKILL of a broker at random moments under load, many times in a row. After each one the ledger is
balanced against all that the next broker holds, and at the end everything is drained.

  tests/crash/test_kills_under_load.py [--kills N] [--seed N]     40 kills; a seed of its own
"""
import argparse
import random
import sys

from rig import Case, Rig, forgetful, main


class KillsUnderLoad(Case):
    def test_a_broker_that_is_killed_again_and_again_keeps_every_promise(self):
        rig = Rig(self, OPTIONS.seed, "--data", self.folder / "data")
        rig.prepare()
        while rig.crashes < OPTIONS.kills:
            rig.kill_under_load()
            while rig.crashes < OPTIONS.kills and rig.chance.random() < 0.15:
                rig.crash_at_start()
            rig.restart()
        rig.drain()
        rig.report()

    def test_the_ledger_notices_a_log_that_is_never_written(self):
        rig = Rig(self, OPTIONS.seed, "--data", self.folder / "data")
        rig.assert_loses(forgetful(self, "-DLOSE_WRITES"), lambda: rig.kill_under_load(300))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    OPTIONS, sys.argv[1:] = parser.parse_known_args()
    print(f"seed {OPTIONS.seed}", flush=True)
    main()
