# SPDX-License-Identifier: Apache-2.0
"""Amazon's SDK for JavaScript, the current one: AWS JSON. It runs in bridge.mjs, for all threads of ours."""
import base64
import concurrent.futures
import itertools
import json
import subprocess
import threading

from .errors import ConnectionLost, GaveUp, ServiceError
from .server import ROOT

ANSWER_LIMIT = 90  # seconds


class JavaScript:
    name = "javascript"
    abilities = {"move tasks", "MessageSystemAttributeNames"}

    def __init__(self):
        self.process = subprocess.Popen(
            [ROOT / "tools/node-env", "node", ROOT / "tests/conformance/bridge.mjs"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.ids, self.lock, self.waiting = itertools.count(), threading.Lock(), {}
        threading.Thread(target=self._read, daemon=True).start()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)

    def call(self, where, action, members, give_up=None):
        number, answer = next(self.ids), concurrent.futures.Future()
        line = json.dumps({
            "id": number, "endpoint": where.url, "key": where.key, "secret": where.secret, "action": action,
            "input": members, "giveUpMs": give_up and int(give_up * 1000)}, default=marked)
        with self.lock:
            self.waiting[number] = answer
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return output_of(answer.result(ANSWER_LIMIT))

    def _read(self):
        for line in self.process.stdout:
            said = json.loads(line, object_hook=unmarked)
            self.waiting.pop(said["id"]).set_result(said)
        for answer in list(self.waiting.values()):
            answer.set_exception(RuntimeError("the bridge to JavaScript has ended"))


def output_of(said):
    if "lost" in said:
        raise (GaveUp if said["gaveUp"] else ConnectionLost)(said["lost"])
    if error := said.get("error"):
        raise ServiceError(error["code"] or error["name"], error["status"], error["message"],
                           error.get("type"), error["name"])
    return said["output"]


def marked(value):
    return {"$bytes": base64.b64encode(value).decode()}


def unmarked(value):
    return base64.b64decode(value["$bytes"]) if value.keys() == {"$bytes"} else value
