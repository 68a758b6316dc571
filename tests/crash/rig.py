# SPDX-License-Identifier: Apache-2.0
"""One broker after the other on the same data, each ended by a crash under load, and the ledger that is
settled in between. What a crash is, the tests say."""
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import LIMIT, ROOT, Case, Queues, Tree, Wire, eventually, kill, main  # noqa: E402, F401

from ledger import Ledger  # noqa: E402
from load import LINE, QUEUES, Door, make_clients  # noqa: E402

# Between two crashes so many answers come at most. The moment is drawn from them and not from a time,
# so that on a slow machine too the broker dies under load.
MOST_ANSWERS = 400


def peek_all(wire, queue):
    """Every message of a queue, whatever its state."""
    found, more = [], {}
    while True:
        page = wire.call("Selvage.Peek", QueueUrl=queue, MaxNumberOfMessages=100, **more)
        found += page["Messages"]
        if not page.get("NextToken"):
            return found
        more = {"NextToken": page["NextToken"]}


def counts(queues):
    """Messages of each queue, by the broker's own counters."""
    told = queues.statistics()
    return {queue: sum(told[queue][state] for state in ("Visible", "InFlight", "Delayed"))
            for queue in QUEUES}


def forgetful(case, *options):
    """The environment of a broker whose log forgets; `options` as forgetful_log.c says."""
    compiler = shutil.which("cc") or case.skipTest("there is no C compiler")
    library = case.folder / "forgetful.so"
    subprocess.run([compiler, "-shared", "-fPIC", *options, "-o", library,
                    ROOT / "tests/crash/forgetful_log.c"], check=True)
    return {"LD_PRELOAD": str(library)}


class Rig:
    def __init__(self, case, seed, *arguments, environment=(), clients=make_clients):
        self.case, self.seed = case, seed
        self.arguments = ["serve", "--listen", "127.0.0.1:0", *map(str, arguments)]
        self.environment = environment
        self.chance = self.chance_of("rig")
        self.ledger, self.door = Ledger(), Door()
        self.tree = self.queues = None  # the broker that lives
        self.restarts = []  # seconds from spawn to `listening`
        self.crashes = self.early = 0
        self.clients = clients(self.ledger, self.door, self.chance_of, LIMIT)
        self.door.clients = len(self.clients)

    def chance_of(self, name):
        return random.Random(f"{self.seed} {name}")

    # --- A broker's life

    def spawn(self):
        return Tree(self.case, self.arguments, self.case.folder, self.environment)

    def start(self):
        begun = time.monotonic()
        self.tree = self.spawn()
        self.queues = Queues(self.tree.await_line(r"listening on http://(\S+)\n"))
        self.restarts.append(time.monotonic() - begun)

    def prepare(self):
        """The first start: the queues are made, the clients begin."""
        self.start()
        for queue in QUEUES:
            self.queues.create(queue, **({"FifoQueue": "true"} if queue == LINE else {}))
        for client in self.clients:
            client.start()
        self.door.open(self.queues.address)

    def crash_under_load(self, crash, answers=None):
        """Lets the clients work for a while, crashes the broker, and waits until all noticed."""
        answers = answers or 1 + self.chance.randrange(MOST_ANSWERS)
        if not self.ledger.await_answers(answers):
            raise AssertionError(f"the clients stand still\n{self.tree.errors()}")
        time.sleep(self.chance.random() * 0.005)  # not always just after an answer
        crash()
        self.bury()
        self.crashes += 1
        self.door.close(LIMIT)

    def kill_under_load(self, answers=None):
        self.crash_under_load(lambda: kill(self.tree.pid), answers)

    def bury(self):
        """Of a broker that has crashed, or cannot go on."""
        self.tree.bury()

    def crash_at_start(self):
        """A broker that dies while it opens its data, or just after."""
        tree = self.spawn()
        time.sleep(self.chance.random() * 2 * statistics.median(self.restarts))
        kill(tree.pid)
        tree.bury()
        self.crashes += 1
        self.early += 1

    def restart(self):
        """The next broker. Its books are settled before the clients are let in."""
        self.start()
        self.audit()
        self.door.open(self.queues.address)

    # --- The books

    def audit(self):
        wire = Wire(self.queues.address)
        holdings = {queue: peek_all(wire, queue) for queue in QUEUES}
        wire.close()
        self.ledger.audit({queue: [(item["Body"], item["MessageId"]) for item in items]
                           for queue, items in holdings.items()})
        for queue, count in counts(self.queues).items():
            if count != len(holdings[queue]):
                self.ledger.complain(f"{queue} counts {count} messages, and has {len(holdings[queue])}")
        self.check()

    def check(self):
        self.case.assertEqual(self.ledger.violations, [], f"seed {self.seed}: {self.figures()}")

    def drain(self):
        """The senders pause and the consumers go on; then nothing may be left or missing."""
        self.door.draining = True
        try:
            eventually(lambda: not any(counts(self.queues).values()), "")
        except AssertionError:
            raise AssertionError(f"not drained: {counts(self.queues)}, {self.figures()}") from None
        self.door.finish()
        for client in self.clients:
            client.join(LIMIT)
        self.audit()
        left = {queue: self.ledger.held(queue) for queue in QUEUES}
        self.case.assertEqual(left, dict.fromkeys(QUEUES, 0))

    def figures(self):
        tally = self.ledger.tally
        names = ("sends confirmed", "sends refused", "unknown sends: carried out",
                 "unknown sends: not carried out", "deletes confirmed", "unknown deletes: carried out",
                 "unknown deletes: not carried out", "hand-overs confirmed", "deliveries",
                 "redeliveries", "audits", "lost", "violations")
        return {"crashes": self.crashes, "crashes while starting": self.early,
                **{name: tally[name] for name in names},
                "restart ms, median": round(1000 * statistics.median(self.restarts)),
                "restart ms, longest": round(1000 * max(self.restarts))}

    def assert_loses(self, environment, crash):
        """What the ledger is worth: of a broker whose log forgets, a crash must lose messages."""
        self.prepare()
        self.kill_under_load()
        self.environment = environment
        self.restart()  # it moves what a sound broker logged, the queues too, to other files
        crash()
        # A sound broker notices that and does not start; here it has to, so that the ledger can.
        self.environment = {"SELVAGE_ACCEPT_LOSS": "true"}
        self.door.finish()
        with self.case.assertRaises(AssertionError):
            self.restart()
        self.case.assertGreater(self.ledger.tally["lost"], 0)
        self.report()

    def report(self):
        print(json.dumps({"seed": self.seed, **self.figures()}), flush=True)
