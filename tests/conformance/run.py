#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the SQS contract against a running server with a real client.

  tests/conformance/run.py --client CLIENT [--store STORE] [--jobs N] [--list] [WORD...]

CLIENT: javascript, boto3 or awscli; or applications: whole ones, that must just work. STORE: rocksdb (the
default) or memory. A WORD picks the tests whose 'file: sentence' contains it. $SELVAGE: the program.
One line for each test, and a last one with the counts."""
import argparse
import concurrent.futures
import importlib
import pathlib
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from harness import cases  # noqa: E402  (its folder had to be in the path first)
from harness.server import Server  # noqa: E402

CLIENTS = {  # the module of the client, its class, the folder of the tests
    "javascript": ("javascript", "JavaScript", "cases"),
    "boto3": ("boto3", "Boto3", "cases"),
    "awscli": ("awscli", "AwsCli", "cases"),
    "applications": ("javascript", "JavaScript", "applications"),  # the client looks at what they do
}


class Servers:
    """The servers that tests share: one for each choice of options, started when it is first wanted."""

    def __init__(self, memory):
        self.memory, self.running, self.lock = memory, {}, threading.Lock()

    def url(self, options):
        with self.lock:
            if options not in self.running:
                folder = tempfile.TemporaryDirectory(prefix="selvage-", ignore_cleanup_errors=True)
                self.running[options] = (Server(folder.name, options, self.memory), folder)
            return self.running[options][0].url

    def stop(self):
        problems = []
        for server, folder in self.running.values():
            if server.process.poll() is not None:
                problems.append(f"a server ended by itself: {server.process.returncode}\n"
                                + pathlib.Path(folder.name, "log").read_text()[-2000:])
            else:
                server.stop()
            folder.cleanup()
        return problems


def why_not(case, client, memory):
    """Why this client or store cannot run the test; '' when it can."""
    if case.needs and case.needs not in client.abilities:
        return f"{client.name} does not know: {case.needs}"
    return "the memory store keeps nothing" if case.durable and memory else ""


class Report:
    def __init__(self, out):
        self.out, self.lock, self.counts = out, threading.Lock(), {"passed": 0, "failed": 0, "skipped": 0}

    def tell(self, state, name, more=""):
        with self.lock:
            self.counts[state] += 1
            print(f"{state:8}{name}  {more}".rstrip(), file=self.out, flush=True)

    def total(self):
        print(", ".join(f"{count} {state}" for state, count in self.counts.items()), file=self.out, flush=True)


def places(error):
    """The lines of tests, not of the harness, that the error went through."""
    for frame in traceback.extract_tb(error.__traceback__):
        path = pathlib.Path(frame.filename)
        if path.is_relative_to(HERE) and path.parent not in (HERE, HERE / "harness"):
            yield f"{path.name}:{frame.lineno}"


def run_one(case, client, servers, report):
    if why := why_not(case, client, servers.memory):
        return report.tell("skipped", case.name, f"({why})")
    began = time.monotonic()
    try:
        cases.run_case(case, client, servers)
    except Exception as error:
        why = f"\n        {type(error).__name__}: {error}\n        at {' '.join(places(error))}"
        return report.tell("failed", case.name, why)
    return report.tell("passed", case.name, f"({time.monotonic() - began:.1f} s)")


def chosen(folder, words):
    for path in sorted((HERE / folder).glob("*.py")):
        importlib.import_module(f"{folder}.{path.stem}")
    return [case for case in cases.collected if not words or any(word in case.name for word in words)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", choices=CLIENTS, required=True)
    parser.add_argument("--store", choices=("rocksdb", "memory"), default="rocksdb")
    parser.add_argument("--jobs", type=int, default=16, help="most of them wait, most of the time")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    module, kind, folder = CLIENTS[options.client]
    all_of_them = chosen(folder, options.words)
    if options.list:
        print("\n".join(case.name for case in all_of_them))
        return 0
    report = Report(sys.stdout)
    client = getattr(importlib.import_module(f"harness.client_{module}"), kind)()
    servers = Servers(options.store == "memory")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(lambda case: run_one(case, client, servers, report), all_of_them))
    for problem in servers.stop():
        report.tell("failed", "the servers: each ends when it is told to", problem)
    client.close()
    report.total()
    return 1 if report.counts["failed"] or not report.counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
