#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=180 parallel
"""Every command on queues and messages against a running broker: what it does, what it prints for
people and for programs, its exit codes, and sentences that say what to do next."""
import json
import os
import pty
import socket
import subprocess
import unittest
import uuid

from harness import LIMIT, SELVAGE, Case, eventually, main

# Exit codes: src/base/exit_code.h.
OK, FAILED, USAGE, UNREACHABLE = 0, 1, 64, 69
ID = r"[0-9a-f-]{36}"


class Commands(Case):
    """A broker in memory, and the commands pointed at it."""

    def setUp(self):
        super().setUp()
        self.server = self.broker("--memory")

    def try_it(self, *words, given=None):
        """Runs a command; `given` is its standard input (text), by default nothing."""
        return subprocess.run([SELVAGE, *map(str, words), "--broker", self.server.address],
                              input=given or "", capture_output=True, text=True, cwd=self.folder,
                              timeout=LIMIT)

    def do(self, *words, given=None):
        """What a command printed; it must succeed."""
        done = self.try_it(*words, given=given)
        self.assertEqual(done.returncode, OK, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def ask(self, *words, given=None):
        """What a command printed for programs: a list of objects, one a line."""
        return [json.loads(line) for line in self.do(*words, "--json", given=given).splitlines()]

    def assert_refused(self, code, words, *said, given=None):
        done = self.try_it(*words, given=given)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "")
        for text in said:
            self.assertIn(text, done.stderr)
        self.assertLessEqual(len(done.stderr.splitlines()), 2, done.stderr)  # the parser adds one

    def create(self, *names):
        for name in names:
            self.do("queue", "create", name)

    def send(self, queue, body, *more):
        return self.do("send", queue, body, *more).strip()

    def bodies(self, queue):
        return [message["body"] for message in self.ask("receive", queue, "--max", 10, "--delete")]


class Queues(Commands):
    def test_a_new_queue_is_listed_and_shown_with_its_settings(self):
        self.create("orders-dead", "mail")
        made = self.do("queue", "create", "orders", "--visibility", "2m", "--delay", "5s",
                       "--retention", "1d", "--wait", "3s", "--max-size", "64KiB", "--dead-letters",
                       "orders-dead", "--max-receives", "7", "--tag", "team=shop", "--tag", "a=b=c")
        self.assertRegex(made, r"^orders is ready: http://.*/orders\n$")
        attributes = {"VisibilityTimeout": "120", "DelaySeconds": "5",
                      "MessageRetentionPeriod": "86400", "ReceiveMessageWaitTimeSeconds": "3",
                      "MaximumMessageSize": "65536"}
        (shown,) = self.ask("queue", "show", "orders")
        self.assertEqual(shown["name"], "orders")
        self.assertLessEqual(attributes.items(), shown["attributes"].items())
        self.assertEqual(shown["tags"], {"team": "shop", "a": "b=c"})
        (dead,) = self.ask("queue", "show", "orders-dead")
        self.assertEqual(dead["dead_letters_of"], ["orders"])
        table = self.do("queue", "show", "orders")
        for row in (r"kind +standard", r"visible +0", r"visibility +2m", r"delay +5s",
                    r"retention +1d", r"max size +64KiB", r"dead letters +to orders-dead after 7",
                    r"tag +team=shop"):
            self.assertRegex(table, rf"(?m)^  {row}")
        self.assertRegex(self.do("queue", "show", "orders-dead"),
                         r"takes dead letters of +orders")
        self.assertEqual([one["name"] for one in self.ask("queue", "list")],
                         ["mail", "orders", "orders-dead"])
        self.assertEqual([one["name"] for one in self.ask("queue", "list", "orders")],
                         ["orders", "orders-dead"])

    def test_creating_twice_is_fine_unless_the_settings_differ(self):
        self.do("queue", "create", "q", "--visibility", "1m")
        self.do("queue", "create", "q", "--visibility", "1m")
        self.do("queue", "create", "q")
        self.assert_refused(FAILED, ["queue", "create", "q", "--visibility", "2m"],
                            "there already", "selvage queue set q")

    def test_a_fifo_queue_is_made_by_its_name(self):
        self.create("a.fifo")
        self.do("queue", "create", "b.fifo", "--fifo", "--content-dedup")
        (shown,) = self.ask("queue", "show", "b.fifo")
        self.assertEqual((shown["attributes"]["FifoQueue"],
                          shown["attributes"]["ContentBasedDeduplication"]), ("true", "true"))
        self.assertRegex(self.do("queue", "show", "a.fifo"), r"kind +FIFO")
        self.assert_refused(USAGE, ["queue", "create", "c", "--fifo"], "queue create c.fifo")
        self.assert_refused(USAGE, ["queue", "create", "c", "--content-dedup"], "c.fifo")

    def test_set_changes_what_is_said_and_nothing_else(self):
        self.create("dead")
        self.do("queue", "create", "q", "--delay", "5s", "--dead-letters", "dead")
        self.assertIn("changed q", self.do("queue", "set", "q", "--visibility", "1m30s",
                                           "--tag", "x=y"))
        (shown,) = self.ask("queue", "show", "q")
        self.assertEqual((shown["attributes"]["VisibilityTimeout"],
                          shown["attributes"]["DelaySeconds"], shown["tags"]),
                         ("90", "5", {"x": "y"}))
        self.assertIn("RedrivePolicy", shown["attributes"])
        self.do("queue", "set", "q", "--no-dead-letters")
        (shown,) = self.ask("queue", "show", "q")
        self.assertNotIn("RedrivePolicy", shown["attributes"])
        self.assert_refused(USAGE, ["queue", "set", "q"], "nothing to change")

    def test_purge_and_delete_say_what_went(self):
        self.create("a", "b")
        for body in "xyz":
            self.send("a", body)
        self.assertEqual(self.do("queue", "purge", "a", "--yes"), "purged a (3 messages)\n")
        self.assertEqual(self.ask("queue", "list", "a")[0]["visible"], 0)
        self.send("b", "x")
        self.assertEqual(self.do("queue", "delete", "a", "b", "--yes"),
                         "deleted a (0 messages)\ndeleted b (1 message)\n")
        self.assertEqual(self.ask("queue", "list"), [])

    def test_nothing_is_lost_without_a_yes(self):
        self.create("a")
        self.send("a", "x")
        for command in ("delete", "purge"):
            self.assert_refused(USAGE, ["queue", command, "a"], f"this would {command} a with 1 "
                                "message", "--yes")
        self.assertEqual(self.bodies("a"), ["x"])

    def answer_at_terminal(self, answer, *words):
        """A person who is asked; returns the exit code and what was asked."""
        person, terminal = pty.openpty()
        try:
            child = subprocess.Popen([SELVAGE, *words, "--broker", self.server.address],
                                     stdin=terminal, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True, cwd=self.folder)
            os.write(person, answer)
            _, asked = child.communicate(timeout=LIMIT)
            return child.returncode, asked
        finally:
            os.close(person)
            os.close(terminal)

    def test_a_person_at_a_terminal_is_asked(self):
        self.create("a")
        code, asked = self.answer_at_terminal(b"n\n", "queue", "delete", "a")
        self.assertEqual(code, FAILED)
        self.assertIn("delete a with 0 messages? [y/N]", asked)
        self.assertIn("nothing was done", asked)
        self.assertEqual(len(self.ask("queue", "list")), 1)
        code, _ = self.answer_at_terminal(b"y\n", "queue", "delete", "a")
        self.assertEqual(code, OK)
        self.assertEqual(self.ask("queue", "list"), [])

    def test_delete_does_nothing_when_one_queue_is_missing(self):
        self.create("a")
        self.assert_refused(FAILED, ["queue", "delete", "a", "nowhere", "--yes"], "'nowhere'")
        self.assertEqual(len(self.ask("queue", "list")), 1)

    def test_an_empty_broker_says_how_to_begin(self):
        done = self.try_it("queue", "list")
        self.assertEqual((done.returncode, done.stdout), (OK, ""))
        self.assertIn("selvage queue create NAME", done.stderr)
        self.create("a")
        self.assertIn("begins with 'z'", self.try_it("queue", "list", "z").stderr)


class Messages(Commands):
    def test_what_is_sent_is_received_once_with_delete(self):
        self.create("q")
        sent = self.send("q", "hello", "--attribute", "kind=greeting", "--group", "g")
        self.assertRegex(sent, rf"^{ID}$")
        done = self.try_it("receive", "q", "--delete")
        self.assertEqual(done.returncode, OK, done.stderr)
        for row in (rf"^message {sent}$", r"queue +q$", r"group +g$",
                    r"attribute +kind=greeting$", r"body +hello$"):
            self.assertRegex(done.stdout, rf"(?m){row}")
        self.assertIn("acknowledged 1 message", done.stderr)
        self.assertEqual(self.ask("peek", "q"), [])

    def test_without_delete_it_is_leased_and_ack_ends_it(self):
        self.create("q")
        self.send("q", "m")
        done = self.try_it("receive", "q", "--visibility", "5m")
        self.assertIn("leased 1 message for 5m", done.stderr)
        self.assertIn("selvage ack q", done.stderr)
        (leased,) = self.ask("peek", "q")
        self.assertEqual((leased["state"], leased["taken"]), ("InFlight", 1))
        receipt = next(line.split()[1] for line in done.stdout.splitlines()
                       if line.split()[0] == "receipt")
        self.assertEqual(self.do("ack", "q", receipt), "acknowledged 1 message\n")
        self.assertEqual(self.ask("peek", "q"), [])
        self.assert_refused(FAILED, ["ack", "q", "nonsense"], "ReceiptHandleIsInvalid")

    def test_a_lease_that_runs_out_brings_the_message_back(self):
        self.create("q")
        self.send("q", "m")
        self.ask("receive", "q", "--visibility", "50ms")
        self.assertEqual([one["body"] for one in self.ask("receive", "q", "--wait", "20s")], ["m"])

    def test_a_body_comes_from_standard_input_unchanged(self):
        self.create("q")
        text = '{"a": [1, 2]}\n\tü "quoted"\n'
        self.do("send", "q", "-", given=text)
        self.send("q", "[1,2]")
        self.assertEqual(self.bodies("q"), [text, "[1,2]"])

    def test_lines_are_messages_and_empty_ones_are_none(self):
        self.create("q")
        lines = [f"line {number}" for number in range(25)]
        done = self.try_it("send", "q", "--lines", given="\n".join(lines) + "\n\n")
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertEqual(len(set(done.stdout.split())), 25)
        self.assertIn("1 empty line skipped", done.stderr)
        self.assertEqual([one["body"] for one in self.ask("peek", "q", "--max", 100)], lines)

    def test_a_line_that_is_refused_is_named_and_the_others_are_sent(self):
        self.do("queue", "create", "q", "--max-size", "1KiB")
        done = self.try_it("send", "q", "--lines", given=f"a\n{'x' * 1025}\nb\n")
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_sentence(done.stderr, "line 2 was not sent")
        self.assertEqual(len(done.stdout.split()), 2)
        self.assertEqual(self.bodies("q"), ["a", "b"])

    def test_a_fifo_queue_wants_a_group_and_drops_duplicates(self):
        self.create("q.fifo")
        self.assert_refused(FAILED, ["send", "q.fifo", "m", "--dedup-id", "d"], "was not sent")
        for body in ("one", "two"):
            (sent,) = self.ask("send", "q.fifo", body, "--group", "g", "--dedup-id", "d")
            self.assertTrue(sent["sequence"])
        self.assertEqual(self.bodies("q.fifo"), ["one"])

    def test_of_several_queues_an_earlier_one_is_preferred(self):
        self.create("low", "high")
        self.send("low", "l")
        self.send("high", "h")
        both = self.ask("receive", "high", "low", "--max", 10, "--delete")
        self.assertEqual([(one["queue"], one["body"]) for one in both][:1], [("high", "h")])
        both += self.ask("receive", "high", "low", "--max", 10, "--delete")
        self.assertEqual(sorted((one["queue"], one["body"]) for one in both),
                         [("high", "h"), ("low", "l")])

    def test_a_receive_waits_for_a_message_of_any_of_its_queues(self):
        self.create("a", "b")
        waiting = subprocess.Popen([SELVAGE, "receive", "a", "b", "--wait", "20s", "--json",
                                    "--broker", self.server.address], stdout=subprocess.PIPE,
                                   text=True, cwd=self.folder)
        self.send("b", "m")
        said, _ = waiting.communicate(timeout=LIMIT)
        self.assertEqual(json.loads(said)["body"], "m")

    def test_nothing_to_receive_is_no_failure(self):
        self.create("q")
        done = self.try_it("receive", "q")
        self.assertEqual((done.returncode, done.stdout), (OK, ""))
        self.assertIn("--wait", done.stderr)
        self.assertIn("within 1s", self.try_it("receive", "q", "--wait", "1s").stderr)
        self.assertEqual(self.ask("receive", "q"), [])

    def test_what_could_not_be_printed_is_not_deleted(self):
        self.create("q")
        self.send("q", "m")
        with open("/dev/full", "w") as full:
            done = subprocess.run([SELVAGE, "receive", "q", "--delete", "--visibility", "50ms",
                                   "--broker", self.server.address], stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=LIMIT)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("nothing was deleted", done.stderr)
        self.assertEqual([one["body"] for one in self.ask("receive", "q", "--wait", "20s")], ["m"])


class Waiting(Commands):
    def test_peek_shows_states_and_changes_nothing(self):
        self.create("q")
        self.send("q", "leased")
        self.ask("receive", "q", "--visibility", "10m")
        self.send("q", "there")
        self.send("q", "later", "--delay", "300d")
        for _ in range(2):
            states = {one["body"]: one["state"] for one in self.ask("peek", "q")}
            self.assertEqual(states, {"leased": "InFlight", "there": "Visible", "later": "Delayed"})
        for word, body in (("visible", "there"), ("in-flight", "leased"), ("delayed", "later")):
            self.assertEqual([one["body"] for one in self.ask("peek", "q", "--state", word)], [body])
        table = self.do("peek", "q").splitlines()
        self.assertEqual(len(table), 4, table)
        self.assertRegex(table[0], r"^id +state +visible from +taken +failed +body$")

    def test_peek_at_one_message_says_everything(self):
        self.create("q")
        sent = self.send("q", "m", "--attribute", "k=v")
        self.send("q", "another")
        shown = self.do("peek", "q", "--id", sent)
        for row in (rf"^message {sent}$", r"state +visible$", r"attribute +k=v$", r"body +m$"):
            self.assertRegex(shown, rf"(?m){row}")
        self.assert_refused(FAILED, ["peek", "q", "--id", uuid.uuid4()], "q has no message")

    def test_peek_pages_as_far_as_asked(self):
        self.create("q")
        self.do("send", "q", "--lines", given="".join(f"{n}\n" for n in range(250)))
        self.assertEqual([one["body"] for one in self.ask("peek", "q", "--max", 230)],
                         [str(n) for n in range(230)])
        self.assertIn("there are more", self.try_it("peek", "q").stderr)
        self.assertEqual(self.try_it("peek", "q", "--max", 300).stderr, "")

    def test_a_message_that_waits_can_be_taken_back_once(self):
        self.create("q")
        sent = self.send("q", "m", "--delay", "2d")
        self.assertEqual(self.do("cancel", "q", sent), f"{sent} taken back\n")
        self.assert_refused(FAILED, ["cancel", "q", sent], "q has no such message")
        self.assertEqual(self.ask("peek", "q"), [])

    def test_a_leased_message_is_not_taken_back(self):
        self.create("q")
        sent = self.send("q", "m")
        self.ask("receive", "q", "--visibility", "10m")
        self.assert_refused(FAILED, ["cancel", "q", sent], "it is leased")
        done = self.try_it("cancel", "q", sent, "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)),
                         (FAILED, {"id": sent, "outcome": "Held"}))

    def test_a_delay_can_be_cut_short(self):
        self.create("q")
        sent = self.send("q", "m", "--delay", "360d")
        self.assertEqual(self.ask("receive", "q"), [])
        self.assertEqual(self.do("reschedule", "q", sent, "--delay", "0s"),
                         f"{sent} rescheduled: visible now\n")
        self.assertEqual(self.bodies("q"), ["m"])

    def test_a_waiting_message_moves_to_another_queue(self):
        self.create("q", "r", "f.fifo")
        sent = self.send("q", "m", "--delay", "1d")
        self.assertEqual(self.do("reschedule", "q", sent, "--to", "r", "--delay", "1h"),
                         f"{sent} moved to r, visible in 1h\n")
        self.assertEqual(self.ask("peek", "q"), [])
        (moved,) = self.ask("peek", "r")
        self.assertEqual((moved["body"], moved["state"]), ("m", "Delayed"))
        self.assert_refused(FAILED, ["reschedule", "r", moved["id"], "--to", "f.fifo"],
                            "do not exchange messages")
        self.assert_refused(FAILED, ["reschedule", "r", moved["id"], "--to", "nowhere"],
                            "does not exist")
        self.assert_refused(USAGE, ["reschedule", "r", moved["id"]], "--delay 5m")


class Redriving(Commands):
    def setUp(self):
        super().setUp()
        self.create("dead", "other")
        self.do("queue", "create", "q", "--dead-letters", "dead", "--max-receives", "1")

    def die(self, *bodies):
        """Each message is received once and comes back, and then once more: it is dead."""
        for body in bodies:
            self.send("q", body)
            self.ask("receive", "q", "--visibility", "1ms", "--wait", "20s")

        def question():
            self.ask("receive", "q", "--visibility", "1ms")
            return self.ask("queue", "list", "dead")[0]["visible"] == len(bodies)
        eventually(question, f"{len(bodies)} messages have died")

    def test_dead_letters_go_back_where_they_died(self):
        self.die("a", "b")
        self.assertEqual({one["dead_letter_source"].split("/")[-1].split(":")[-1]
                          for one in self.ask("peek", "dead")}, {"q"})
        self.assertEqual(self.do("redrive", "dead", "--wait"),
                         "COMPLETED: moved 2 messages to where they died\n")
        self.assertEqual(sorted(self.bodies("q")), ["a", "b"])
        (listed,) = self.ask("redrive", "--list", "dead")
        self.assertEqual((listed["status"], listed["moved"]), ("COMPLETED", 2))
        self.assertRegex(self.do("redrive", "--list", "dead"), r"COMPLETED +2 ")

    def test_dead_letters_go_where_they_are_told(self):
        self.die("a")
        self.assertEqual(self.do("redrive", "dead", "--to", "other", "--wait"),
                         "COMPLETED: moved 1 message to other\n")
        self.assertEqual(self.bodies("other"), ["a"])

    def test_a_slow_move_can_be_stopped(self):
        self.die("a", "b", "c", "d")
        started = self.do("redrive", "dead", "--rate", "1")
        self.assertIn("selvage redrive --list dead", started)
        self.assertEqual(self.ask("redrive", "--list", "dead")[0]["status"], "RUNNING")
        self.assertIn("stopped;", self.do("redrive", "--cancel", "dead"))
        eventually(lambda: self.ask("redrive", "--list", "dead")[0]["status"] == "CANCELLED",
                   "the move has stopped")
        self.assertGreater(self.ask("queue", "list", "dead")[0]["visible"], 0)
        self.assert_refused(FAILED, ["redrive", "--cancel", "dead"], "nothing is being moved")

    def test_only_a_dead_letter_queue_is_redriven(self):
        self.assert_refused(FAILED, ["redrive", "other"], "other is no dead-letter queue",
                            "--dead-letters other")
        done = self.try_it("redrive", "--list", "dead")
        self.assertEqual((done.returncode, done.stdout), (OK, ""))
        self.assertIn("to start: selvage redrive dead", done.stderr)


class Sentences(Commands):
    def test_a_queue_that_does_not_exist_is_named_with_the_one_that_was_meant(self):
        self.create("orders", "mail")
        for words in (["send", "ordres", "m"], ["receive", "ordres"], ["receive", "mail", "ordres"],
                      ["peek", "ordres"], ["cancel", "ordres", uuid.uuid4()],
                      ["reschedule", "ordres", uuid.uuid4(), "--delay", "1s"],
                      ["queue", "show", "ordres"], ["queue", "purge", "ordres", "--yes"],
                      ["queue", "set", "ordres", "--delay", "1s"], ["redrive", "ordres"],
                      ["redrive", "--list", "ordres"], ["redrive", "mail", "--to", "ordres"],
                      ["queue", "create", "new", "--dead-letters", "ordres"]):
            with self.subTest(words=words):
                self.assert_refused(FAILED, words, "queue 'ordres' does not exist",
                                    "did you mean 'orders'?", "selvage queue create ordres")

    def test_without_a_broker_each_command_says_how_to_start_one(self):
        with socket.socket() as nobody:  # bound, but does not listen: connecting is refused
            nobody.bind(("127.0.0.1", 0))
            where = f"127.0.0.1:{nobody.getsockname()[1]}"
            for words in (["queue", "list"], ["queue", "create", "q"], ["queue", "show", "q"],
                          ["queue", "delete", "q", "--yes"], ["send", "q", "m"], ["receive", "q"],
                          ["ack", "q", "r"], ["peek", "q"], ["cancel", "q", "i"], ["redrive", "q"],
                          ["reschedule", "q", "i", "--delay", "1s"]):
                with self.subTest(words=words):
                    done = self.run_selvage(*words, "--broker", where)
                    self.assertEqual(done.returncode, UNREACHABLE, done.stderr)
                    self.assert_one_sentence(done.stderr, where, "selvage serve", "--broker")

    def test_the_old_spelling_of_the_brokers_place_still_works(self):
        self.create("q")
        done = self.run_selvage("send", "q", "m", "--listen", self.server.address)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertNotIn("--listen", self.run_selvage("send", "--help").stdout)

    def test_values_that_make_no_sense_are_usage_errors(self):
        for words, said in ((["send", "q"], "--lines"),
                            (["send", "q", "m", "--lines"], "leave the body out"),
                            (["send", "q", "--lines", "--dedup-id", "d"], "one message"),
                            (["send", "q", "m", "--delay", "400d"], "the most is 366d"),
                            (["send", "q", "m", "--delay", "5"], "write 5s"),
                            (["send", "q", "m", "--attribute", "x"], "name=value"),
                            (["send", "q", ""], "at least one character"),
                            (["receive", "q", "--max", "11"], "1 to 10"),
                            (["receive", "q", "--wait", "21s"], "the most is 20s"),
                            (["receive", *"abcdefghijk"], "at most 10 queues"),
                            (["peek", "q", "--state", "gone"], "in-flight"),
                            (["queue", "create", "q", "--visibility", "500ms"], "whole number"),
                            (["queue", "create", "q", "--retention", "1s"], "the least is 1m"),
                            (["queue", "create", "q", "--max-size", "2MiB"], "1MiB"),
                            (["queue", "create", "q", "--max-receives", "5"], "--dead-letters"),
                            (["queue", "lsit"], "did you mean 'list'?"),
                            (["redrive", "q", "--list", "--to", "r"], "--list"),
                            (["redrive", "q", "--rate", "501"], "1 to 500")):
            with self.subTest(words=words):
                self.assert_refused(USAGE, words, said)

    def test_every_command_explains_itself(self):
        for words in (["queue"], ["queue", "list"], ["queue", "create"], ["queue", "show"],
                      ["queue", "set"], ["queue", "delete"], ["queue", "purge"], ["send"],
                      ["receive"], ["ack"], ["peek"], ["cancel"], ["reschedule"], ["redrive"]):
            with self.subTest(words=words):
                done = self.run_selvage(*words, "--help")
                self.assertEqual((done.returncode, done.stderr), (OK, ""))
                self.assertIn(" ".join(["Usage: selvage", *words]), done.stdout)
        self.assertIn("COME BACK", self.run_selvage("receive", "--help").stdout)


if __name__ == "__main__":
    main()
