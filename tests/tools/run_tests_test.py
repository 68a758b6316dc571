# SPDX-License-Identifier: Apache-2.0
"""The runner itself: what it counts, what it ends, and that it fails when it should."""
import os
import sys
import time

import house

GOOGLE_REPORT = ('{"testsuites": [{"testsuite": [{"result": "COMPLETED"}, {"result": "SKIPPED"},'
                 ' {"result": "COMPLETED"%s}]}]}')


class RunTests(house.HouseTest):
    def script(self, name, text, kind="e2e"):
        self.write(f"tests/{kind}/{name}", f"#!{sys.executable}\n{text}\n", 0o755)

    def run_tests(self, *words):
        environment = {**os.environ, "SELVAGE_TEST_ROOT": str(self.root)}
        code, output = self.tool("run-tests", *(words or ("e2e", "chaos")), env=environment)
        return code, output.splitlines()[-1], output

    def test_adds_up_what_the_items_say(self):
        self.script("one", "pass")
        self.script("many", "print('3 passed, 0 failed, 2 skipped')")
        self.script("node", r"print('\u2139 tests 4\n\u2139 pass 4\n\u2139 fail 0\n\u2139 skipped 0')", "chaos")
        self.script("skipped.py", "exit(77)")
        code, last, output = self.run_tests()
        self.assertEqual((code, last), (0, "8 passed, 0 failed, 3 skipped"))
        self.assertRegex(output, r"e2e\.many +3 tests +[0-9.]+ s  2 skipped\n")

    def test_a_failing_item_fails_the_run_and_shows_its_output(self):
        self.script("good", "pass")
        self.script("bad", "print('the reason'); exit(3)")
        code, last, output = self.run_tests()
        self.assertEqual((code, last), (1, "1 passed, 1 failed"))
        self.assertIn("the reason", output)
        self.assertIn("exit code 3", output)

    def test_a_failed_count_fails_the_run_whatever_the_exit_code(self):
        self.script("liar", "print('5 passed, 1 failed')")
        self.assertEqual(self.run_tests()[:2], (1, "5 passed, 1 failed"))

    def test_the_end_names_the_slowest_items_and_the_failed(self):
        self.script("quick", "pass")
        self.script("slow", "import time; time.sleep(0.5)")
        self.script("bad", "exit(1)")
        lines = self.run_tests()[2].splitlines()
        self.assertRegex(lines[-3], r"^\d+ s, the slowest of 3: e2e.slow \d+ s, ")
        self.assertEqual(lines[-2:], ["failed: e2e.bad", "2 passed, 1 failed"])

    def test_checks_that_compile_run_beside_the_tests(self):
        self.write("tools/check-tidy", f"#!{sys.executable}\nimport pathlib, time\nend = time.monotonic() + 60\n"
                   f"while not pathlib.Path('{self.root}/met').exists():\n    assert time.monotonic() < end\n", 0o755)
        self.script("alone", f"open('{self.root}/met', 'w')")
        self.assertEqual(self.run_tests("checks", "e2e")[:2], (0, "2 passed, 0 failed"))

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(self.run_tests()[:2], (1, "0 passed, 0 failed"))
        self.script("empty", "print('0 passed, 0 failed')")
        self.assertEqual(self.run_tests()[:2], (1, "0 passed, 1 failed"))

    def test_only_executable_files_are_items(self):
        self.script("one", "pass")
        self.write("tests/e2e/support.py", "exit(1)")
        self.assertEqual(self.run_tests()[:2], (0, "1 passed, 0 failed"))

    def test_an_item_over_its_limit_is_ended_with_all_that_it_started(self):
        self.script("slow", "# run-tests: limit=0.5\nimport subprocess\n"
                    "subprocess.Popen(['sleep', '60'], start_new_session=True).wait()")
        began = time.monotonic()
        code, last, output = self.run_tests()
        self.assertEqual((code, last), (1, "0 passed, 1 failed"))
        self.assertIn("over its 0.5 s", output)
        self.assertLess(time.monotonic() - began, 30)

    def test_an_item_that_leaves_a_process_running_has_failed(self):
        self.script("untidy", "import os, subprocess\n"
                    f"print(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, file=open('{self.root}/pid', 'w'))")
        code, last, output = self.run_tests()
        self.assertEqual((code, last), (1, "1 passed, 1 failed"))
        self.assertIn("left running:", output)
        pid = (self.root / "pid").read_text().strip()
        self.assertFalse(os.path.exists(f"/proc/{pid}/cwd") and os.readlink(f"/proc/{pid}/exe").endswith("sleep"))

    def test_a_killed_program_has_failed(self):
        self.script("killed", "import os; os.kill(os.getpid(), 9)")
        self.assertIn("signal 9", self.run_tests()[2])

    def test_google_tests_are_counted_one_by_one(self):
        text = "import os; open(os.environ['GTEST_OUTPUT'][5:], 'w').write('''%s'''); exit(%d)"
        self.script("good", text % (GOOGLE_REPORT % "", 0))
        self.assertEqual(self.run_tests()[:2], (0, "2 passed, 0 failed, 1 skipped"))
        self.script("bad", text % (GOOGLE_REPORT % ', "failures": []', 1))
        self.assertEqual(self.run_tests()[:2], (1, "3 passed, 1 failed, 2 skipped"))

    def test_a_google_test_that_crashes_half_way_has_failed(self):
        self.script("crash", "print('[       OK ] A.B (0 ms)', flush=True); import os; os.abort()")
        self.assertEqual(self.run_tests()[:2], (1, "1 passed, 1 failed"))

    def test_a_link_test_that_was_not_built_has_failed(self):
        self.write("src/LAYERS", "base 0:\nwire 1: base\n")
        self.write("src/base/a.cc", "")
        self.write("src/wire/a_test.cc", "")
        self.assertEqual(self.run_tests("link")[:2], (1, "0 passed, 1 failed"))
        self.write("build/release/src/base_link_test", "#!/bin/sh\n", 0o755)
        self.assertEqual(self.run_tests("link")[:2], (0, "1 passed, 0 failed"))


house.main()
