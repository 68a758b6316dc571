# SPDX-License-Identifier: Apache-2.0
"""Celery with its SQS transport, Debian's, as a whole application."""
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

from harness import between, equal, test, unique, until

PROGRAMS = pathlib.Path(__file__).parent / "programs"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's Celery


class Weaver:
    """The application: its queue, which it makes itself, its diary, and workers for it."""

    def __init__(self, sqs, folder):
        self.queue, self.diary = unique("weaver"), pathlib.Path(folder, "diary")
        self.log = pathlib.Path(folder, "log")
        self.settings = {**os.environ, "BROKER": sqs.where.url.replace("http://", "sqs://test:test@"),
                         "QUEUE": self.queue, "DIARY": str(self.diary), "PYTHONDONTWRITEBYTECODE": "1"}
        self.settings.pop("AWS_DATA_PATH", None)
        self.sqs, self.folder = sqs, folder

    def give(self, task, name, *more, countdown=0):
        command = [PYTHON, PROGRAMS / "weaver.py", task, str(countdown), name, *(str(one) for one in more)]
        subprocess.run(command, env=self.settings, check=True, timeout=60, stdin=subprocess.DEVNULL)

    @contextlib.contextmanager
    def worker(self):
        command = [PYTHON, "-m", "celery", "--workdir", PROGRAMS, "-A", "weaver", "worker", "--pool", "solo",
                   "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       cwd=self.folder)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def names(self, what):
        lines = self.diary.read_text().splitlines() if self.diary.exists() else []
        return [line.split(" ", 1)[1] for line in lines if line.startswith(what)]

    def counts(self):
        return self.sqs.counts(self.sqs.call("GetQueueUrl", QueueName=self.queue)["QueueUrl"])

    def wait_for(self, done):
        try:
            until(lambda: sorted(self.names("done")) == sorted(done) and self.counts() == [0, 0, 0], 60)
        except AssertionError:
            raise AssertionError(f"done is {self.names('done')}, the counts are {self.counts()}, the worker says:\n"
                                 + self.log.read_text()[-3000:]) from None


@contextlib.contextmanager
def weaver(sqs):
    with tempfile.TemporaryDirectory(prefix="selvage-") as folder:
        yield Weaver(sqs, folder)


@test
def a_worker_does_each_task_once(sqs):
    names = [f"t{i}" for i in range(5)]
    with weaver(sqs) as app, app.worker():
        for name in names:
            app.give("weave", name)
        app.wait_for(names)
        equal(sorted(app.names("begun")), names)


@test
def a_task_that_asks_for_another_try_is_done_in_the_end(sqs):
    with weaver(sqs) as app, app.worker():
        app.give("mend", "torn")
        app.wait_for(["torn"])
        equal(app.names("begun"), ["torn"] * 3)


@test
def a_task_of_a_worker_that_was_killed_is_done_by_the_next(sqs):
    with weaver(sqs) as app:
        app.give("weave", "long", 3)
        with app.worker() as first:
            until(lambda: app.names("begun") == ["long"], 60)
            first.kill()
        equal(app.names("done"), [])
        with app.worker():
            app.wait_for(["long"])


@test
def a_task_for_later_is_not_begun_before_its_time(sqs):
    with weaver(sqs) as app, app.worker():
        app.give("weave", "first")
        app.wait_for(["first"])
        before = time.monotonic()
        app.give("weave", "later", countdown=4)
        app.wait_for(["first", "later"])
        between(4, time.monotonic() - before, 60, "the seconds until it was done")
