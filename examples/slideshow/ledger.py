# SPDX-License-Identifier: Apache-2.0
"""What became of the albums: counted from the queues, the page and the clips themselves."""

import json
import math
import subprocess
from collections import Counter

from chaos import KINDS


def album_of(body):
    """A message that is none of ours gets a name that no album has."""
    try:
        return json.loads(body)["album"]
    except (ValueError, KeyError, TypeError):
        return f"not an album: {body[:60]!r}"


def why_not_playable(clip):
    """None if ffprobe decodes an H.264 stream with frames in the file, else one sentence."""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "json",
         "-show_entries", "stream=codec_name,nb_read_frames:format=duration", str(clip)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    if probe.returncode != 0 or probe.stderr:
        return f"{clip.name}: {probe.stderr.strip() or 'ffprobe failed'}"
    answer = json.loads(probe.stdout)
    stream = (answer.get("streams") or [{}])[0]
    if stream.get("codec_name") != "h264":
        return f"{clip.name}: no H.264 video in it"
    if int(stream.get("nb_read_frames", 0)) == 0 or float(answer["format"]["duration"]) <= 0:
        return f"{clip.name}: no frame in it"
    return None


def percentile(values, percent):
    """Nearest rank: the smallest value that `percent` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


class Ledger:
    """`sent`: album names; `done`, `dead`: bodies found in the done and the dead-letter queues."""

    def __init__(self, sent, done, dead, site):
        self.sent = Counter(sent)
        self.done = Counter(album_of(body) for body in done)
        self.dead = Counter(album_of(body) for body in dead)
        ended = self.done + self.dead
        self.lost = sorted(self.sent.keys() - ended.keys())
        self.duplicated = sorted((ended - self.sent).elements())
        self.clips = sorted((site / "clips").glob("*.mp4"))
        self.unplayable = [why for why in map(why_not_playable, self.clips) if why]
        self.unpublished = sorted(self.done.keys() - {clip.stem for clip in self.clips})
        self.unasked = sorted({clip.stem for clip in self.clips} - self.sent.keys())

    def complaints(self):
        """One sentence per thing that is not as it has to be; none if all is well."""
        found = []
        if self.lost:
            found.append(f"lost: {', '.join(self.lost)}")
        if self.duplicated:
            found.append(f"more copies than were sent: {', '.join(self.duplicated)}")
        if self.dead:
            found.append(f"dead: {', '.join(sorted(self.dead))}")
        if self.unpublished:
            found.append(f"done, but no clip on the page: {', '.join(self.unpublished)}")
        if self.unasked:
            found.append(f"a clip that nobody ordered: {', '.join(self.unasked)}")
        return found + [f"does not play: {why}" for why in self.unplayable]

    def text(self, kills, recoveries_ms, page):
        playing = len(self.clips) - len(self.unplayable)
        by_kind = ", ".join(f"{kind} {kills[kind]}" for kind in KINDS)
        lines = [
            ("messages in", self.sent.total()),
            ("handed over", self.done.total()),
            ("dead", self.dead.total()),
            ("lost", len(self.lost)),
            ("duplicated", len(self.duplicated)),
            ("clips that play", f"{playing} of {len(self.clips)}"),
            ("kills", f"{kills.total()} ({by_kind})"),
            ("recovery", recovery_text(recoveries_ms)),
            ("page", page),
        ]
        return "\n".join(f"  {name:<16} {value}" for name, value in lines)


def recovery_text(recoveries_ms):
    if not recoveries_ms:
        return "none measured"
    p50, p99 = percentile(recoveries_ms, 50), percentile(recoveries_ms, 99)
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms ({len(recoveries_ms)} measured)"
