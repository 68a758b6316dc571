# SPDX-License-Identifier: Apache-2.0
"""A running server. $SELVAGE: the program."""
import os
import pathlib
import re
import signal
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("SELVAGE", str(ROOT / "build/release/selvage"))
READY = re.compile(r"^listening on (http://127\.0\.0\.1:\d+)$")
START_LIMIT = 30  # seconds


class Server:
    """Started by the constructor, which returns when the server says that it listens."""

    def __init__(self, folder, options=(), memory=False):
        store = ["--memory"] if memory else ["--data", f"{folder}/data"]
        command = [PROGRAM, "serve", "--listen", "127.0.0.1:0", *store, *options]
        log = pathlib.Path(folder, "log")
        with log.open("ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=errors, text=True)
        limit = threading.Timer(START_LIMIT, self.process.kill)
        limit.start()
        line = next((line for line in self.process.stdout if READY.match(line)), None)
        limit.cancel()
        if line is None:  # its output has ended, and so has it
            self.kill()
            raise RuntimeError(f"{' '.join(command)} did not say that it listens:\n{log.read_text()}")
        self.url = READY.match(line)[1]
        threading.Thread(target=self.process.stdout.read, daemon=True).start()  # it never blocks on a full pipe

    def kill(self):
        """As a crash would: it has no time to do anything."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError("the server did not end on SIGTERM") from None
