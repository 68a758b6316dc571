# SPDX-License-Identifier: Apache-2.0
"""What the checks of tools/ share: which files are ours, what a file includes, stamps that let an
unchanged file be skipped, and how a check reports.

Every check takes --root FOLDER, so that tests/tools can feed it a tree with one mistake in it.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shlex
import subprocess
import sys

SKIPPED_FOLDERS = {".git", ".tools", "build", "node_modules", "__pycache__"}
CPP_FOLDERS = ("src", "tests", "bench", "examples", "cmake")
JOBS = os.cpu_count() or 2


def arguments(description, *more):
    """Parses the command line: --root, and the switches named in `more`."""
    parser = argparse.ArgumentParser(description=description)
    here = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=pathlib.Path, default=here, help="the tree to look at")
    for name, text in more:
        parser.add_argument(name, action="store_true", help=text)
    return parser.parse_args()


def files(root, folders=(".",), suffixes=None):
    """Our files under `folders`, as sorted pathlib paths."""
    found = []
    for folder in folders:
        for parent, names, leaves in os.walk(root / folder):
            names[:] = [name for name in names if name not in SKIPPED_FOLDERS]
            found += [pathlib.Path(parent, leaf) for leaf in leaves]
    return sorted(path for path in set(found) if suffixes is None or path.suffix in suffixes)


def cpp_files(root):
    return files(root, CPP_FOLDERS, {".cc", ".h"})


INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def includes(path):
    """(line number, '"' or '<', name) of every #include."""
    found = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            found.append((number, match[1], match[2]))
    return found


def resolve(root, path, name):
    """The file of ours that `path` means by #include "name", or None."""
    for base in (root / "src", root, path.parent):
        if (base / name).is_file():
            return base / name
    return None


class Closure:
    """A digest over a file and everything of ours that it includes."""

    def __init__(self, root):
        self.root = root
        self.known = {}  # path -> (digest of its text, what it includes)

    def _read(self, path):
        if path not in self.known:
            inner = [resolve(self.root, path, name) for _, kind, name in includes(path) if kind == '"']
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.known[path] = (digest, [one for one in inner if one])
        return self.known[path]

    def digest(self, path, *more):
        seen, waiting = set(), [path]
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += self._read(one)[1]
        parts = sorted(f"{one.relative_to(self.root)} {self._read(one)[0]}" for one in seen)
        return hashlib.sha256("\n".join([str(path.relative_to(self.root)), *parts, *more]).encode()).hexdigest()


class Stamps:
    """A folder with an empty file for each digest that passed; stamps of no `current` digest are dropped."""

    def __init__(self, folder, current):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        current = set(current)
        for stamp in folder.iterdir():
            if stamp.name not in current:
                stamp.unlink()

    def has(self, digest):
        return (self.folder / digest).exists()

    def add(self, digest):
        (self.folder / digest).touch()


def run_unless_stamped(folder, work):
    """Runs (digest, name, command, input) items, JOBS at a time, except those whose digest has a stamp.

    Returns the texts of those that failed; a success leaves its stamp in `folder`.
    """
    stamps = Stamps(folder, [one[0] for one in work])

    def one_item(item):
        digest, name, command, text = item
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if done.returncode == 0:
            stamps.add(digest)
            return None
        return f"{name}: fails\n  {shlex.join(command)}\n{done.stdout}{done.stderr}"

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return [problem for problem in pool.map(one_item, [one for one in work if not stamps.has(one[0])]) if problem]


def finish(problems, looked_at, what):
    """Prints the problems and ends the program: 1 when there are any, or when nothing was looked at."""
    for problem in problems:
        print(problem)
    if not looked_at:
        print(f"there are no {what}: nothing was checked")
    elif not problems:
        print(f"{looked_at} {what}: all right")
    sys.exit(1 if problems or not looked_at else 0)
