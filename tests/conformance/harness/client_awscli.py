# SPDX-License-Identifier: Apache-2.0
"""Debian's awscli (Query). The program itself takes half a second to start, so its parts run in here, with
the same arguments and what it prints caught; command_line.py shows that the real command does the same."""
import base64
import io
import json
import os
import re
import subprocess
import sys
import threading

from .errors import ClientRefused, ConnectionLost, GaveUp, ServiceError
from .older_model import MODELS, of_that_age

PROGRAM = "/usr/bin/aws"  # Debian's, whichever else is in PATH
SETTINGS = {
    "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_DATA_PATH": MODELS,
}
REFUSED = re.compile(r"An error occurred \(([^)]*)\) when calling the \w+ operation(?: \(.*?\))?: (.*)", re.S)
LOST = {"Read timeout": GaveUp, "Could not connect": ConnectionLost, "Connection was closed": ConnectionLost}
REFUSED_CODE, BAD_ARGUMENTS_CODE = 254, 252


class PerThread(io.TextIOBase):
    """A stream that is another one in each thread that asks for it."""

    def __init__(self, usual):
        self.usual, self.own = usual, threading.local()

    def caught(self):
        self.own.stream = io.StringIO()
        return self.own.stream

    def back(self):
        self.own.stream = None

    def stream(self):
        return getattr(self.own, "stream", None) or self.usual

    def write(self, text):
        return self.stream().write(text)

    def flush(self):
        self.stream().flush()

    @property
    def encoding(self):
        return "utf-8"


class AwsCli:
    name = "awscli"
    abilities = {"move tasks", "command line"}

    def __init__(self):
        os.environ.update(SETTINGS)
        from awscli.clidriver import create_clidriver  # it looks at the settings when it is first imported
        self.create_driver = create_clidriver
        sys.stdout, sys.stderr = PerThread(sys.stdout), PerThread(sys.stderr)
        self.own, self.lock = threading.local(), threading.Lock()

    def close(self):
        sys.stdout, sys.stderr = sys.stdout.usual, sys.stderr.usual

    def driver(self, where):
        """This thread's driver for calls with these credentials."""
        drivers = self.own.__dict__.setdefault("drivers", {})
        who = (where.key, where.secret)
        if who not in drivers:
            with self.lock:
                drivers[who] = self.create_driver()
            if drivers[who].session.get_service_model("sqs").protocol != "query":
                raise RuntimeError(f"this is not Debian's: {drivers[who].session.user_agent()}")
            drivers[who].session.set_credentials(*who)
            drivers[who].session.register("after-call.sqs", self.note)
        return drivers[who]

    def note(self, http_response, parsed, **_):
        """The command line hides the status and the type: its own library tells."""
        self.own.status, self.own.type = http_response.status_code, parsed.get("Error", {}).get("Type")

    def call(self, where, action, members, give_up=None):
        driver, arguments = self.driver(where), arguments_of(where, action, members, give_up)
        self.own.status = self.own.type = None
        out, errors = sys.stdout.caught(), sys.stderr.caught()
        try:
            code = driver.main(arguments)
        finally:
            sys.stdout.back(), sys.stderr.back()
        return self.outcome(code, out.getvalue(), errors.getvalue())

    def outcome(self, code, out, errors):
        if code == 0:
            return with_bytes(json.loads(out)) if out.strip() else {}
        if code == REFUSED_CODE and (match := REFUSED.search(errors)):
            raise ServiceError(match[1], self.own.status, match[2].rstrip("\n"), self.own.type)
        if code == BAD_ARGUMENTS_CODE or "Parameter validation failed" in errors:
            raise ClientRefused(errors.strip())
        for sentence, kind in LOST.items():
            if sentence in errors:
                raise kind(errors.strip())
        raise RuntimeError(f"the command ended with {code}: {errors}")

    def run_command(self, where, *arguments):
        """The real command, as a user types it: (exit code, what it printed, what it complained of)."""
        settings = {**os.environ, "AWS_ACCESS_KEY_ID": where.key, "AWS_SECRET_ACCESS_KEY": where.secret}
        ended = subprocess.run([PROGRAM, "sqs", *arguments, "--endpoint-url", where.url, "--output", "json"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, env=settings, timeout=60,
                               check=False)
        return ended.returncode, ended.stdout, ended.stderr


def arguments_of(where, action, members, give_up):
    command = re.sub(r"\B([A-Z])", r"-\1", action).lower()
    text = json.dumps(of_that_age(members), default=lambda value: base64.b64encode(value).decode())
    return ["sqs", command, "--endpoint-url", where.url, "--output", "json", "--no-paginate",
            "--cli-read-timeout", str(give_up or 90), "--cli-input-json", text]


def with_bytes(value):
    if isinstance(value, list):
        return [with_bytes(inner) for inner in value]
    if isinstance(value, dict):
        return {key: base64.b64decode(inner) if key == "BinaryValue" else with_bytes(inner)
                for key, inner in value.items()}
    return value
