# SPDX-License-Identifier: Apache-2.0
"""A small tree of files in a scratch folder, to run a tool of ours on; and how these tests close."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class HouseTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def tool(self, *command, **environment):
        """Runs a tool of tools/; returns its exit code and all that it printed."""
        done = subprocess.run([str(ROOT / "tools" / command[0]), *command[1:]], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **environment)
        return done.returncode, done.stdout


def main():
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
