#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""Data directories that are damaged, foreign, or not ours to write: one sentence that says what to
do, the exit code of its kind, and nothing changed. What can be read on is served on."""
import os
import shutil
import signal
import subprocess
import unittest

from disks import run
from harness import LIMIT, SELVAGE, Case, kill, main

# Exit codes: src/base/exit_code.h.
USAGE, IN_USE, VERSION, CORRUPTION = 64, 75, 77, 78
NOBODY = 65534


class Damage(Case):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"

    def make(self, count=20, size=10_000):
        """The data of a broker that was killed; returns what it had acknowledged."""
        broker = self.broker()
        broker.create("q")
        sent = [f"{n:04}" + os.urandom(size // 2).hex() for n in range(count)]
        for body in sent:
            broker.send("q", body)
        kill(broker.pid, signal.SIGKILL)
        broker.wait()
        return sent

    def serve(self, *arguments, **how):
        return subprocess.run(
            [SELVAGE, "serve", "--data", "data", "--listen", "127.0.0.1:0", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder,
            timeout=LIMIT, start_new_session=True, **how)

    def files(self, extension):
        return sorted(self.data.glob(f"queues/*{extension}"))

    def spoil(self, path, at, bytes=b"XXXX"):
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes)

    def assert_refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assert_one_sentence(done.stderr, *words)

    def test_damage_in_the_log_is_told_until_somebody_accepts_what_it_costs(self):
        sent = self.make()
        log, = self.files(".log")
        self.spoil(log, len(log.read_bytes().rstrip(b"\0")) // 2)  # behind its end there are zeros
        before = log.read_bytes()
        for _ in range(2):
            self.assert_refused(self.serve(), CORRUPTION, "data is damaged", log.name,
                                "restore a backup", "selvage doctor --data data",
                                "selvage serve --data data --accept-loss")
        self.assertEqual(log.read_bytes(), before)
        broker = self.broker("--accept-loss")
        self.assertIn("the loss is accepted", broker.errors())
        found = sorted(message["Body"] for message in broker.take_all("q"))
        self.assertEqual(found, sent[:len(found)])
        self.assertTrue(5 < len(found) < len(sent), len(found))
        broker.send("q", "and on")
        self.assertEqual(broker.stop(), 0)
        self.assertEqual(self.broker().stop(), 0)

    def test_a_log_that_is_gone_is_told(self):
        self.make()
        for log in self.files(".log"):
            log.unlink()
        self.assert_refused(self.serve(), CORRUPTION, "data is damaged", "restore a backup")

    def test_one_damaged_body_harms_no_other_message(self):
        sent = self.make(count=40)
        self.assertEqual(self.broker().stop(), 0)  # turns the log into tables
        table = max(self.files(".sst"), key=lambda path: path.stat().st_size)
        with table.open("rb") as file:
            at = file.read().index(sent[20][1000:1100].encode())
        self.spoil(table, at)
        broker = self.broker()
        found = []
        for _ in range(10):
            found += [message["Body"] for message in broker.receive("q")]
        self.assertLess(len(found), len(sent))
        self.assertGreater(len(found), len(sent) - 5)
        self.assertEqual(set(found) - set(sent), set())
        self.assertNotIn(sent[20], found)
        for words in ("cannot be read, nobody is shown it", table.name, "selvage doctor"):
            self.assertIn(words, broker.errors())
        broker.send("q", "and on")
        self.assertEqual(broker.take_one("q")["Body"], "and on")
        self.assertEqual(broker.stop(), 0)

    def test_each_file_that_is_missing_is_named(self):
        self.make()
        self.assertEqual(self.broker().stop(), 0)
        whole = self.folder / "whole"
        shutil.copytree(self.data, whole)
        for pattern in ("CURRENT", "MANIFEST-*", "*.sst"):
            with self.subTest(pattern):
                gone = sorted(self.data.glob(f"queues/{pattern}"))[-1]
                gone.unlink()
                self.assert_refused(self.serve(), CORRUPTION, "data is damaged", gone.name,
                                    "restore a backup")
                shutil.rmtree(self.data)
                shutil.copytree(whole, self.data)

    @unittest.skipUnless(os.geteuid() == 0, "only root can make what is somebody else's")
    def test_data_of_another_user_are_a_matter_of_permissions(self):
        self.make()
        self.folder.chmod(0o755)
        self.assert_refused(self.serve(user=NOBODY, group=NOBODY, extra_groups=[]), USAGE, "data",
                            "Permission denied", "let this user read and write it")

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount")
    def test_data_on_a_file_system_that_cannot_be_written_are_a_matter_of_settings(self):
        self.make()
        problem = run("mount", "--bind", self.data, self.data) or run(
            "mount", "-o", "remount,bind,ro", self.data)
        if problem:
            self.skipTest(problem)
        self.addCleanup(run, "umount", "--lazy", self.data)
        self.assert_refused(self.serve(), USAGE, "data", "Read-only file system")


if __name__ == "__main__":
    main()
