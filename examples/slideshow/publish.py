#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Stage publish: puts the clip of an album onto the page.

  artifact in   album.json, clip.mp4, poster.jpg, history.tsv
  artifact out  history.tsv
  stdout        {"album": ..., "title": ..., "clip": "clips/NAME.mp4"}

The one stage that changes something outside SELVAGE_OUT, so it has to bear being killed anywhere
and being done again, and another publisher beside it:
  - What is published has a name that follows from the album: doing it again replaces like by like.
  - Everything is written into site/.staging and renamed into place: clip and poster, then the
    record that makes the album known, then the page, which is always made from all the records.
  - A lock lets one publisher at a time do so. It is the kernel's and goes with the process that
    held it: what stands in site/.staging under the lock was left by the dead, and is cleared away.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path

import page

BEGAN = time.monotonic()
HERE = Path(__file__).resolve().parent
POISON = 65


def read_history(path):
    """The lines of a history: a dict per attempt that was handed over."""
    names = ("stage", "worker", "attempt", "message", "seconds")
    return [dict(zip(names, line.split("\t"))) for line in path.read_text().splitlines()]


def extended_history(artifact):
    """The album's history with this attempt, written to the artifact that goes on."""
    own = [os.environ[f"SELVAGE_{name}"] for name in ("STAGE", "WORKER", "ATTEMPT", "MESSAGE_ID")]
    own.append(f"{time.monotonic() - BEGAN:.3f}")
    history = Path(os.environ["SELVAGE_OUT"]) / "history.tsv"
    history.write_text((artifact / "history.tsv").read_text() + "\t".join(own) + "\n")
    return read_history(history)


def replace(staging, target, write):
    """write(path) makes the file in the staging directory; then it takes its place at once."""
    staged = staging / target.name
    write(staged)
    target.parent.mkdir(exist_ok=True)
    os.replace(staged, target)


def publish(site, artifact):
    album = json.loads((artifact / "album.json").read_text())
    name = album["album"]
    staging = site / ".staging"
    site.mkdir(parents=True, exist_ok=True)
    with open(site / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        for kind in ("clip.mp4", "poster.jpg"):
            target = site / "clips" / (name + Path(kind).suffix)
            replace(staging, target, lambda path: shutil.copyfile(artifact / kind, path))
        record = json.dumps({**album, "history": extended_history(artifact)}, indent=1)
        replace(staging, site / "albums" / f"{name}.json", lambda path: path.write_text(record))
        records = [json.loads(path.read_text()) for path in (site / "albums").glob("*.json")]
        html = page.render(records, page.read_credits(HERE / "credits.tsv"))
        replace(staging, site / "index.html", lambda path: path.write_text(html))
    return {"album": name, "title": album["title"], "clip": f"clips/{name}.mp4"}


def main():
    sys.stdin.read()  # all that is needed is in the artifact
    artifact = Path(os.environ.get("SELVAGE_IN", "/nonexistent"))
    if not (artifact / "clip.mp4").exists():
        sys.stderr.write("the message has no clip with it\n")
        return POISON
    site = Path(os.environ.get("SLIDESHOW_SITE") or HERE / "site")
    print(json.dumps(publish(site, artifact)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
