# SPDX-License-Identifier: Apache-2.0
"""Who lives below `selvage up`, and the loop that kills one of them every second or so."""

import os
import select
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import NamedTuple

KINDS = ("program", "runner", "supervisor", "broker")

# Dealt card by card from a shuffled pack, so that the kinds come in this proportion and none is
# spared by chance: half of the kills are for programs, as in life.
PACK = ("program",) * 4 + ("runner",) * 2 + ("supervisor", "broker")

COMMANDS = {"serve": "broker", "supervise": "supervisor", "runner": "runner"}


class Process(NamedTuple):
    pid: int
    started: int  # clock ticks since boot; with the pid it names one process for ever
    parent: int


def read_process(pid):
    """The process, or None when there is none, or only the remains of one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()  # the name before it may hold anything
    if fields[0] in "ZX":
        return None
    return Process(pid, started=int(fields[19]), parent=int(fields[1]))


def all_processes():
    found = (read_process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process]


def first_argument(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return words[1].decode(errors="replace") if len(words) > 1 else ""


def tree(root):
    """Every process below `root` (not itself) by kind; kind None: just being born, or unknown.

    A runner is a child of the supervisor, or of the root once its supervisor is dead. What lives
    below a runner is the stage's program, or something that the program has started.
    """
    children = {}
    for process in all_processes():
        children.setdefault(process.parent, []).append(process)
    found = []

    def walk(parent, below_runner):
        for process in children.get(parent, []):
            kind = "program" if below_runner else COMMANDS.get(first_argument(process.pid))
            if kind in ("broker", "supervisor") and process.parent != root:
                kind = None  # a fork that has not become itself yet
            found.append((kind, process))
            walk(process.pid, below_runner or kind == "runner")

    walk(root, below_runner=False)
    return found


def marked(mark):
    """Processes with `mark` ("NAME=value") in their environment, wherever they are in the tree."""
    found = []
    for process in all_processes():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in environment and process.pid != os.getpid():
            found.append(process)
    return found


def kill(process):
    """SIGKILL to exactly this process; True only if it was alive and died of it."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = read_process(process.pid)
        if now is None or now.started != process.started:
            return False  # dead already; the number may belong to another by now
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        return bool(select.select([descriptor], [], [], 2.0)[0])
    except OSError:
        return False
    finally:
        os.close(descriptor)


class Chaos(threading.Thread):
    """Kills one process of the tree each 0.7 to 1.3 seconds, never the root, until stop()."""

    def __init__(self, root, chance):
        super().__init__(daemon=True)
        self.root = root
        self.chance = chance
        self.kills = Counter()
        self.pack = []
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.chance.uniform(0.7, 1.3)):
            self.strike()

    def stop(self):
        self.over.set()
        self.join()

    def strike(self):
        """The next card's kind loses a process; a card nobody answers to is kept for later."""
        living = tree(self.root)
        if not self.pack:
            self.pack = self.chance.sample(PACK, len(PACK))
        for card in list(self.pack):
            victims = [process for kind, process in living if kind == card]
            if victims and kill(self.chance.choice(victims)):
                self.pack.remove(card)
                self.kills[card] += 1
                return
