# SPDX-License-Identifier: Apache-2.0
"""sqs-consumer, the usual framework for consumers in JavaScript, as a whole application."""
import contextlib
import json
import pathlib
import subprocess
import threading

from harness import equal, test, until
from harness.server import ROOT

PROGRAM = pathlib.Path(__file__).parent / "programs/consumer.mjs"


class Running:
    """The program: `said` is all that it told until now, as (what, name)."""

    def __init__(self, process):
        self.process, self.said = process, []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.said.append(tuple(json.loads(line)))

    def names(self, what):
        return [name for said, name in list(self.said) if said == what]


@contextlib.contextmanager
def consumer(sqs, url, in_batches=False, **options):
    settings = {"endpoint": sqs.where.url, "queueUrl": url, "inBatches": in_batches, "options": options}
    process = subprocess.Popen([ROOT / "tools/node-env", "node", PROGRAM, json.dumps(settings)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        running = Running(process)
        yield running
        equal(running.names("error"), [])
    finally:
        process.kill()
        process.wait()


def give(sqs, url, name, group=None, **body):
    sqs.send(url, json.dumps({"name": name, **body}), group=group, dedup=group and name)


@test
def it_does_each_message_once(sqs):
    url = sqs.make_queue()
    names = [f"m{i}" for i in range(40)]
    with consumer(sqs, url, batchSize=10) as running:
        for name in names:
            give(sqs, url, name)
        until(lambda: sqs.counts(url) == [0, 0, 0], 40)
        equal(sorted(running.names("done")), sorted(names))


@test
def what_fails_comes_again_and_what_always_fails_goes_to_the_dead_letters(sqs):
    dead = sqs.make_queue()
    url = sqs.make_queue(sqs.redrive_to(dead, 3))
    give(sqs, url, "good")
    give(sqs, url, "mended", fail="once")
    give(sqs, url, "poison", fail="always")
    with consumer(sqs, url, terminateVisibilityTimeout=True) as running:
        until(lambda: sqs.counts(url) == [0, 0, 0] and sqs.counts(dead) == [1, 0, 0], 40)
        equal(sorted(running.names("done")), ["good", "mended"])
        equal(running.names("begun").count("poison"), 3)
    equal(json.loads(sqs.receive_one(dead)["Body"])["name"], "poison")


@test
def its_heartbeat_keeps_a_long_message_from_coming_twice(sqs):
    url = sqs.make_queue()
    give(sqs, url, "long", seconds=9)
    with consumer(sqs, url, visibilityTimeout=5, heartbeatInterval=2) as running:
        until(lambda: sqs.counts(url) == [0, 0, 0], 40)
        equal(running.said[-2:], [("begun", "long"), ("done", "long")])


@test
def it_keeps_the_order_of_a_fifo_queue(sqs):
    url = sqs.make_fifo()
    for i in range(30):
        give(sqs, url, f"{i}", group="g")
    with consumer(sqs, url, in_batches=True) as running:
        until(lambda: sqs.counts(url) == [0, 0, 0], 40)
        equal(running.names("done"), [f"{i}" for i in range(30)])
