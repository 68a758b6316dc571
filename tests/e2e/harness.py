# SPDX-License-Identifier: Apache-2.0
"""What the tests of e2e and chaos share: a workflow or a broker of their own, AWS JSON calls, and a
look at every process that came of them.

Programs under test are shell scripts that arrive as messages: the stage's program runs the body.
They tell what they do in a file (`started NAME`) and wait for the test at a gate (`gate NAME`), so
that no test has to guess how long anything takes. LIMIT is only reached when something is broken.
"""
import collections
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SELVAGE = os.path.abspath(os.environ.get("SELVAGE") or ROOT / "build/release/selvage")
LIMIT = 60.0
PAUSE = 0.02
AWAY = (OSError, http.client.HTTPException, ValueError)  # ValueError: half an answer

# Runs the message. `started` leaves who, when and what behind; `gate` waits for open_gate().
PROGRAM = """#!/bin/sh
started() { echo "$SELVAGE_MESSAGE_ID $SELVAGE_ATTEMPT $$ $SELVAGE_WORKER $1" >> '%(told)s'; }
told() { echo "$*" >> '%(told)s.words'; }
gate() { read -r verdict < '%(gates)s'/"$1"; }
eval "$(cat)"
"""

# One JSON line in, one out: the same body.
ECHO = """#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    print(json.dumps({"body": message["body"]}), flush=True)
"""

Started = collections.namedtuple("Started", "message attempt pid worker name")
Process = collections.namedtuple("Process", "pid parent words")


def eventually(question, what, limit=LIMIT):
    """The first true answer to `question`; an AssertionError that says `what` when there is none."""
    deadline = time.monotonic() + limit
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit:g} s: {what}")
        time.sleep(PAUSE)


# --- Processes


def read_process(pid):
    """None when there is none, or only a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    if fields[0] in "ZX":
        return None
    return Process(int(pid), int(fields[1]), [word.decode(errors="replace") for word in words])


def alive(pid):
    return read_process(pid) is not None


def marked(mark):
    """Every living process that has `mark` (bytes, NAME=value) in its environment."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                if mark in pathlib.Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    found.append(read_process(name))
            except OSError:
                pass  # it has gone
    return [process for process in found if process]


def kill(pid, number=signal.SIGKILL):
    """Sends a signal to a living process; fails when it has gone, for then the test shows nothing."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, number)
        if number == signal.SIGKILL and not select.select([descriptor], [], [], LIMIT)[0]:
            raise AssertionError(f"process {pid} survives SIGKILL")
    finally:
        os.close(descriptor)


class Tree:
    """One started program with everything that comes of it, wherever it goes."""

    def __init__(self, case, arguments, folder, environment=()):
        self.mark = f"E2E_TREE={uuid.uuid4().hex}"
        self.errors_file = pathlib.Path(folder, f"stderr-{uuid.uuid4().hex[:8]}")
        name, value = self.mark.split("=")
        with self.errors_file.open("wb") as errors:
            self.child = subprocess.Popen(
                [SELVAGE, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=errors, text=True, cwd=folder, start_new_session=True,
                env={**os.environ, **dict(environment), name: value},
            )
        self.said = ""
        case.addCleanup(self.bury)

    @property
    def pid(self):
        return self.child.pid

    def errors(self):
        return self.errors_file.read_text(errors="replace")

    def processes(self):
        return marked(self.mark.encode())

    def bury(self):
        """Kills what is left, whatever it is, by pid."""
        for _ in range(100):
            left = self.processes()
            if self.child.poll() is not None and not left:
                break
            for process in left:
                try:
                    os.kill(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.child.poll()
            time.sleep(PAUSE)
        self.child.stdout.close()

    def await_line(self, pattern):
        """Reads standard output until a line matches; returns the match's first group."""
        deadline = time.monotonic() + LIMIT
        descriptor = self.child.stdout.fileno()
        while True:
            match = re.search(pattern, self.said)
            if match:
                return match[1]
            if not select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"it did not say {pattern}: {self.said}\n{self.errors()}")
            chunk = os.read(descriptor, 4096)
            if not chunk:
                code = self.child.wait(LIMIT)
                raise AssertionError(f"it ended with {code}: {self.said}\n{self.errors()}")
            self.said += chunk.decode()

    def wait(self, limit=LIMIT):
        """The exit code."""
        return self.child.wait(limit)

    def await_nothing_left(self, limit=LIMIT):
        try:
            eventually(lambda: not self.processes(), "every process has ended", limit)
        except AssertionError as error:
            raise AssertionError(f"{error}; left: {self.processes()}\n{self.errors()}") from None


# --- Calls


class Refused(Exception):
    """The broker said no: `kind` is its error's name."""

    def __init__(self, status, answer):
        self.status = status
        self.kind = answer.get("__type", "").split("#")[-1]
        super().__init__(f"{status} {self.kind}: {answer.get('message')}")


class Wire:
    """One kept connection; a session opened on it ends with it."""

    def __init__(self, address):
        self.address = address
        host, port = address.rsplit(":", 1)
        self.http = http.client.HTTPConnection(host, int(port), timeout=LIMIT)

    def call(self, target, **members):
        """The answer as a dictionary. Refused, or one of AWAY."""
        self.http.request("POST", "/", json.dumps(members), {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target})
        answer = self.http.getresponse()
        told = json.loads(answer.read() or b"{}")
        if answer.status != 200:
            raise Refused(answer.status, told)
        return told

    def close(self):
        self.http.close()


class Queues:
    """What the tests ask of a broker. Each call has a connection of its own, and is repeated while
    the broker is away; sends are not (they may have been carried out)."""

    def __init__(self, address):
        self.address = address

    def once(self, target, **members):
        wire = Wire(self.address)
        try:
            return wire.call(target, **members)
        finally:
            wire.close()

    def call(self, target, **members):
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                return self.once(target, **members)
            except Refused as refusal:
                if refusal.status < 500 or time.monotonic() > deadline:
                    raise
            except AWAY:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE)

    def url(self, queue):
        return f"http://{self.address}/000000000000/{queue}"

    def create(self, queue, **attributes):
        self.call("AmazonSQS.CreateQueue", QueueName=queue,
                  Attributes={name: str(value) for name, value in attributes.items()})

    def send(self, queue, body, **more):
        return self.once("AmazonSQS.SendMessage", QueueUrl=self.url(queue), MessageBody=body,
                         **more)["MessageId"]

    def receive(self, queue, wait=0, visibility=300, count=10):
        return self.call("AmazonSQS.ReceiveMessage", QueueUrl=self.url(queue),
                         MaxNumberOfMessages=count, WaitTimeSeconds=wait, VisibilityTimeout=visibility,
                         MessageSystemAttributeNames=["All", "SelvageEvidence"]).get("Messages", [])

    def take(self, queue, count=1):
        """Exactly `count` messages, leased for long; waits for them."""
        taken = []

        def enough():
            taken.extend(self.receive(queue, wait=1))
            return len(taken) >= count
        try:
            eventually(enough, "")
        except AssertionError:
            raise AssertionError(
                f"{len(taken)} of {count} messages came to {queue}: {self.statistics()}") from None
        if len(taken) > count:
            raise AssertionError(f"{len(taken)} messages in {queue}, not {count}: {taken}")
        return taken

    def take_one(self, queue):
        return self.take(queue)[0]

    def bodies(self, queue, count):
        return sorted(message["Body"] for message in self.take(queue, count))

    def take_all(self, queue):
        """Every message of a queue that nothing comes to any more."""
        total = self.counts(queue)["Visible"]
        return self.take(queue, total) if total else []

    def statistics(self):
        return {queue.pop("Name"): queue for queue in self.call("Selvage.Statistics")["Queues"]}

    def counts(self, queue):
        return self.statistics().get(queue) or collections.Counter()

    def await_counts(self, queue, **wanted):
        def question():
            now = self.counts(queue)
            return all(now[name] == count for name, count in wanted.items())
        try:
            eventually(question, "")
        except AssertionError:
            raise AssertionError(f"{queue} came to {self.counts(queue)}, not {wanted}") from None


def evidence(message):
    return json.loads(message["Attributes"]["SelvageEvidence"])


# --- A broker


class Broker(Tree, Queues):
    def __init__(self, case, folder, *arguments, listen="127.0.0.1:0"):
        Tree.__init__(self, case, ["serve", "--listen", listen, *arguments], folder)
        Queues.__init__(self, self.await_line(r"listening on http://(\S+)\n"))

    def open_wire(self, case):
        wire = Wire(self.address)
        case.addCleanup(wire.close)
        return wire

    def stop(self):
        kill(self.pid, signal.SIGTERM)
        return self.wait()


# --- A workflow


class Workflow(Tree, Queues):
    """`selvage up` of a file in a folder of its own."""

    def __init__(self, case, folder, *arguments, file="workflow.yaml", data="data",
                 listen="127.0.0.1:0"):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / data
        self.file = self.folder / file
        Tree.__init__(self, case, ["up", self.file, "--data", self.data, "--listen", listen,
                                   *arguments], folder)
        Queues.__init__(self, self.await_line(r"the broker listens on http://(\S+?);"))

    # Just after a fork a child still has its parent's words: hence the look at the parent.

    def role(self, name):
        """The one process that the root started as `serve` or `supervise`; None while there is none."""
        for process in self.processes():
            if process.parent == self.pid and process.words[1:2] == [name]:
                return process.pid
        return None

    def runners(self):
        """Worker's name -> pid."""
        everybody = {process.pid: process for process in self.processes()}
        found = {}
        for process in everybody.values():
            parent = everybody.get(process.parent)
            if process.words[1:2] == ["runner"] and not (parent and parent.words[1:2] == ["runner"]):
                found[process.words[process.words.index("--worker") + 1]] = process.pid
        return found

    def programs(self):
        ours = ("up", "serve", "supervise", "runner")
        return [process for process in self.processes()
                if not ("--data" in process.words and process.words[1] in ours)]

    def broker(self):
        return eventually(lambda: self.role("serve"), "a broker runs")

    def supervisor(self):
        return eventually(lambda: self.role("supervise"), "a supervisor runs")

    def await_workers(self, count):
        """Name -> pid of all of them."""
        def question():
            found = self.runners()
            return found if len(found) == count and all(map(self.is_locked, found)) else None
        return eventually(question, f"{count} workers run")

    def is_locked(self, worker):
        """Whether the worker has its lock, by which the next supervisor knows it."""
        lock = self.data / "run/workers" / f"{worker}.lock"
        if not lock.exists():
            return False
        inode = f":{lock.stat().st_ino}"
        locks = pathlib.Path("/proc/locks").read_text().splitlines()
        return any(word.endswith(inode) for line in locks for word in line.split())

    def await_queues(self, *names):
        eventually(lambda: set(names) <= set(self.statistics()), f"the queues {names} are there")

    def interrupt(self):
        """Ctrl-C in a terminal: to the whole process group."""
        os.killpg(self.pid, signal.SIGINT)

    def events(self):
        path = self.data / "run/events.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def artifacts(self):
        return sorted(path.name for kind in ("kept", "staged")
                      for path in (self.data / "artifacts" / kind).glob("*"))

    # ---- what the programs told

    def told(self):
        path = self.folder / "told"
        lines = path.read_text().splitlines() if path.exists() else []
        rows = [line.split(" ", 4) for line in lines]
        return [Started(row[0], int(row[1]), int(row[2]), row[3], row[4]) for row in rows]

    def starts(self, name):
        return [one for one in self.told() if one.name == name]

    def await_start(self, name, attempt=None):
        """The newest start of the program of that name (of that attempt)."""
        def question():
            found = [one for one in self.starts(name) if attempt in (None, one.attempt)]
            return found and found[-1]
        try:
            return eventually(question, f"{name} has started, attempt {attempt}")
        except AssertionError as error:
            state = f"{self.told()}\n{self.statistics()}\n{self.errors()}"
            raise AssertionError(f"{error}\n{state}") from None

    def words(self):
        path = self.folder / "told.words"
        return path.read_text().splitlines() if path.exists() else []

    def make_gate(self, name):
        os.mkfifo(self.folder / "gates" / name)

    def open_gate(self, name):
        """Lets one program that stands or will stand at the gate pass."""
        def enter():
            try:
                descriptor = os.open(self.folder / "gates" / name, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return False  # nobody stands there yet
            try:
                return os.write(descriptor, b"go\n") > 0
            except BrokenPipeError:
                return False  # who stood there has died
            finally:
                os.close(descriptor)
        eventually(enter, f"a program waits at the gate {name}")

    def leave(self, case):
        """The end of a test: Ctrl-C, exit code 0, no process left."""
        self.interrupt()
        case.assertEqual(self.wait(), 0, self.errors())
        self.await_nothing_left()


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    # ---- set-up

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        fresh = self.folder / (name + ".new")  # a program in use cannot be written, but replaced
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.rename(path)
        return path

    def write_programs(self):
        (self.folder / "gates").mkdir(exist_ok=True)
        places = {"told": self.folder / "told", "gates": self.folder / "gates"}
        self.write("program", PROGRAM % places, 0o755)
        self.write("echo", ECHO, 0o755)

    def workflow(self, stages, *arguments, defaults="", **how):
        """Starts a workflow of `stages` (text, one a line), and waits for its queues."""
        self.write_programs()
        workers = "" if "workers:" in defaults else "workers: { min: 1, max: 8, spare: 1 }"
        lines = "\n".join("  " + line.strip() for line in stages.strip().splitlines())
        settings = ", ".join(part for part in (workers, defaults) if part)
        self.write("workflow.yaml",
                   f"selvage: 1\nname: test\ndefaults: {{ {settings} }}\nstages:\n{lines}\n")
        workflow = Workflow(self, self.folder, *arguments, **how)
        queues = re.findall(r"(?:from|to): ([\w-]+)", lines)
        workflow.await_queues(*queues)
        return workflow

    def broker(self, *arguments, data="data", **how):
        place = () if "--memory" in arguments else ("--data", str(self.folder / data))
        return Broker(self, self.folder, *place, *arguments, **how)

    # ---- a program that ends by itself

    def run_selvage(self, *arguments, limit=LIMIT):
        done = subprocess.run([SELVAGE, *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, cwd=self.folder, timeout=limit,
                              start_new_session=True)
        return done

    def assert_one_sentence(self, text, *words):
        """One line of standard error that says it: what people see of a refusal."""
        lines = [line for line in text.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, text)
        for word in words:
            self.assertIn(str(word), lines[0])


# --- Closing lines as tools/run-tests reads them


class Result(unittest.TextTestResult):
    def getDescription(self, test):
        parts = getattr(test, "_subDescription", str)
        return f"{test.id().split('.', 1)[1]}" if parts is str else f"{test.test_case.id()} {parts()}"


def main():
    begun = time.monotonic()
    program = unittest.main(exit=False, verbosity=2,
                            testRunner=unittest.TextTestRunner(stream=sys.stdout, resultclass=Result,
                                                               verbosity=2))
    result = program.result
    failed = len({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})
    failed += len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    passed = result.testsRun - failed - skipped
    for test in result.expectedFailures:
        print(f"known bug: {test[0]}")
    print(f"{time.monotonic() - begun:.1f} s")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    sys.exit(1 if failed else 0)
