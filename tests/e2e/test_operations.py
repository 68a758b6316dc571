#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=240
"""What operators see of a server: health, readiness, metrics, logs, settings, its end, systemd."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from harness import LIMIT, ROOT, SELVAGE, Case, Tree, Wire, eventually, kill, main
from raw import Key

USAGE = 64
KEYS = """selvage-credentials: 1
keys:
  - { id: AKIATEST, secret: wJalrXUtnFEMIK7MDENG, allow: everything }
  - { id: AKIASHOP, secret: wJalrXUtnFEMIK7MDENG, allow: [{ queues: orders, actions: "*" }] }
"""


def get(address, path, headers=None):
    """Status and text."""
    asked = urllib.request.Request(f"http://{address}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=LIMIT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def samples(text):
    """Every sample of a page in Prometheus' text format, by name with labels; checks the form."""
    found, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            if what == "TYPE":
                assert name not in typed, f"{name} begins twice"
                typed.add(name)
            assert what in ("HELP", "TYPE") and rest, line
            continue
        match = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})? (\S+)', line)
        assert match, line
        family = re.sub(r"_(bucket|sum|count)$", "", match[1])
        assert family in typed or match[1] in typed, f"{line}: of no family"
        assert match[1] + (match[2] or "") not in found, f"{line}: twice"
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


def logged(tree):
    """The lines of a log in JSON."""
    return [json.loads(line) for line in tree.errors().splitlines()]


class Operations(Case):
    def metrics(self, address):
        status, text = get(address, "/metrics")
        self.assertEqual(status, 200, text)
        return samples(text)

    def own_address(self, broker):
        """That of --metrics-listen, from the log."""
        def question():
            found = [line["address"] for line in logged(broker) if "address of their own" in line["message"]]
            return found and found[0]
        return eventually(question, "the log tells the address of the metrics")


class Health(Operations):
    def test_a_server_says_that_it_lives_and_is_ready(self):
        broker = self.broker("--memory")
        self.assertEqual(get(broker.address, "/healthz"), (200, "ok\n"))
        self.assertEqual(get(broker.address, "/readyz"), (200, "ready\n"))

    def test_the_queues_keep_every_other_path(self):
        broker = self.broker("--memory")
        self.assertEqual(get(broker.address, "/")[0], 200)
        self.assertEqual(get(broker.address, "/metricsx")[0], 400)


class Metrics(Operations):
    def test_the_metrics_tell_what_was_done(self):
        broker = self.broker()
        broker.create("orders")
        broker.create("odd")
        for n in range(3):
            broker.send("orders", f"m{n}")
        broker.send("orders", "late", DelaySeconds=900)
        taken, = broker.receive("orders", count=1)
        self.assertEqual(len(broker.receive("orders", count=1)), 1)
        broker.call("AmazonSQS.DeleteMessage", QueueUrl=broker.url("orders"),
                    ReceiptHandle=taken["ReceiptHandle"])
        self.assertEqual(broker.receive("odd"), [])
        found = self.metrics(broker.address)

        def of(name, queue):
            return found[f'selvage_queue_{name}{{queue="{queue}"}}']
        states = ("visible", "in_flight", "delayed")
        self.assertEqual([of(f"messages_{state}", "orders") for state in states], [1, 1, 1])
        self.assertEqual(of("messages_sent_total", "orders"), 4)
        self.assertEqual(of("messages_received_total", "orders"), 2)
        self.assertEqual(of("messages_deleted_total", "orders"), 1)
        self.assertEqual(of("empty_receives_total", "odd"), 1)
        self.assertEqual(of("oldest_message_age_seconds", "odd"), 0)
        self.assertGreater(of("oldest_message_age_seconds", "orders"), 0)
        self.assertEqual(found["selvage_queues"], 2)
        self.assertEqual(found['selvage_http_requests_total{action="SendMessage",status="200"}'], 4)
        self.assertEqual(found['selvage_http_request_duration_seconds_count{action="SendMessage"}'], 4)
        self.assertGreater(found["selvage_commit_answers_count"], 5)
        self.assertEqual(found['selvage_sync_duration_seconds_bucket{le="+Inf"}'],
                         found["selvage_sync_duration_seconds_count"])
        self.assertGreater(found["selvage_store_disk_bytes"], 0)
        self.assertGreater(found["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(found["process_cpu_seconds_total"], 0)
        self.assertLess(abs(found["process_start_time_seconds"] - time.time()), 600)
        self.assertEqual(found["selvage_ready"], 1)

    def test_dead_letters_are_counted_where_they_came_from(self):
        broker = self.broker("--memory")
        broker.create("dead")
        broker.create("q", RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1}))
        broker.send("q", "poison")
        self.assertEqual(len(broker.receive("q", visibility=0)), 1)
        self.assertEqual(broker.receive("q"), [])
        found = self.metrics(broker.address)
        self.assertEqual(found['selvage_queue_messages_dead_lettered_total{queue="q"}'], 1)
        self.assertEqual(found['selvage_queue_messages_visible{queue="dead"}'], 1)

    def test_refused_requests_are_counted_by_their_status(self):
        broker = self.broker("--memory")
        status, _ = get(broker.address, "/?Action=Nonsense")
        self.assertEqual(status, 400)
        status, _ = get(broker.address, "/?Action=GetQueueUrl&QueueName=none")
        self.assertEqual(status, 400)
        found = self.metrics(broker.address)
        self.assertEqual(found['selvage_http_requests_total{action="unknown",status="400"}'], 1)
        self.assertEqual(found['selvage_http_requests_total{action="GetQueueUrl",status="400"}'], 1)

    def test_totals_survive_a_restart_and_counters_of_the_process_begin_anew(self):
        broker = self.broker()
        broker.create("q")
        self.assertEqual(broker.receive("q"), [])
        broker.send("q", "x")
        self.assertEqual(broker.stop(), 0)
        broker = self.broker()
        found = self.metrics(broker.address)
        self.assertEqual(found['selvage_queue_messages_sent_total{queue="q"}'], 1)
        self.assertEqual(found['selvage_queue_empty_receives_total{queue="q"}'], 1)
        self.assertFalse([name for name in found if "SendMessage" in name])

    def test_with_keys_metrics_need_one_and_an_address_of_their_own_does_not(self):
        keys = self.write("keys.yaml", KEYS, 0o600)
        broker = self.broker("--credentials", keys, "--metrics-listen", "127.0.0.1:0")
        status, text = get(broker.address, "/metrics")
        self.assertEqual(status, 403)
        self.assertIn("--metrics-listen", text)
        self.assertEqual(get(broker.address, "/healthz")[0], 200)
        self.assertEqual(get(broker.address, "/readyz")[0], 200)
        own = self.own_address(broker)
        self.assertEqual(self.metrics(own)["selvage_queues"], 0)
        self.assertEqual(get(own, "/readyz"), (200, "ready\n"))
        self.assertEqual(get(own, "/?Action=ListQueues")[0], 404)

    def test_a_key_that_may_see_all_queues_may_see_their_metrics(self):
        keys = self.write("keys.yaml", KEYS, 0o600)
        broker = self.broker("--credentials", keys)

        def ask_as(key):
            return get(broker.address, "/metrics",
                       Key(key, "wJalrXUtnFEMIK7MDENG").headers(b"", {"Host": broker.address}, method="GET",
                                                                target="/metrics"))
        self.assertEqual(ask_as("AKIATEST")[0], 200)
        self.assertEqual(ask_as("AKIASHOP")[0], 403)
        self.assertEqual(ask_as("AKIANONE")[0], 403)

    def test_a_metrics_address_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            where = f"127.0.0.1:{taken.getsockname()[1]}"
            done = self.run_selvage("serve", "--memory", "--listen", "127.0.0.1:0", "--metrics-listen", where)
        self.assertEqual(done.returncode, 76, done.stderr)
        self.assert_one_sentence(done.stderr, where.split(":")[1], "in use")


class Logs(Operations):
    def test_where_no_person_reads_the_log_is_json(self):
        broker = self.broker("--memory")
        self.assertEqual(broker.stop(), 0)
        lines = logged(broker)
        self.assertEqual([line["message"].split(":")[0] for line in lines], ["ready", "stopping"])
        for line in lines:
            self.assertEqual((line["level"], line["role"], line["pid"]), ("info", "broker", broker.pid))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(lines[0]["address"], f"http://{broker.address}")
        self.assertEqual(lines[0]["durability"], "memory")

    def test_people_can_ask_for_theirs_and_for_less(self):
        broker = self.broker("--memory", "--log", "human")
        self.assertRegex(broker.errors(), r"(?m)^\d\d:\d\d:\d\d\.\d{3} info  broker: ready  address=http://")
        quiet = self.broker("--memory", "--log-level", "warn")
        self.assertEqual(quiet.stop(), 0)
        self.assertEqual(quiet.errors(), "")

    def test_on_a_terminal_the_log_is_for_people(self):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        child = subprocess.Popen([SELVAGE, "serve", "--memory", "--listen", "nonsense"], stderr=theirs,
                                 stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs)
        self.assertEqual(child.wait(LIMIT), USAGE)
        self.assertRegex(os.read(ours, 4096).decode(), r"^\d\d:\d\d:\d\d\.\d{3} error broker: ")

    def test_the_runtimes_children_share_the_log_of_the_root(self):
        flow = self.workflow("a: { from: a, run: cat, to: b }", "--log", "json")
        flow.send("a", "x")
        flow.take_one("b")
        flow.leave(self)
        lines = logged(flow)
        self.assertTrue({"root", "broker", "supervisor"} <= {line["role"] for line in lines}, lines)
        self.assertEqual(len({line["pid"] for line in lines}), len({line["role"] for line in lines}))

    def test_the_roots_level_counts_for_its_children(self):
        flow = self.workflow("a: { from: a, run: cat, to: b }", "--log", "human", "--log-level", "error")
        flow.send("a", "x")
        flow.take_one("b")
        flow.leave(self)
        self.assertEqual(flow.errors(), "")


class Settings(Operations):
    def serve(self, *arguments, environment=()):
        """Starts a broker that has its address from where the test says."""
        tree = Tree(self, ["serve", *arguments], self.folder, environment)
        tree.await_line(r"listening on (\S+)\n")
        return tree

    def test_flag_environment_and_file_each_set_something(self):
        self.write("s.yaml", "durability: memory\naccount: \"111122223333\"\nregion: eu-file-1\n")
        broker = self.serve("--config", "s.yaml", "--listen", "127.0.0.1:0",
                            environment={"SELVAGE_REGION": "eu-variable-1"})
        address = broker.await_line(r"http://(\S+)\n")
        wire = Wire(address)
        self.addCleanup(wire.close)
        url = wire.call("AmazonSQS.CreateQueue", QueueName="q")["QueueUrl"]
        self.assertIn("/111122223333/q", url)
        attributes = wire.call("AmazonSQS.GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
        self.assertEqual(attributes["Attributes"]["QueueArn"], "arn:aws:sqs:eu-variable-1:111122223333:q")
        self.assertEqual(logged(broker)[0]["durability"], "memory")

    def test_what_is_wrong_in_the_file_is_one_sentence_with_its_line(self):
        for text, words in (("listen: 127.0.0.1:0\nthredas: 2\n", ("s.yaml:2:1", "thredas", "did you mean 'threads'")),
                            ("threads: -1\n", ("s.yaml:1:1", "threads", "0 to 256")),
                            ("a: [\n", ("s.yaml:",))):
            with self.subTest(text):
                self.write("s.yaml", text)
                done = self.run_selvage("serve", "--memory", "--config", "s.yaml")
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
                self.assert_one_sentence(done.stderr, *words)

    def test_a_file_that_is_not_there_is_told(self):
        done = self.run_selvage("serve", "--config", "none.yaml")
        self.assertEqual(done.returncode, USAGE)
        self.assert_one_sentence(done.stderr, "none.yaml", "No such file")

    def test_a_misspelt_variable_is_warned_of(self):
        broker = self.serve("--memory", "--listen", "127.0.0.1:0", environment={"SELVAGE_TREADS": "2"})
        self.assertIn("did you mean SELVAGE_THREADS?", broker.errors())

    def test_memory_goes_with_neither_data_nor_a_durability(self):
        for more in (["--data", "d"], ["--durability", "os"]):
            done = self.run_selvage("serve", "--memory", *more)
            self.assertEqual(done.returncode, USAGE, done.stderr)

    def test_a_workflow_needs_a_broker_that_keeps(self):
        self.write("w.yaml", "selvage: 1\nname: t\nstages:\n  a: { from: in, run: cat }\n")
        done = self.run_selvage("up", "w.yaml", "--durability", "memory")
        self.assertEqual(done.returncode, USAGE)
        self.assert_one_sentence(done.stderr, "--durability fsync or os")

    def test_a_workflows_broker_has_the_settings_of_the_workflow(self):
        self.write("s.yaml", "account: \"111122223333\"\naws-timers: true\n")
        flow = self.workflow("a: { from: a, run: cat, to: b }", "--config", "s.yaml", "--durability", "os")
        url = flow.call("AmazonSQS.GetQueueUrl", QueueName="a")["QueueUrl"]
        self.assertIn("/111122223333/a", url)
        words = next(p.words for p in flow.processes() if p.words[1:2] == ["serve"])
        self.assertIn("--durability=os", words)
        self.assertIn("--aws-timers=true", words)
        flow.leave(self)

    def test_help_shows_every_setting_with_its_variable(self):
        told = self.run_selvage("serve", "--help").stdout
        page = self.run_selvage("reference", "settings").stdout
        rows = re.findall(r"^\| `--([a-z-]+)[^`]*` \| `(\w+)`", page, re.M)
        self.assertGreater(len(rows), 10)
        for name, variable in rows:
            self.assertIn(f"--{name}", told)
            self.assertIn(variable, told)


class Documents(Operations):
    def test_the_reference_is_what_the_program_prints(self):
        for page in ("settings", "metrics"):
            printed = self.run_selvage("reference", page)
            self.assertEqual(printed.returncode, 0, printed.stderr)
            kept = pathlib.Path(ROOT, f"docs/reference/{page}.md").read_text()
            self.assertEqual(kept, printed.stdout,
                             f"write it anew: selvage reference {page} > docs/reference/{page}.md")


class Ending(Operations):
    def test_sigterm_answers_what_waits_and_ends_well(self):
        broker = self.broker("--threads", "1")
        broker.create("q")
        poll = broker.open_wire(self)
        poll.http.request("POST", "/", json.dumps({"QueueUrl": broker.url("q"), "WaitTimeSeconds": 20}), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
        broker.statistics()  # one thread reads what came first first: now the poll is parked
        began = time.monotonic()
        self.assertEqual(broker.stop(), 0, broker.errors())
        answer = poll.http.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"{}"))
        self.assertLess(time.monotonic() - began, 20, "it did not sit out the poll")

    def test_while_it_drains_it_serves_and_says_that_it_is_not_ready(self):
        broker = self.broker("--drain-delay", "1h", "--metrics-listen", "127.0.0.1:0")
        own = self.own_address(broker)
        broker.create("q")
        kill(broker.pid, signal.SIGTERM)
        eventually(lambda: get(broker.address, "/readyz")[0] == 503, "it is not ready any more")
        self.assertIn("draining", get(own, "/readyz")[1])
        self.assertEqual(get(own, "/healthz")[0], 200)
        broker.send("q", "x")
        self.assertEqual(self.metrics(own)["selvage_ready"], 0)
        kill(broker.pid, signal.SIGTERM)  # that is enough
        self.assertEqual(broker.wait(), 0, broker.errors())
        self.assertEqual(self.broker().take_one("q")["Body"], "x")

    def test_a_session_whose_connection_the_server_closes_keeps_its_leases(self):
        broker = self.broker()
        broker.create("q")
        broker.send("q", "x")
        wire = broker.open_wire(self)
        session = wire.call("Selvage.OpenSession")["SessionId"]
        taken = wire.call("Selvage.Receive", QueueUrl=broker.url("q"), SessionId=session,
                          VisibilityTimeoutMs=600_000)["Messages"]
        self.assertEqual(len(taken), 1)
        self.assertEqual(broker.stop(), 0)
        broker = self.broker()
        counts = broker.counts("q")
        self.assertEqual((counts["InFlight"], counts["Revoked"]), (1, 0))


class Durability(Operations):
    def test_with_os_what_was_answered_survives_a_kill(self):
        broker = self.broker("--durability", "os")
        broker.create("q")
        for n in range(50):
            broker.send("q", f"m{n}")
        kill(broker.pid)
        broker = self.broker("--durability", "os")
        self.assertEqual(broker.bodies("q", 50), sorted(f"m{n}" for n in range(50)))
        self.assertEqual(broker.stop(), 0)

    def test_with_memory_nothing_stays_and_nothing_is_written(self):
        broker = self.broker("--durability", "memory")
        broker.create("q")
        self.assertEqual(broker.stop(), 0)
        self.assertFalse((self.folder / "data").exists())


class Systemd(Operations):
    def setUp(self):
        super().setUp()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(LIMIT)

    def start(self, address, name, *arguments, **more):
        self.socket.bind(address)
        tree = Tree(self, ["serve", "--listen", "127.0.0.1:0", *arguments], self.folder,
                    {"NOTIFY_SOCKET": name, **more})
        tree.address = tree.await_line(r"listening on http://(\S+)\n")
        return tree

    def hear(self):
        return self.socket.recv(4096).decode().splitlines()

    def test_it_is_told_when_the_server_is_ready_and_when_it_stops(self):
        path = str(self.folder / "notify")
        broker = self.start(path, path, "--memory")
        self.assertEqual(self.hear(), ["READY=1", f"STATUS=listening on http://{broker.address}"])
        kill(broker.pid, signal.SIGTERM)
        self.assertEqual(self.hear(), ["STOPPING=1", "STATUS=draining"])
        self.assertEqual(broker.wait(), 0)

    def test_the_watchdog_is_fed_for_as_long_as_the_process_works(self):
        name = f"selvage-{os.getpid()}-{time.monotonic_ns()}"
        broker = self.start(f"\0{name}", f"@{name}", "--data", self.folder / "data", WATCHDOG_USEC="300000")
        heard = [self.hear()[0] for _ in range(4)]
        self.assertIn("READY=1", heard)
        self.assertGreaterEqual(heard.count("WATCHDOG=1"), 3)
        kill(broker.pid, signal.SIGTERM)
        while self.hear()[0] != "STOPPING=1":
            pass
        self.assertEqual(broker.wait(), 0)

    def test_a_watchdog_of_another_process_is_not_ours_to_feed(self):
        path = str(self.folder / "notify")
        broker = self.start(path, path, "--memory", WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        self.assertEqual(self.hear()[0], "READY=1")
        kill(broker.pid, signal.SIGTERM)
        self.assertEqual(self.hear()[0], "STOPPING=1")
        self.assertEqual(broker.wait(), 0)

    def test_a_reload_is_told_with_its_time(self):
        keys = self.write("keys.yaml", KEYS, 0o600)
        path = str(self.folder / "notify")
        broker = self.start(path, path, "--memory", "--credentials", keys)
        self.assertEqual(self.hear()[0], "READY=1")
        kill(broker.pid, signal.SIGHUP)
        told = self.hear()
        self.assertEqual(told[0], "RELOADING=1")
        self.assertRegex(told[1], r"^MONOTONIC_USEC=\d+$")
        self.assertEqual(self.hear(), ["READY=1"])

    def test_the_unit_says_what_the_program_can(self):
        unit = pathlib.Path(ROOT, "packaging/selvage.service").read_text()
        for line in ("Type=notify", "WatchdogSec=", "ExecStart="):
            self.assertIn(line, unit)
        words = re.search(r"^ExecStart=\S+ (.+)$", unit, re.M)[1].split()
        told = self.run_selvage(words[0], "--help").stdout
        for word in words[1:]:
            if word.startswith("--"):
                self.assertIn(word, told)


if __name__ == "__main__":
    main()
