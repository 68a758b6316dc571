# SPDX-License-Identifier: Apache-2.0
"""As much of Amazon SQS (AWS JSON 1.0) as the demo needs, over urllib: any SDK would do as well."""

import http.client
import json
import time
import urllib.error
import urllib.request

AWAY = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Away(Exception):
    """The broker does not answer at the moment."""


class Sqs:
    def __init__(self, address):
        self.endpoint = f"http://{address}"

    def queue(self, name):
        return f"{self.endpoint}/000000000000/{name}"

    def call(self, action, timeout=5.0, **parameters):
        request = urllib.request.Request(
            f"{self.endpoint}/",
            data=json.dumps(parameters).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{action}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise Away(f"{action}: {error}") from error
            raise RuntimeError(f"{action}: {error.code} {error.read().decode()}") from error
        except (*AWAY, json.JSONDecodeError) as error:
            raise Away(f"{action}: {error}") from error

    def insist(self, action, patience=30.0, **parameters):
        """Calls again while the broker is away. Only for calls that may be carried out twice."""
        until = time.monotonic() + patience
        while True:
            try:
                return self.call(action, **parameters)
            except Away:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def queues(self):
        urls = self.call("ListQueues").get("QueueUrls", [])
        return {url.rsplit("/", 1)[1] for url in urls}

    def count(self, name):
        """All messages in the queue: waiting, leased and delayed."""
        answer = self.call(
            "GetQueueAttributes", QueueUrl=self.queue(name), AttributeNames=list(COUNTS)
        )
        return sum(int(answer["Attributes"][name]) for name in COUNTS)

    def take_all(self, name):
        """The bodies of all messages, leased for five minutes and left in the queue."""
        bodies = []
        silent = 0
        while silent < 2:
            messages = self.insist(
                "ReceiveMessage", QueueUrl=self.queue(name), MaxNumberOfMessages=10,
                VisibilityTimeout=300, WaitTimeSeconds=1, timeout=20.0,
            ).get("Messages", [])  # fmt: skip
            bodies += [message["Body"] for message in messages]
            silent = 0 if messages else silent + 1
        return bodies
