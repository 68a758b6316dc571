#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""What a workflow does with messages when nobody kills anything: stages, exits, evidence, files."""
import json
import os
import signal
import unittest

from harness import Case, eventually, evidence, kill, main

MEBIBYTE = 1 << 20


class Flow(Case):
    def test_messages_flow_through_oneshot_and_persistent_stages(self):
        flow = self.workflow("""
            first:  { from: a, run: cat, to: b }
            second: { from: b, run: ./echo, mode: persistent, to: c }
            third:  { from: c, run: [sh, -c, "tr a-z A-Z"], to: d }""")
        for n in range(40):
            flow.send("a", f"m{n:02}")
        self.assertEqual(flow.bodies("d", 40), [f"M{n:02}" for n in range(40)])
        numbers = flow.statistics()
        self.assertEqual([numbers[queue]["HandedOver"] for queue in "abc"], [40, 40, 40])
        self.assertEqual([numbers[queue]["Failed"] for queue in "abc"], [0, 0, 0])
        flow.leave(self)

    def test_a_body_arrives_byte_by_byte(self):
        flow = self.workflow("""
            first:  { from: a, run: cat, to: b }
            second: { from: b, run: ./echo, mode: persistent, to: c }""")
        body = "no newline at the end, ein ö, \"quotes\", \\ and\ttabs\r\n\n✓ \U0001f9f5"
        flow.send("a", body)
        self.assertEqual(flow.take_one("c")["Body"], body)
        flow.leave(self)

    def test_a_body_of_a_mebibyte_passes_both_modes(self):
        flow = self.workflow("""
            first:  { from: a, run: cat, to: b }
            second: { from: b, run: ./echo, mode: persistent, to: c }""")
        body = "\"\\\n" * (MEBIBYTE // 3)  # every byte needs an escape
        flow.send("a", body)
        self.assertTrue(flow.take_one("c")["Body"] == body)
        flow.leave(self)

    def test_the_contract_of_the_environment_is_kept(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, deadline: 30s, "
                             "env: { MINE: 'a b' } }")
        message = flow.send("a", 'printf "%s|" "$SELVAGE_STAGE" "$SELVAGE_WORKER" "$SELVAGE_QUEUE" '
                            '"$SELVAGE_ATTEMPT" "$SELVAGE_MESSAGE_ID" "${SELVAGE_IN-unset}" "$MINE" '
                            '"$(pwd)" "$(ls -A "$SELVAGE_OUT")" "$SELVAGE_DEADLINE_MS"')
        words = flow.take_one("b")["Body"].split("|")
        self.assertIn(words[1], ("a-1", "a-2"))
        self.assertEqual([words[0], *words[2:9]],
                         ["a", "a", "1", message, "unset", "a b", os.path.realpath(self.folder), ""])
        self.assertGreater(int(words[9]), 1_600_000_000_000)
        flow.leave(self)

    def test_a_stage_without_a_target_ends_the_message(self):
        flow = self.workflow("a: { from: a, run: ./program }")
        flow.send("a", "started end; echo nobody reads this")
        flow.await_counts("a", HandedOver=1, Visible=0, InFlight=0, Delayed=0, Failed=0)
        flow.leave(self)

    def test_n_plus_one_workers_run_from_the_start_and_all_of_them_work(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }",
                             defaults="workers: { min: 2, max: 2, spare: 1 }")
        self.assertEqual(sorted(flow.await_workers(3)), ["a-1", "a-2", "a-3"])
        for n in range(3):
            flow.make_gate(f"m{n}")
            flow.send("a", f"started m{n}; gate m{n}; echo m{n}")
        at_work = {flow.await_start(f"m{n}").worker for n in range(3)}
        self.assertEqual(at_work, {"a-1", "a-2", "a-3"})
        for n in range(3):
            flow.open_gate(f"m{n}")
        self.assertEqual(flow.bodies("b", 3), ["m0\n", "m1\n", "m2\n"])
        flow.leave(self)

    def test_a_persistent_program_stays_and_answers_in_every_way(self):
        self.write("answers", """#!/usr/bin/env python3
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    answer = json.loads(message["body"])
    if answer.pop("again", 0) and message["attempt"] == 1 and not os.path.exists("again"):
        open("again", "w").close()
        answer = {"retry": True}
    if answer.get("body") == "pid":
        answer["body"] = f"{os.getpid()} {message['attempt']} {sorted(message)}"
    print(json.dumps({"progress": 0.5}))
    print(json.dumps(answer), flush=True)
""", 0o755)
        flow = self.workflow("""
            a: { from: a, run: ./answers, mode: persistent, to: b }""",
                             defaults="workers: { min: 1, max: 1, spare: 0 }, "
                                      "retry: { attempts: 2, backoff: 1ms..2ms }")
        for _ in range(3):
            flow.send("a", '{"body": "pid"}')
        pids = flow.bodies("b", 3)
        self.assertEqual(len(set(pids)), 1, pids)
        self.assertTrue(pids[0].endswith(" 1 ['attempt', 'body', 'deadline_ms', 'id', 'out']"), pids)

        flow.send("a", '{"drop": true}')
        flow.await_counts("a", HandedOver=4)
        flow.send("a", '{"again": 1, "body": "pid"}')
        self.assertIn(" 1 [", flow.take_one("b")["Body"])
        self.assertEqual(flow.counts("a")["Returned"], 1)
        flow.send("a", '{"error": "not today"}')
        dead = evidence(flow.take_one("a-dead"))
        self.assertEqual([one["cause"] for one in dead], ["not today"] * 2)
        flow.send("a", '{"poison": "never"}')
        self.assertEqual([one["cause"] for one in evidence(flow.take_one("a-dead"))], ["never"])
        flow.send("a", '{"nonsense": 1}')
        dead = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(dead), 2)
        self.assertIn("no answer", dead[0]["cause"])
        self.assertEqual(flow.counts("b")["Sent"], 4)
        flow.leave(self)


    def test_progress_renews_the_deadline_of_a_persistent_program(self):
        self.write("steady", """#!/usr/bin/env python3
import json, sys, time
for line in sys.stdin:
    for step in range(10):
        time.sleep(0.5)
        print(json.dumps({"progress": step / 10}), flush=True)
    print(json.dumps({"body": "steady"}), flush=True)
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./steady, mode: persistent, deadline: 4s, to: b }",
                             defaults="retry: { attempts: 1 }")
        flow.send("a", "m")
        self.assertEqual(flow.take_one("b")["Body"], "steady")
        flow.leave(self)

    def test_a_persistent_program_that_hangs_is_killed_and_the_rest_of_its_batch_unburnt(self):
        self.write("stuck", """#!/usr/bin/env python3
import json, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    message = json.loads(line)
    while message["body"] == "m0":
        time.sleep(1000)
    print(json.dumps({"body": f"{message['body']} {message['attempt']}"}), flush=True)
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./stuck, mode: persistent, to: b, deadline: 1s, "
                             "grace: 100ms, retry: { attempts: 2, backoff: 1ms..2ms } }",
                             defaults="workers: { min: 1, max: 1, spare: 0 }")
        for n in range(5):
            flow.send("a", f"m{n}")
        self.assertEqual(flow.bodies("b", 4), ["m1 1", "m2 1", "m3 1", "m4 1"])
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual([one["signal"] for one in attempts], [signal.SIGKILL] * 2)
        self.assertIn("deadline of 1s", attempts[0]["cause"])
        flow.leave(self)


class Failures(Case):
    SOON = "retry: { attempts: 3, backoff: 1ms..2ms }"

    def test_a_failing_message_goes_to_the_dead_letters_with_every_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        body = ('started m; echo "bad luck $SELVAGE_ATTEMPT" >&2; echo half; '
                'exit $((SELVAGE_ATTEMPT + 2))')
        flow.send("a", body)
        dead = flow.take_one("a-dead")
        self.assertEqual(dead["Body"], body)
        self.assertTrue(dead["Attributes"]["DeadLetterQueueSourceArn"].endswith(":a"))
        attempts = evidence(dead)
        self.assertEqual([one["attempt"] for one in attempts], [1, 2, 3])
        self.assertEqual([one["exit_code"] for one in attempts], [3, 4, 5])
        self.assertEqual([one["stderr"] for one in attempts], [f"bad luck {n}\n" for n in (1, 2, 3)])
        self.assertEqual({one["stage"] for one in attempts}, {"a"})
        self.assertEqual([one["worker"] for one in attempts], [one.worker for one in flow.starts("m")])
        for one in attempts:
            self.assertNotIn("signal", one)
            self.assertTrue(one["host"])
            self.assertGreater(one["max_rss_kib"], 0)
            self.assertLessEqual(one["started_us"], one["ended_us"])
        for earlier, later in zip(attempts, attempts[1:]):
            self.assertLessEqual(earlier["ended_us"], later["started_us"])
        self.assertEqual(flow.counts("b")["Sent"], 0)
        flow.leave(self)

    def test_a_crash_is_told_by_its_signal(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", "echo falling >&2; kill -SEGV $$")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual([one["signal"] for one in attempts], [signal.SIGSEGV] * 3)
        self.assertEqual([one["stderr"] for one in attempts], ["falling\n"] * 3)
        self.assertNotIn("exit_code", attempts[0])
        flow.leave(self)

    def test_the_first_redo_is_at_once_and_later_ones_wait_for_their_back_off(self):
        flow = self.workflow("""
            a: { from: a, run: ./program, retry: { attempts: 3, backoff: 800ms..1h } }
            b: { from: b, run: ./program, retry: { attempts: 2, backoff: 1h..2h } }""")
        flow.send("a", "exit 1")
        flow.send("b", "exit 1")
        first, second, third = evidence(flow.take_one("a-dead"))
        # The back-off is 800 ms, of which up to a half is chance.
        self.assertGreaterEqual(third["started_us"] - second["ended_us"], 400_000)
        # Had the first redo waited for its stage's back-off, it would not come for an hour.
        self.assertEqual(len(evidence(flow.take_one("b-dead"))), 2)
        self.assertLessEqual(first["ended_us"], second["started_us"])
        flow.leave(self)

    def test_exit_65_is_poison_and_is_not_tried_again(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", "started m; echo inedible >&2; exit 65")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual([(one["exit_code"], one["stderr"]) for one in attempts], [(65, "inedible\n")])
        self.assertEqual(len(flow.starts("m")), 1)
        flow.leave(self)

    def test_exit_75_gives_the_message_back_without_burning_an_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, retry: { attempts: 1 } }")
        flow.send("a", "started m; [ -e later ] || { : > later; exit 75; }; echo now")
        self.assertEqual(flow.take_one("b")["Body"], "now\n")
        self.assertEqual([one.attempt for one in flow.starts("m")], [1, 1])
        numbers = flow.counts("a")
        self.assertEqual((numbers["Returned"], numbers["Failed"]), (1, 0))
        flow.leave(self)

    def test_an_empty_output_for_a_target_is_a_failed_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", "true")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("no output for b", attempts[0]["cause"])
        self.assertEqual(flow.counts("b")["Sent"], 0)
        flow.leave(self)

    def test_an_output_of_one_mebibyte_passes_and_one_byte_more_is_a_failed_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", f"head -c {MEBIBYTE} /dev/zero | tr '\\0' x")
        self.assertEqual(len(flow.take_one("b")["Body"]), MEBIBYTE)
        flow.send("a", f"head -c {MEBIBYTE + 1} /dev/zero | tr '\\0' x")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("larger than a message may be", attempts[0]["cause"])
        self.assertEqual(flow.counts("b")["Sent"], 1)
        flow.leave(self)

    def test_a_persistent_answer_of_more_than_a_mebibyte_is_a_failed_attempt(self):
        self.write("large", f"""#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    print(json.dumps({{"body": "x" * ({MEBIBYTE} + int(json.loads(line)["body"]))}}), flush=True)
""", 0o755)
        flow = self.workflow("a: { from: a, run: ./large, mode: persistent, to: b }",
                             defaults=self.SOON)
        flow.send("a", "0")
        self.assertEqual(len(flow.take_one("b")["Body"]), MEBIBYTE)
        flow.send("a", "1")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("larger than a message may be", attempts[0]["cause"])
        flow.leave(self)

    def test_an_endless_output_is_killed(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", "yes")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("larger than a message may be", attempts[0]["cause"])
        eventually(lambda: not flow.programs(), "the program is gone")
        flow.leave(self)

    def test_of_endless_errors_the_last_8_kib_are_kept_until_the_deadline(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, deadline: 1s, grace: 1s, "
                             "retry: { attempts: 1 } }")
        flow.send("a", "started m; yes complaint >&2")
        (attempt,) = evidence(flow.take_one("a-dead"))
        self.assertIn("deadline", attempt["cause"])
        self.assertEqual(len(attempt["stderr"]), 8 << 10)
        flow.leave(self)

    def test_errors_that_are_no_text_stay_readable_evidence(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.send("a", r"printf 'caf\351 \001 \377\376 end' >&2; exit 1")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertTrue(attempts[0]["stderr"].startswith("caf"), attempts[0])
        self.assertTrue(attempts[0]["stderr"].endswith(" end"), attempts[0])
        flow.leave(self)

    def test_an_output_that_no_message_may_contain_is_a_failed_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        for count, output in enumerate((r"a\377b", r"a\001b", r"a\000b"), 1):
            flow.send("a", f"printf '{output}'")
            eventually(lambda: flow.counts("b")["Sent"] + flow.counts("a-dead")["Sent"] == count,
                       "the message has arrived somewhere")
        self.assertEqual(flow.counts("b")["Sent"], 0)
        for message in flow.take("a-dead", 3):
            self.assertEqual(len(evidence(message)), 3)
        flow.leave(self)

    def test_a_program_that_does_not_read_its_input_is_no_failure(self):
        flow = self.workflow("a: { from: a, run: [sh, -c, 'echo done'], to: b }", defaults=self.SOON)
        flow.send("a", "x" * 900_000)
        eventually(lambda: flow.counts("b")["Sent"] or flow.counts("a")["Revoked"],
                   "the message was handed over, or its worker is dead")
        self.assertEqual(flow.counts("a")["Revoked"], 0)
        self.assertEqual(flow.take_one("b")["Body"], "done\n")
        flow.leave(self)

    def test_an_output_that_its_queue_does_not_take_is_a_failed_attempt(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.call("AmazonSQS.SetQueueAttributes", QueueUrl=flow.url("b"),
                  Attributes={"MaximumMessageSize": "1024"})
        flow.send("a", "echo told >&2; head -c 1025 /dev/zero | tr '\\0' x")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("TooLarge", attempts[0]["cause"])
        flow.call("AmazonSQS.DeleteQueue", QueueUrl=flow.url("b"))
        flow.send("a", "echo m")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual(len(attempts), 3)
        self.assertIn("NoSuchQueue", attempts[0]["cause"])
        flow.leave(self)

    def test_the_evidence_of_a_refused_output_is_as_full_as_any_other(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.SOON)
        flow.call("AmazonSQS.DeleteQueue", QueueUrl=flow.url("b"))
        flow.send("a", "echo told >&2; echo m")
        attempts = evidence(flow.take_one("a-dead"))
        self.assertEqual([one["attempt"] for one in attempts], [1, 2, 3])
        self.assertEqual([one["stderr"] for one in attempts], ["told\n"] * 3)
        self.assertTrue(all("started_us" in one for one in attempts))
        flow.leave(self)

    def test_one_bad_message_does_not_hold_back_the_good_ones(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, retry: { attempts: 2, "
                             "backoff: 1h..2h } }", defaults="workers: { min: 1, max: 1, spare: 0 }")
        flow.send("a", "exit 1")
        for n in range(5):
            flow.send("a", f"echo m{n}")
        self.assertEqual(flow.bodies("b", 5), [f"m{n}\n" for n in range(5)])
        flow.take_one("a-dead")
        flow.leave(self)


class Programs(Case):
    ONE = "workers: { min: 1, max: 1, spare: 0 }"

    def test_a_program_replaced_while_it_runs_ends_as_it_began(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.ONE)
        flow.make_gate("old")
        flow.send("a", "started old; gate old; echo old")
        flow.await_start("old")
        self.write("program", "#!/bin/sh\necho new\n", 0o755)
        flow.open_gate("old")
        self.assertEqual(flow.take_one("b")["Body"], "old\n")
        flow.send("a", "anything")
        self.assertEqual(flow.take_one("b")["Body"], "new\n")
        flow.leave(self)

    def test_a_program_deleted_meanwhile_burns_no_attempt_and_is_waited_for(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b, retry: { attempts: 1 } }",
                             defaults=self.ONE)
        runners = flow.await_workers(1)
        flow.send("a", "echo before")
        flow.take_one("b")
        (self.folder / "program").rename(self.folder / "away")
        flow.send("a", "started m; echo late")
        eventually(lambda: flow.counts("a")["Returned"] >= 2, "the message was given back, twice")
        self.assertEqual(flow.runners(), runners)
        self.assertIn(str(self.folder / "program"), flow.errors())
        (self.folder / "away").rename(self.folder / "program")
        self.assertEqual(flow.take_one("b")["Body"], "late\n")
        self.assertEqual(flow.await_start("m").attempt, 1)
        self.assertEqual(flow.counts("a")["Failed"], 0)
        flow.leave(self)

    def test_a_runner_killed_while_its_program_is_away_comes_back_with_it(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }", defaults=self.ONE)
        (pid,) = flow.await_workers(1).values()
        flow.send("a", "echo before")
        flow.take_one("b")
        (self.folder / "program").rename(self.folder / "away")
        kill(pid)
        eventually(lambda: "there is no program" in flow.errors(), "the next runner has complained")
        (self.folder / "away").rename(self.folder / "program")
        flow.send("a", "echo back")
        self.assertEqual(flow.take_one("b")["Body"], "back\n")
        flow.leave(self)

    def test_a_persistent_program_that_cannot_live_leaves_its_messages_unburnt(self):
        self.write("brief", "#!/bin/sh\n[ -e cured ] || exit 3\nexec ./echo\n", 0o755)
        flow = self.workflow("a: { from: a, run: ./brief, mode: persistent, to: b, "
                             "retry: { attempts: 1 } }", defaults=self.ONE)
        flow.send("a", "patient")
        eventually(lambda: "soon after its start" in flow.errors(), "it was started again")
        self.write("cured", "")
        self.assertEqual(flow.take_one("b")["Body"], "patient")
        flow.leave(self)


class Artifacts(Case):
    def test_what_one_stage_leaves_in_out_is_in_of_the_next_and_removed_in_the_end(self):
        flow = self.workflow("""
            make:  { from: a, run: ./program, to: b }
            pass:  { from: b, run: [sh, -c, 'cp -r "$SELVAGE_IN"/* "$SELVAGE_OUT"'], to: c }
            count: { from: c, run: [sh, -c, 'cat; find "$SELVAGE_IN" -type f | wc -l'], to: d }""")
        for n in range(5):
            flow.send("a", f"mkdir \"$SELVAGE_OUT\"/deep; for n in 1 2 3; do echo {n} > "
                      "\"$SELVAGE_OUT\"/deep/$n; done; [ -z \"${SELVAGE_IN-}\" ] || exit 1")
        self.assertEqual(flow.bodies("d", 5), ["{}3\n"] * 5)
        self.assertEqual(flow.artifacts(), [])
        flow.leave(self)
        self.assertEqual(flow.artifacts(), [])

    def test_a_persistent_program_finds_and_leaves_artifacts_too(self):
        self.write("files", """#!/usr/bin/env python3
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    seen = open(message["in"] + "/f").read() if "in" in message else "nothing"
    open(message["out"] + "/f", "w").write(message["body"])
    print(json.dumps({"body": seen}), flush=True)
""", 0o755)
        flow = self.workflow("""
            first:  { from: a, run: ./files, mode: persistent, to: b }
            second: { from: b, run: ./files, mode: persistent, to: c }
            third:  { from: c, run: cat }""")
        for n in range(12):
            flow.send("a", f"m{n}")
        flow.await_counts("c", HandedOver=12)
        self.assertEqual(flow.artifacts(), [])
        flow.leave(self)

    def test_an_artifact_stays_while_its_message_waits_and_what_failed_leaves_none(self):
        flow = self.workflow("make: { from: a, run: ./program, to: b }",
                             defaults="retry: { attempts: 2, backoff: 1ms..2ms }")
        flow.send("a", 'echo kept > "$SELVAGE_OUT"/f; echo body')
        flow.send("a", 'echo lost > "$SELVAGE_OUT"/f; exit 1')
        flow.take_one("a-dead")
        message = flow.take_one("b")
        self.assertEqual(len(flow.artifacts()), 1)
        kept = flow.data / "artifacts/kept" / flow.artifacts()[0] / "f"
        self.assertEqual(kept.read_text(), "kept\n")
        flow.call("AmazonSQS.DeleteMessage", QueueUrl=flow.url("b"),
                  ReceiptHandle=message["ReceiptHandle"])
        eventually(lambda: not flow.artifacts(), "the artifact went with its message")
        flow.leave(self)

    def test_a_redone_attempt_finds_an_empty_out_and_the_same_in(self):
        flow = self.workflow("""
            make:  { from: a, run: ./program, to: b }
            again: { from: b, run: ./program, to: c }""",
                             defaults="retry: { attempts: 2, backoff: 1ms..2ms }")
        flow.send("a", 'echo gift > "$SELVAGE_OUT"/f; echo \'ls -A "$SELVAGE_OUT" >&2; '
                  'echo x > "$SELVAGE_OUT"/half; [ $SELVAGE_ATTEMPT = 2 ] || exit 1; '
                  'cat "$SELVAGE_IN"/f; ls "$SELVAGE_OUT"\'')
        self.assertEqual(flow.take_one("c")["Body"], "gift\nhalf\n")
        flow.leave(self)

    def test_a_program_that_spoils_its_work_directory_fails_no_other_message(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }",
                             defaults="workers: { min: 1, max: 1, spare: 0 }")
        flow.send("a", 'rm -r "$SELVAGE_OUT"; echo gone')
        flow.send("a", 'mkdir "$SELVAGE_OUT"/d; ln -s /nowhere "$SELVAGE_OUT"/d/l; '
                  'chmod 0 "$SELVAGE_OUT"/d; echo shut')
        flow.send("a", 'ls -A "$SELVAGE_OUT"; echo clean')
        self.assertIn("clean\n", flow.bodies("b", 3))
        flow.leave(self)


class Telling(Case):
    def test_status_and_send_speak_with_a_running_workflow(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }",
                             defaults="retry: { attempts: 2, backoff: 1ms..2ms }")
        where = ["--listen", flow.address]
        sent = self.run_selvage("send", "a", "echo by hand", *where)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        message = flow.take_one("b")
        self.assertEqual(message["Body"], "by hand\n")
        self.assertRegex(sent.stdout, r"^[0-9a-f-]{36}\n$")
        flow.send("a", "exit 9")
        flow.take_one("a-dead")
        shown = self.run_selvage("status", flow.file, "--json", "--data", flow.data, *where)
        (stage,) = json.loads(shown.stdout)["stages"]
        self.assertEqual((stage["name"], stage["waiting"], stage["running"], stage["done"],
                          stage["dead"], stage["restarts"]), ("a", 0, 0, 1, 1, 2))
        table = self.run_selvage("status", flow.file, "--data", flow.data, *where)
        self.assertEqual(table.returncode, 0)
        self.assertEqual(len(table.stdout.splitlines()), 2)
        missing = self.run_selvage("send", "nowhere", "x", *where)
        self.assertEqual(missing.returncode, 1)
        self.assert_one_sentence(missing.stderr, "does not exist")
        flow.leave(self)


if __name__ == "__main__":
    main()
