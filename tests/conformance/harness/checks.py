# SPDX-License-Identifier: Apache-2.0
"""What tests compare with: digests written from Amazon's description, and comparisons that say what differs."""
import hashlib
import struct
import time


def equal(got, expected, what=""):
    if got != expected:
        raise AssertionError(f"{what + ' is ' if what else ''}{shown(got)}, not {shown(expected)}")


def shown(value):
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:400]} ... {text[-150:]}"


def between(least, value, most, what=""):
    assert least <= value <= most, f"{what or 'it'} is {value}, not between {least} and {most}"


def md5(data):
    return hashlib.md5(data.encode() if isinstance(data, str) else data).hexdigest()


def with_length(data):
    raw = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(raw)) + raw


def md5_of_attributes(attributes):
    """Names in byte order; each name, type and value after its length; before the value a byte for its kind."""
    said = b""
    for name in sorted(attributes, key=str.encode):
        one = attributes[name]
        binary = one["DataType"].startswith("Binary")
        said += with_length(name) + with_length(one["DataType"]) + (b"\2" if binary else b"\1")
        said += with_length(one["BinaryValue" if binary else "StringValue"])
    return md5(said)


def text(value, kind="String"):
    return {"DataType": kind, "StringValue": value}


def binary(value, kind="Binary"):
    return {"DataType": kind, "BinaryValue": value}


def elapsed(work):
    """(what `work` returns, the seconds that it took)"""
    began = time.monotonic()
    result = work()
    return result, time.monotonic() - began


def until(holds, limit=10):
    """Asks again and again until `holds()` is true, and returns what it said; fails after `limit` seconds."""
    end = time.monotonic() + limit
    while not (said := holds()):
        assert time.monotonic() < end, f"it did not come true in {limit} s"
        time.sleep(0.05)  # between questions
    return said
