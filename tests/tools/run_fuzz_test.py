# SPDX-License-Identifier: Apache-2.0
"""The runner of the fuzzers, given ones that are well, crash, hang on to an old crash, or are not there."""
import os
import sys

import house

WELL = "print('#2 cov: 7 ft: 9\\nstat::number_of_executed_units: 42')\n"
PREFIX = "prefix = next(a.split('=', 1)[1] for a in sys.argv if a.startswith('-artifact_prefix='))\n"


class RunFuzz(house.HouseTest):
    def fuzzer(self, name, text):
        self.write(f"build/fuzz/tests/fuzz/fuzz_{name}", f"#!{sys.executable}\nimport sys\n{text}", 0o755)
        (self.root / "tests/fuzz/corpus" / name).mkdir(parents=True)

    def run_fuzz(self, *arguments):
        return self.tool("run-fuzz", *arguments, env={**os.environ, "SELVAGE_TEST_ROOT": str(self.root)})

    def test_tells_runs_and_coverage_of_each(self):
        self.fuzzer("a", WELL)
        self.fuzzer("b", WELL)
        code, output = self.run_fuzz()
        self.assertEqual((code, len(output.splitlines())), (0, 2), output)
        self.assertRegex(output, r"ok +fuzz\.a +42 runs +coverage +7 +0 crashes")

    def test_a_crash_fails_the_run_and_tells_how_to_see_it_again(self):
        self.fuzzer("bad", PREFIX + "open(prefix + 'crash-1', 'w'); print('the reason'); sys.exit(77)")
        self.fuzzer("good", WELL)
        code, output = self.run_fuzz()
        self.assertEqual(code, 1)
        self.assertIn("the reason", output)
        self.assertIn("1 crashes", output)
        self.assertIn("fuzz_bad " + str(self.root / "build/fuzz/crashes/bad/crash-1"), output)
        self.assertRegex(output, r"ok +fuzz\.good")

    def test_an_old_crash_is_not_counted_again(self):
        self.fuzzer("a", WELL)
        self.write("build/fuzz/crashes/a/crash-0", "")
        code, output = self.run_fuzz()
        self.assertEqual(code, 0)
        self.assertIn("0 crashes", output)

    def test_the_time_and_the_folders_reach_the_fuzzer(self):
        self.fuzzer("a", "print(sys.argv, '\\n' * 3); sys.exit(1)")
        self.write("tests/fuzz/a.dict", "")
        _, output = self.run_fuzz("--seconds", "3")
        self.assertIn("-max_total_time=3'", output)
        self.assertIn(f"-dict={self.root}/tests/fuzz/a.dict", output)
        folders = f"'{self.root}/build/fuzz/found/a', '{self.root}/tests/fuzz/corpus/a']"
        self.assertIn(folders, output, "the first is written to, the corpus is not")

    def test_only_those_that_are_named_run(self):
        self.fuzzer("a", WELL)
        self.fuzzer("b", WELL)
        self.assertNotIn("fuzz.b", self.run_fuzz("a")[1])

    def test_no_fuzzer_and_no_time_are_refused(self):
        self.assertEqual(self.run_fuzz()[0], 1)
        self.fuzzer("a", WELL)
        self.assertEqual(self.run_fuzz("nobody")[0], 1)
        self.assertEqual(self.run_fuzz("--seconds", "0")[0], 2)


house.main()
