#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=300
"""The modes http and sdk with programs as people write them: small servers, and workers that poll SQS
with Amazon's own SDKs and have never heard of Selvage."""
import json
import time

try:
    import boto3
except ImportError:
    boto3 = None

from harness import ROOT, Case, Workflow, eventually, evidence, kill, main

NODE = ROOT / ".tools/node/bin/node"
SDK = ROOT / "tests/conformance"
VISIBILITY = 600  # seconds; what is redone within LIMIT was not freed by this

# ---- workers of mode sdk

# A message's body is what to do: tell who is at work, wait to be killed, or only send it on.
BOTO3_WORKER = """#!/usr/bin/env python3
import os, sys, time
import boto3, botocore
# What reads the endpoint from the environment by itself since 1.31 has to be told before that.
modern = tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 31)
sqs = boto3.client("sqs", **({} if modern else {"endpoint_url": os.environ["AWS_ENDPOINT_URL_SQS"]}))
source, target = os.environ["SELVAGE_QUEUE_URL"], os.environ.get("SELVAGE_TO_QUEUE_URL")
open("up", "a").write("up\\n")
while True:
    answer = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=1, WaitTimeSeconds=20)
    for message in answer.get("Messages", []):
        with open("at-work", "a") as file:
            print(message["Body"], os.getpid(), os.environ["AWS_ACCESS_KEY_ID"], message["ReceiptHandle"],
                  file=file, flush=True)
        if message["Body"].startswith("hang") and not os.path.exists("go on"):
            print("I hang", file=sys.stderr, flush=True)
            time.sleep(3600)
        if target:
            sqs.send_message(QueueUrl=target, MessageBody=message["Body"] + " done")
        sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
"""

NODE_WORKER = """#!%(node)s
const { createRequire } = require("node:module");
const { appendFileSync, existsSync } = require("node:fs");
const { SQSClient, ReceiveMessageCommand, SendMessageCommand, DeleteMessageCommand } =
  createRequire("%(sdk)s/")("@aws-sdk/client-sqs");
const sqs = new SQSClient({});
const source = process.env.SELVAGE_QUEUE_URL, target = process.env.SELVAGE_TO_QUEUE_URL;
appendFileSync("up", "up\\n");
(async () => {
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(
      { QueueUrl: source, MaxNumberOfMessages: 1, WaitTimeSeconds: 20 }));
    for (const message of Messages) {
      appendFileSync("at-work", [message.Body, process.pid, process.env.AWS_ACCESS_KEY_ID,
                                 message.ReceiptHandle].join(" ") + "\\n");
      if (message.Body.startsWith("hang") && !existsSync("go on")) {
        console.error("I hang");
        await new Promise((resolve) => setTimeout(resolve, 3600e3));
      }
      await sqs.send(new SendMessageCommand({ QueueUrl: target, MessageBody: message.Body + " done" }));
      await sqs.send(new DeleteMessageCommand({ QueueUrl: source, ReceiptHandle: message.ReceiptHandle }));
    }
  }
})();
"""


class SdkWorkers:
    """What holds for a worker in any language; `self.program` writes it."""

    STAGE = ("work: {{ from: in, run: ./worker, to: out, mode: sdk, deadline: {deadline}s, grace: {grace}, "
             "workers: {{ min: 2, max: 2, spare: 0 }} }}")

    def up(self, *arguments, deadline=VISIBILITY, grace="5s"):
        self.write("worker", self.program(), 0o755)
        flow = self.workflow(self.STAGE.format(deadline=deadline, grace=grace), *arguments)
        up = self.folder / "up"
        eventually(lambda: up.exists() and len(up.read_text().splitlines()) == 2, "both workers are up")
        return flow

    def at_work(self, body):
        """Pid of each program that has had the message, in their order."""
        path = self.folder / "at-work"
        lines = [line.rsplit(" ", 3) for line in path.read_text().splitlines()] if path.exists() else []
        return [int(pid) for told, pid, _, _ in lines if told == body]

    def receipts(self, body):
        lines = [line.rsplit(" ", 3) for line in (self.folder / "at-work").read_text().splitlines()]
        return [receipt for told, _, _, receipt in lines if told == body]

    def await_work(self, flow, body, count=1):
        """The pids, once so many programs have had the message."""
        def question():
            found = self.at_work(body)
            return found if len(found) >= count else None
        try:
            return eventually(question, f"{count} programs have had {body}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{flow.statistics()}\n{flow.errors()}") from None

    def let_go_on(self):
        (self.folder / "go on").touch()

    def test_messages_pass_through_a_program_that_knows_only_sqs(self):
        flow = self.up()
        for n in range(20):
            flow.send("in", f"m{n:02}")
        self.assertEqual(flow.bodies("out", 20), [f"m{n:02} done" for n in range(20)])
        flow.await_counts("in", Visible=0, InFlight=0, Deleted=20, Failed=0)
        flow.leave(self)

    def test_a_killed_program_frees_its_message_at_once(self):
        flow = self.up()
        flow.send("in", "hang")
        (victim,) = self.await_work(flow, "hang")
        begun = time.monotonic()
        kill(victim)
        again = self.await_work(flow, "hang", 2)
        took = time.monotonic() - begun
        self.assertNotEqual(again[0], again[1])
        print(f"killed program: another worker had the message after {took * 1000:.0f} ms")
        self.let_go_on()
        kill(again[1])
        self.assertEqual(flow.take_one("out")["Body"], "hang done")
        flow.await_counts("in", Visible=0, InFlight=0, Failed=2)
        died = [event for event in flow.events() if "signal 9" in json.dumps(event)]
        self.assertGreaterEqual(len(died), 2, flow.events())
        flow.leave(self)

    def test_a_killed_runner_frees_its_message_at_once_and_its_program_is_gone(self):
        flow = self.up()
        flow.send("in", "hang")
        (victim,) = self.await_work(flow, "hang")
        parent = {process.pid: process.parent for process in flow.processes()}
        runner = parent[victim]
        self.assertIn(runner, flow.runners().values())
        begun = time.monotonic()
        kill(runner)
        self.await_work(flow, "hang", 2)
        took = time.monotonic() - begun
        print(f"killed runner: another worker had the message after {took * 1000:.0f} ms")
        eventually(lambda: not any(process.pid == victim for process in flow.processes()),
                   "the program of the killed runner has gone")
        self.let_go_on()
        flow.await_workers(2)
        kill(self.at_work("hang")[-1])
        self.assertEqual(flow.take_one("out")["Body"], "hang done")
        flow.leave(self)


class Boto3(SdkWorkers, Case):
    def setUp(self):
        super().setUp()
        if boto3 is None:
            self.skipTest("boto3 is not installed; run tools/setup test")

    def program(self):
        return BOTO3_WORKER

    def test_what_a_killed_program_held_is_dead_after_its_last_attempt_and_says_why(self):
        self.write("worker", self.program(), 0o755)
        flow = self.workflow(self.STAGE.format(deadline=VISIBILITY, grace="5s"),
                             defaults="retry: { attempts: 2, backoff: 1ms..2ms }")
        flow.send("in", "hang")
        for count in (1, 2):
            kill(self.await_work(flow, "hang", count)[-1])
        causes = [(one["cause"], one["signal"], one["stage"], one["stderr"])
                  for one in evidence(flow.take_one("in-dead"))]
        self.assertEqual(causes, [("signal 9 (Killed)", 9, "work", "I hang\n")] * 2)
        flow.leave(self)

    def test_a_receipt_of_a_dead_program_deletes_nothing_any_more(self):
        flow = self.up()
        flow.send("in", "hang")
        kill(self.await_work(flow, "hang")[0])
        self.await_work(flow, "hang", 2)
        stale = self.receipts("hang")[0]
        flow.call("AmazonSQS.DeleteMessage", QueueUrl=flow.url("in"), ReceiptHandle=stale)
        self.assertEqual(flow.counts("in")["InFlight"], 1)
        self.assertEqual(flow.counts("in")["Deleted"], 0)
        flow.leave(self)

    def test_a_lease_that_runs_out_is_a_failed_attempt_and_the_program_goes_on(self):
        flow = self.up(deadline=1)
        flow.send("in", "hang")
        first, second = self.await_work(flow, "hang", 2)[:2]
        self.assertNotEqual(first, second)
        self.assertIn(first, [process.pid for process in flow.processes()])
        self.assertGreaterEqual(flow.counts("in")["Failed"], 1)
        self.assertEqual(flow.counts("in")["Revoked"], 0)
        flow.leave(self)

    def test_a_restarted_broker_finds_its_workers_at_work_and_idle_ones_go_on_too(self):
        flow = self.up()
        flow.await_workers(2)
        flow.send("in", "hang")
        (busy,) = self.await_work(flow, "hang")
        flow.send("in", "quick")
        idle = self.await_work(flow, "quick")[0]
        flow.take_one("out")
        kill(flow.broker())
        eventually(lambda: flow.statistics() and flow.counts("in"), "a new broker answers")
        flow.send("in", "after")
        self.assertEqual(self.await_work(flow, "after"), [idle])
        self.assertEqual(flow.take_one("out")["Body"], "after done")
        self.assertIn(busy, [process.pid for process in flow.processes()])
        flow.await_counts("in", InFlight=1, Failed=0)
        flow.leave(self)

    def test_with_credentials_the_program_may_only_do_its_own_work(self):
        self.write("keys.yaml", "selvage-credentials: 1\nkeys:\n"
                   "  - { id: AKIAADMIN, secret: s3cret, allow: everything }\n", 0o600)
        self.write("worker", """#!/usr/bin/env python3
import os, boto3, botocore, botocore.exceptions
modern = tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 31)
sqs = boto3.client("sqs", **({} if modern else {"endpoint_url": os.environ["AWS_ENDPOINT_URL_SQS"]}))
source, target = os.environ["SELVAGE_QUEUE_URL"], os.environ["SELVAGE_TO_QUEUE_URL"]
def code_of(call):
    try:
        call()
        return "allowed"
    except botocore.exceptions.ClientError as error:
        return str(error.response["ResponseMetadata"]["HTTPStatusCode"])
(message,) = sqs.receive_message(QueueUrl=source, WaitTimeSeconds=20)["Messages"]
told = [code_of(call) for call in (
    lambda: sqs.receive_message(QueueUrl=target),
    lambda: sqs.create_queue(QueueName="mine"),
    lambda: sqs.purge_queue(QueueUrl=source),
    lambda: sqs.list_queues(),
    lambda: sqs.send_message(QueueUrl=target, MessageBody="one"),
    lambda: sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"]))]
sqs.send_message(QueueUrl=target, MessageBody=" ".join(told))
""", 0o755)
        self.write_programs()
        self.write("workflow.yaml", "selvage: 1\nname: test\nstages:\n"
                   "  work: { from: in, run: ./worker, to: out, mode: sdk }\n")
        flow = Workflow(self, self.folder, "--credentials", self.folder / "keys.yaml")
        admin = boto3.client("sqs", endpoint_url=f"http://{flow.address}", region_name="us-east-1",
                             aws_access_key_id="AKIAADMIN", aws_secret_access_key="s3cret")

        def url_of(queue):
            try:
                return admin.get_queue_url(QueueName=queue)["QueueUrl"]
            except admin.exceptions.QueueDoesNotExist:
                return None
        eventually(lambda: url_of("in") and url_of("out"), "the queues are there")
        admin.send_message(QueueUrl=url_of("in"), MessageBody="m")
        bodies = []

        def all_told():
            for message in admin.receive_message(QueueUrl=url_of("out"), WaitTimeSeconds=1).get("Messages", []):
                bodies.append(message["Body"])
            return len(bodies) == 2
        eventually(all_told, "the program has told what it may")
        self.assertEqual(sorted(bodies), ["403 403 403 403 allowed allowed", "one"])
        flow.leave(self)

    def test_a_drain_lets_the_program_finish_and_returns_what_it_holds_unburnt(self):
        flow = self.up(grace="0s")
        flow.send("in", "hang")
        self.await_work(flow, "hang")
        address = flow.address
        flow.leave(self)
        broker = self.broker(listen=address)
        self.assertEqual(broker.counts("in")["Failed"], 0)
        self.assertEqual(broker.counts("in")["Visible"], 1)
        self.assertEqual(broker.stop(), 0)


class Node(SdkWorkers, Case):
    def setUp(self):
        super().setUp()
        if not NODE.exists() or not (SDK / "node_modules/@aws-sdk/client-sqs").exists():
            self.skipTest("Node.js or Amazon's SDK for it is not installed; run tools/setup test")

    def program(self):
        return NODE_WORKER % {"node": NODE, "sdk": SDK}


# ---- servers of mode http

PYTHON_SERVER = """#!/usr/bin/env python3
import http.server, os, time

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        attempt = self.headers["Selvage-Attempt"]
        with open("at-work", "a") as file:
            print(body, os.getpid(), attempt, self.headers["Selvage-Message-Id"], file=file, flush=True)
        if body == "hang" and attempt == "1":
            time.sleep(3600)
        if body == "fail":
            return self.answer(500, "no disk")
        if body == "file":
            open(os.path.join(self.headers["Selvage-Out"], "a"), "w").write("b")
        self.answer(200, body + " done")

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

NODE_SERVER = """#!%(node)s
const { createServer } = require("node:http");
const { appendFileSync, writeFileSync } = require("node:fs");
createServer((request, response) => {
  if (request.method === "GET") return response.writeHead(200).end();
  let body = "";
  request.on("data", (bytes) => { body += bytes; });
  request.on("end", () => {
    const attempt = request.headers["selvage-attempt"];
    appendFileSync("at-work", [body, process.pid, attempt, request.headers["selvage-message-id"]].join(" ") + "\\n");
    if (body === "hang" && attempt === "1") return;
    if (body === "fail") return response.writeHead(500).end("no disk");
    if (body === "file") writeFileSync(request.headers["selvage-out"] + "/a", "b");
    response.writeHead(200).end(body + " done");
  });
}).listen(process.env.PORT, "127.0.0.1");
"""


class HttpServers:
    STAGE = "work: {{ from: in, run: ./server, to: out, mode: http, deadline: {deadline}{more} }}"

    def up(self, deadline="10m", more="", defaults="workers: { min: 1, max: 2, spare: 1 }"):
        self.write("server", self.program(), 0o755)
        return self.workflow(self.STAGE.format(deadline=deadline, more=more), defaults=defaults)

    at_work = SdkWorkers.at_work
    await_work = SdkWorkers.await_work

    def test_messages_pass_through_a_server(self):
        flow = self.up()
        for n in range(40):
            flow.send("in", f"m{n:02}")
        self.assertEqual(flow.bodies("out", 40), [f"m{n:02} done" for n in range(40)])
        self.assertEqual(flow.counts("in")["HandedOver"], 40)
        self.assertEqual(flow.counts("in")["Failed"], 0)
        flow.leave(self)

    def test_a_killed_server_or_runner_frees_its_message_at_once(self):
        flow = self.up()
        for number, whom in enumerate(("server", "runner")):
            with self.subTest(whom=whom):
                flow.await_workers(2)
                (self.folder / "at-work").unlink(missing_ok=True)
                flow.send("in", "hang")
                (victim,) = self.await_work(flow, "hang")
                parent = {process.pid: process.parent for process in flow.processes()}
                kill(victim if whom == "server" else parent[victim])
                self.assertEqual(flow.take_one("out")["Body"], "hang done")
                self.assertEqual(flow.counts("in")["Failed"], number + 1)
        flow.leave(self)

    def test_a_server_that_hangs_is_ended_at_the_deadline(self):
        flow = self.up(deadline="200ms")
        flow.send("in", "hang")
        self.assertEqual(flow.take_one("out")["Body"], "hang done")
        self.assertEqual(flow.counts("in")["Failed"], 1)
        flow.leave(self)

    def test_a_failed_message_is_dead_with_the_answers_as_evidence(self):
        flow = self.up(more=", retry: { attempts: 2, backoff: 1ms..2ms }")
        flow.send("in", "fail")
        causes = [one["cause"] for one in evidence(flow.take_one("in-dead"))]
        self.assertEqual(causes, ["it answered 500 Internal Server Error: no disk"] * 2)
        flow.leave(self)

    def test_files_travel_with_the_answer(self):
        flow = self.up()
        flow.send("in", "file")
        self.assertEqual(flow.take_one("out")["Body"], "file done")
        self.assertEqual(len(flow.artifacts()), 1)
        flow.leave(self)


class PythonServer(HttpServers, Case):
    def program(self):
        return PYTHON_SERVER


class NodeServer(HttpServers, Case):
    def setUp(self):
        super().setUp()
        if not NODE.exists():
            self.skipTest("Node.js is not installed; run tools/setup test")

    def program(self):
        return NODE_SERVER % {"node": NODE}


if __name__ == "__main__":
    main()
