#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=600
"""Power cuts under load. SIGKILL loses no page cache; here the data is on an ext4 of its own that is
shut down without its journal's last entries and without any page that was not synced.

  tests/crash/test_power_cuts.py [--cuts N] [--bulk N] [--seed N]     6 cuts, 20,000 messages in bulk

Needs to be root where mounts and loop devices are allowed (mkfs.ext4, e2fsck). Elsewhere it is skipped.
"""
import argparse
import random
import sys

from disk import Disk, NotPermitted, leave_namespace
from load import make_bulk
from rig import Case, Rig, forgetful, kill, main


class PowerCuts(Case):
    @classmethod
    def setUpClass(cls):
        cls.reason = None
        try:
            leave_namespace()
        except NotPermitted as why:
            cls.reason = str(why)

    def setUp(self):
        super().setUp()
        try:
            if self.reason:
                raise NotPermitted(self.reason)
            self.disk = Disk(self.folder)
        except NotPermitted as why:
            self.skipTest(f"power cuts need root with mounts and loop devices: {why}")
        self.addCleanup(self.disk.unmount)

    def rig(self, **how):
        return Rig(self, OPTIONS.seed, "--data", self.disk.place / "data", **how)

    def cut_under_load(self, rig, answers=None, early=True):
        """A cut. `early`: before most of them the kernel has written something of what was not synced:
        some pages, or the journal, or both."""
        def cut():
            kind = rig.chance.randrange(4) if early else 0
            if kind & 1:
                self.disk.write_some_back(rig.chance)
            if kind & 2:
                self.disk.commit_journal()
            self.disk.cut()
            kill(rig.tree.pid)
        rig.crash_under_load(cut, answers)
        self.disk.revive()

    def test_a_broker_keeps_every_promise_over_power_cuts(self):
        rig = self.rig()
        rig.prepare()
        for _ in range(OPTIONS.cuts):
            if rig.chance.random() < 0.3:  # what the next one shows of it must outlive the cut, too
                rig.kill_under_load()
                rig.restart()
            self.cut_under_load(rig)
            rig.restart()
        rig.drain()
        rig.report()

    def test_a_long_line_of_confirmed_messages_outlives_a_power_cut(self):
        rig = self.rig(clients=make_bulk)
        rig.prepare()
        self.cut_under_load(rig, OPTIONS.bulk // 10)
        rig.door.finish()
        rig.restart()
        rig.report()

    def test_the_ledger_notices_a_log_that_is_never_synced(self):
        rig = self.rig()
        rig.assert_loses(forgetful(self), lambda: self.cut_under_load(rig, 300, early=False))



if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=6)
    parser.add_argument("--bulk", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    OPTIONS, sys.argv[1:] = parser.parse_known_args()
    print(f"seed {OPTIONS.seed}", flush=True)
    main()
