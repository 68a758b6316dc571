#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""Bad input of every kind: one clear sentence, the exit code of its kind, and nothing lost."""
import os
import pathlib
import socket
import unittest

from harness import LIMIT, Case, main

# Exit codes: src/base/exit_code.h.
FAILED, FILE, USAGE, UNREACHABLE, DISK_FULL, IN_USE, PORT, VERSION, CORRUPTION = (
    1, 2, 64, 69, 74, 75, 76, 77, 78)

HEAD = "selvage: 1\nname: x\nstages:\n"
# name, text, and what must be said, each with its line and column
BAD_FILES = [
    ("an unknown key", HEAD + "  a: { from: in, run: cat, tto: out }\n",
     ["4:28: unknown key 'tto'", "'to'?"]),
    ("an unknown key at the top",
     "selvage: 1\nname: x\nstage: {}\nstages: { a: { from: in, run: cat } }\n",
     ["3:1: unknown key 'stage'", "'stages'"]),
    ("a key of a later version", HEAD + "  a: { from: in, run: cat, join: {} }\n",
     ["4:28: 'join' is not supported"]),
    ("a text for a map", HEAD + "  a: { from: in, run: cat, workers: many }\n",
     ["4:37: workers must be a map"]),
    ("a list for a text", HEAD + "  a: { from: [in], run: cat }\n",
     ["4:14: from must be a text, not a list"]),
    ("a number without its unit", HEAD + "  a: { from: in, run: cat, deadline: 60 }\n",
     ["4:38: deadline needs a unit", "60s"]),
    ("a text for a number", HEAD + "  a: { from: in, run: cat, retry: { attempts: five } }\n",
     ["4:47: retry.attempts must be a whole number"]),
    ("a missing program beside the file", HEAD + "  a: { from: in, run: ./nobody }\n",
     ["4:23: there is no program", "nobody"]),
    ("a missing program in PATH", HEAD + "  a: { from: in, run: [no-such-program, x] }\n",
     ["4:24: there is no program 'no-such-program' in PATH"]),
    ("a program without its x bit", HEAD + "  a: { from: in, run: ./plain }\n",
     ["4:23: ", "may not be executed", "chmod +x"]),
    ("a program that is a directory", HEAD + "  a: { from: in, run: ./folder }\n",
     ["4:23: ", "is a directory"]),
    ("a circle of stages",
     HEAD + "  a: { from: in, run: cat, to: mid }\n  b: { from: mid, run: cat, to: in }\n",
     ["send in a circle", "a → b → a"]),
    ("a stage that feeds itself", HEAD + "  a: { from: in, run: cat, to: in }\n",
     ["4:32: ", "never leave"]),
    ("two stages of one name",
     HEAD + "  a: { from: in, run: cat }\n  a: { from: other, run: cat }\n",
     ["5:3: the stage 'a' stands here a second time", "line 4"]),
    ("two readers of one queue",
     HEAD + "  a: { from: in, run: cat }\n  b: { from: in, run: cat }\n",
     ["5:14: queue 'in' is already read by stage 'a'"]),
    ("another version of the format",
     "selvage: 7\nname: x\nstages: { a: { from: in, run: cat } }\n",
     ["1:10: ", "version 1"]),
    ("no YAML", "selvage: [1\n", ["not valid YAML"]),
    ("an empty file", "", ["1:1: the file is empty"]),
    ("binary rubbish", "\0\1\2\3\377", ["bad.yaml"]),
    ("an alias", HEAD + "  a: &x { from: in, run: cat }\n", ["4:"]),
    ("a shell's pipe", HEAD + "  a: { from: in, run: sort | uniq }\n",
     ["4:23: run has a '|'", "sh, -c"]),
]


class BadFiles(Case):
    def setUp(self):
        super().setUp()
        self.write("plain", "#!/bin/sh\n")
        (self.folder / "folder").mkdir()

    def test_check_reports_the_place_of_each_problem(self):
        for name, text, said in BAD_FILES:
            with self.subTest(name):
                self.write("bad.yaml", text)
                done = self.run_selvage("check", "bad.yaml")
                self.assertEqual(done.returncode, FILE, done.stderr)
                for words in said:
                    self.assertIn(words, done.stderr)
                self.assertRegex(done.stderr, r"(?m)^bad\.yaml(:\d+:\d+)?: ")
                self.assertIn("1 problem in bad.yaml", done.stderr)
                self.assertEqual(done.stdout, "")

    def test_up_refuses_the_same_files_and_starts_nothing(self):
        for name, text, said in BAD_FILES:
            with self.subTest(name):
                self.write("bad.yaml", text)
                done = self.run_selvage("up", "bad.yaml", "--data", "data", "--listen", "127.0.0.1:0")
                self.assertEqual(done.returncode, FILE, done.stderr)
                for words in said:
                    self.assertIn(words, done.stderr)
                self.assertFalse((self.folder / "data").exists())

    def test_every_problem_of_a_file_is_reported_at_once(self):
        self.write("bad.yaml", "selvage: 2\nnmae: x\nstages:\n"
                   "  a: { from: in, run: ./plain, deadline: 5 }\n")
        done = self.run_selvage("check", "bad.yaml")
        places = [line.split(": ")[0] for line in done.stderr.splitlines()]
        self.assertEqual(places, ["bad.yaml:1:1", "bad.yaml:1:10", "bad.yaml:2:1", "bad.yaml:4:23",
                                  "bad.yaml:4:42", "5 problems in bad.yaml"], done.stderr)

    def test_a_file_that_cannot_be_read_is_named(self):
        for path, why in (("nowhere.yaml", "cannot be read: "), ("folder", "this is a directory"),
                          ("no/such/folder.yaml", "cannot be read: ")):
            for words in (["check"], ["up"], ["status"]):
                with self.subTest(path=path, words=words):
                    done = self.run_selvage(*words, path)
                    self.assertEqual(done.returncode, FILE, done.stderr)
                    self.assertIn(f"{path}: {why}", done.stderr)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_file_without_read_permission_is_named(self):
        self.write("secret.yaml", HEAD, 0o000)
        done = self.run_selvage("check", "secret.yaml")
        self.assertEqual(done.returncode, FILE)
        self.assertIn("secret.yaml: cannot be read: Permission denied", done.stderr)

    def test_a_sound_file_is_shown_with_its_defaults_and_its_graph(self):
        self.write("good.yaml", HEAD + "  a: { from: in, run: cat, to: out }\n")
        done = self.run_selvage("check", "good.yaml")
        self.assertEqual((done.returncode, done.stdout), (0, "good.yaml is sound: 1 stage\n"))
        shown = self.run_selvage("check", "--print", "good.yaml")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for words in ("200ms..30s", "deadline: 1m", "in-dead", "a (1..8 + 1 spare)"):
            self.assertIn(words, shown.stdout)


class CommandLine(Case):
    def test_an_unknown_subcommand_or_option_is_a_usage_error(self):
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        for words in (["dance"], [], ["serve", "--colour"], ["up"], ["check"], ["send", "q"],
                      ["up", "w.yaml", "--drain", "5"], ["up", "w.yaml", "--drain", "soon"],
                      ["serve", "--threads", "many"], ["serve", "--memory", "--data", "d"]):
            with self.subTest(words=words):
                done = self.run_selvage(*words)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assertTrue(done.stderr.strip())
                self.assertNotIn("terminate called", done.stderr)

    def test_help_and_version_are_no_errors(self):
        for words in (["--help"], ["--version"], ["up", "--help"], ["serve", "--help"]):
            done = self.run_selvage(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.strip())

    def test_status_and_send_without_a_broker_say_so(self):
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        with socket.socket() as nobody:  # bound, but does not listen: connecting is refused
            nobody.bind(("127.0.0.1", 0))
            where = f"127.0.0.1:{nobody.getsockname()[1]}"
            for words in (["status", "w.yaml"], ["send", "q", "m"]):
                with self.subTest(words=words):
                    done = self.run_selvage(*words, "--listen", where)
                    self.assertEqual(done.returncode, UNREACHABLE, done.stderr)
                    self.assert_one_sentence(done.stderr, where)

    def test_an_address_that_is_none_is_a_usage_error(self):
        for listen in ("nonsense", "127.0.0.1", "127.0.0.1:99999", ":9324", "127.0.0.1:x"):
            with self.subTest(listen):
                done = self.run_selvage("serve", "--memory", "--listen", listen)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assert_one_sentence(done.stderr, listen)

    def test_an_address_that_others_can_reach_is_refused(self):
        for listen in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            with self.subTest(listen):
                done = self.run_selvage("serve", "--data", "data", "--listen", listen)
                self.assertEqual(done.returncode, USAGE, done.stderr)
                self.assert_one_sentence(done.stderr, "refusing to listen on", listen)
                self.assertFalse((self.folder / "data").exists())

    def test_up_refuses_such_an_address_in_one_sentence_too(self):
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        done = self.run_selvage("up", "w.yaml", "--data", "data", "--listen", "0.0.0.0:0")
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("refusing to listen on", done.stderr)
        self.assertNotIn("starting it again", done.stderr)


class Places(Case):
    """Data directories and ports that are not ours to take."""

    def serve(self, *arguments):
        return self.run_selvage("serve", "--data", "data", "--listen", "127.0.0.1:0", *arguments)

    def up(self, *arguments):
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        return self.run_selvage("up", "w.yaml", "--data", "data", "--listen", "127.0.0.1:0", *arguments)

    def test_data_of_another_version_are_left_alone(self):
        broker = self.broker()
        broker.create("q")
        self.assertEqual(broker.stop(), 0)
        mark = self.folder / "data/FORMAT"
        ours = mark.read_text()
        mark.write_text("selvage-data 99\n")
        done = self.serve()
        self.assertEqual(done.returncode, VERSION, done.stderr)
        self.assert_one_sentence(done.stderr, "99", "data")
        self.assertEqual(self.up().returncode, VERSION)
        self.assertEqual(mark.read_text(), "selvage-data 99\n")
        mark.write_text(ours)
        self.assertEqual(list(self.broker().statistics()), ["q"])

    def test_a_directory_of_something_else_is_left_alone(self):
        (self.folder / "data").mkdir()
        self.write("data/letter.txt", "dear reader")
        done = self.serve()
        self.assertEqual(done.returncode, VERSION, done.stderr)
        self.assert_one_sentence(done.stderr, "not a Selvage data directory")
        self.assertEqual([path.name for path in (self.folder / "data").iterdir()], ["letter.txt"])

    def test_damaged_data_are_reported_and_not_served(self):
        broker = self.broker()
        broker.create("q")
        self.assertEqual(broker.stop(), 0)
        (self.folder / "data/queues/CURRENT").write_text("nonsense\n")
        done = self.serve()
        self.assertEqual(done.returncode, CORRUPTION, done.stderr)
        self.assert_one_sentence(done.stderr, "data")

    def test_a_data_directory_has_one_broker(self):
        broker = self.broker()
        broker.create("q")
        done = self.serve()
        self.assertEqual(done.returncode, IN_USE, done.stderr)
        self.assert_one_sentence(done.stderr, "data", broker.pid)
        up = self.up()
        self.assertEqual(up.returncode, IN_USE, up.stderr)
        self.assertEqual(list(broker.statistics()), ["q"])

    def test_a_data_directory_has_one_root(self):
        flow = self.workflow("a: { from: a, run: ./program, to: b }")
        runners = flow.await_workers(2)
        done = self.run_selvage("up", flow.file, "--data", flow.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, IN_USE, done.stderr)
        self.assert_one_sentence(done.stderr, flow.data, flow.pid)
        self.assertEqual(flow.runners(), runners)
        flow.send("a", "echo m")
        flow.take_one("b")
        flow.leave(self)

    def test_a_port_in_use_is_named(self):
        broker = self.broker()
        done = self.run_selvage("serve", "--data", "other", "--listen", broker.address)
        self.assertEqual(done.returncode, PORT, done.stderr)
        self.assert_one_sentence(done.stderr, broker.address.split(":")[1], "in use")
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        up = self.run_selvage("up", "w.yaml", "--data", "third", "--listen", broker.address)
        self.assertEqual(up.returncode, PORT, up.stderr)
        self.assertIn("in use", up.stderr)
        self.assertNotIn("starting it again", up.stderr)
        self.assertEqual(broker.statistics(), {})

    def test_a_data_directory_that_cannot_be_made_is_named(self):
        self.write("file", "")
        for data in ("file", "file/below"):
            with self.subTest(data):
                done = self.run_selvage("serve", "--data", data, "--listen", "127.0.0.1:0")
                self.assertNotEqual(done.returncode, 0)
                self.assertGreater(done.returncode, 0)
                self.assert_one_sentence(done.stderr, data, "another --data directory")
        self.write("w.yaml", HEAD + "  a: { from: in, run: cat }\n")
        up = self.run_selvage("up", "w.yaml", "--data", "file/below", "--listen", "127.0.0.1:0")
        self.assertEqual(up.returncode, USAGE, up.stderr)
        self.assert_one_sentence(up.stderr, "file/below")


class Rubbish(Case):
    """What a port gets to hear. The broker answers or hangs up, and serves everybody else."""

    def setUp(self):
        super().setUp()
        self.server = self.broker("--memory")
        self.server.create("q")

    def say(self, raw, half_close=False):
        """What the broker answers to these bytes, until it hangs up. To it, half a close is one."""
        host, port = self.server.address.split(":")
        with socket.create_connection((host, int(port)), LIMIT) as line:
            try:
                line.sendall(raw)
                if half_close:
                    line.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has hung up already
            heard = b""
            try:
                while chunk := line.recv(1 << 16):
                    heard += chunk
            except ConnectionResetError:
                pass
            return heard

    def post(self, body, target="AmazonSQS.SendMessage"):
        return (f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {target}\r\n"
                f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def tearDown(self):
        self.server.send("q", "still here")
        self.assertEqual(self.server.take_one("q")["Body"], "still here")
        self.assertEqual(self.server.stop(), 0)
        super().tearDown()

    def test_what_is_no_http_is_refused(self):
        for raw in (b"\0" * 1000, bytes(range(256)) * 10, b"hello\r\n\r\n", b"GET\r\n\r\n",
                    b"POST / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                    b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                    b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
                    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with self.subTest(raw=raw[:40]):
                heard = self.say(raw, half_close=True)
                self.assertIn(heard[:10], (b"", b"HTTP/1.1 4", b"HTTP/1.1 5"), heard[:200])

    def test_too_much_is_refused_before_it_is_kept(self):
        heads = b"POST / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n"
        self.assertRegex(self.say(heads), rb"^(HTTP/1.1 4\d\d|$)")
        announced = b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n"
        self.assertRegex(self.say(announced), rb"^HTTP/1.1 413")
        long_line = b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n"
        self.assertRegex(self.say(long_line), rb"^(HTTP/1.1 4\d\d|$)")

    def test_a_body_that_is_no_request_is_a_client_error(self):
        for body in (b"", b"nonsense", b"[]", b"{", b'{"QueueUrl": 5}', b'{"QueueUrl": null}',
                     b"\xff\xfe", b"{}", b"[" * 100_000,
                     b'{"MessageBody": "\\ud800", "QueueUrl": "http://x/0/q"}'):
            with self.subTest(body=body[:40]):
                heard = self.say(self.post(body))
                self.assertTrue(heard.startswith(b"HTTP/1.1 400"), heard[:300])
                self.assertIn(b'"__type"', heard)

    def test_ours_refuse_nonsense_too(self):
        for target in ("Receive", "HandOver", "Return", "Fail", "SetRetryPolicy", "CloseSession"):
            for body in (b"{}", b"[]", b"nonsense", b'{"Entries": []}', b'{"Entries": 3}',
                         b'{"Entries": [{"ReceiptHandle": 1}]}', b'{"Entries": [[]]}',
                         b'{"SessionId": "x", "QueueUrl": "http://x/0/none"}'):
                with self.subTest(target=target, body=body):
                    heard = self.say(self.post(body, f"Selvage.{target}"))
                    self.assertTrue(heard.startswith(b"HTTP/1.1 4"), heard[:300])

    def test_a_lease_that_never_was_is_gone(self):
        for target in ("HandOver", "Return", "Fail"):
            for handle in ("zz", "01" + 48 * "0", "x" * 5000):
                answer = self.server.call(f"Selvage.{target}", Entries=[{"ReceiptHandle": handle}])
                self.assertEqual(answer["Results"], [{"Outcome": "LeaseGone"}])

    def test_unknown_operations_and_methods_are_told(self):
        for target in ("AmazonSQS.Dance", "Selvage.Dance", "x" * 5000):
            heard = self.say(self.post(b"{}", target))
            self.assertTrue(heard.startswith(b"HTTP/1.1 400"), heard[:300])
        rest = b" HTTP/1.1\r\nConnection: close\r\n\r\n"
        for line in (b"GET /000000000000/q", b"DELETE /q", b"BREW /coffee"):
            self.assertRegex(self.say(line + rest), rb"^HTTP/1.1 4")
        self.assertRegex(self.say(b"GET /healthz" + rest), rb"^HTTP/1.1 200")

    def test_half_a_request_does_not_keep_the_broker_from_ending(self):
        host, port = self.server.address.split(":")
        lines = [socket.create_connection((host, int(port)), LIMIT) for _ in range(20)]
        for line in lines:
            self.addCleanup(line.close)
            line.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        # tearDown asks for the end, which must come although they all wait


if __name__ == "__main__":
    main()
