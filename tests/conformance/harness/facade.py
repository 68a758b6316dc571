# SPDX-License-Identifier: Apache-2.0
"""The queue service as a test sees it, whichever client is behind it.

`call` takes and gives what the API reference names: dicts of members, whole numbers as int, binary values
as bytes. The verbs below it make a test read like what happens. Their short names for members are in SHORT."""
import concurrent.futures
import contextlib
import dataclasses
import json
import threading
import uuid

from .errors import ServiceError, agrees

SHORT = {
    "body": "MessageBody", "delay": "DelaySeconds", "group": "MessageGroupId", "dedup": "MessageDeduplicationId",
    "user": "MessageAttributes",
    "at_most": "MaxNumberOfMessages", "wait": "WaitTimeSeconds", "hide": "VisibilityTimeout",
    "tell": "MessageSystemAttributeNames", "tell_user": "MessageAttributeNames", "attempt": "ReceiveRequestAttemptId",
}
KINDS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
         "ApproximateNumberOfMessagesDelayed")


@dataclasses.dataclass(frozen=True)
class Where:
    """The server to call, and as whom."""
    url: str
    key: str = "test"
    secret: str = "test"


def unique(name="queue"):
    return f"{name}-{uuid.uuid4()}"


def members_of(short):
    return {SHORT.get(name, name): value for name, value in short.items()}


class Sqs:
    def __init__(self, client, where):
        self.client, self.where = client, where

    def can(self, ability):
        return ability in self.client.abilities

    # --- Calls

    def call(self, action, give_up=None, **members):
        """The call's answer; None as a member means that it is not given. `give_up`: seconds until the
        client ends the connection and GaveUp is raised."""
        given = {name: value for name, value in members.items() if value is not None}
        return self.client.call(self.where, action, given, give_up)

    @contextlib.contextmanager
    def refused(self, *names):
        """What is done inside must be refused with one of the contract's errors of these names."""
        refusal = []
        try:
            yield refusal
        except ServiceError as error:
            differences = [agrees(error, name) for name in names]
            if all(differences):
                raise AssertionError(f"not refused as {' or '.join(names)}: {differences[0]}: {error}") from None
            refusal.append(error)
        else:
            raise AssertionError(f"{' or '.join(names)} was expected, but nothing was refused")

    def start(self, verb, *positional, **named):
        """Does it beside the test: a future of what it returns."""
        done = concurrent.futures.Future()

        def work():
            try:
                done.set_result(verb(*positional, **named))
            except BaseException as error:  # it is the one who waits for the future that must see it
                done.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return done

    def run_command(self, *arguments):
        """Of the command line only: (exit code, what it printed, what it complained of)."""
        return self.client.run_command(self.where, *arguments)

    # --- Queues

    def make_queue(self, attributes=None, name=None, tags=None):
        """The URL of a queue; a new one unless there is one of that name."""
        answer = self.call("CreateQueue", QueueName=name or unique(), Attributes=attributes, tags=tags)
        return answer["QueueUrl"]

    def make_fifo(self, attributes=None, name=None):
        name = name or unique("fifo") + ".fifo"
        return self.make_queue({"FifoQueue": "true", **(attributes or {})}, name)

    def attributes(self, url, *names):
        return self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=list(names)).get("Attributes", {})

    def attribute(self, url, name):
        return self.attributes(url, name)[name]

    def set(self, url, **attributes):
        self.call("SetQueueAttributes", QueueUrl=url, Attributes=attributes)

    def arn(self, url):
        return self.attribute(url, "QueueArn")

    def counts(self, url):
        """[visible, in flight, delayed]"""
        told = self.attributes(url, *KINDS)
        return [int(told[kind]) for kind in KINDS]

    def redrive_to(self, url, maximum):
        """The attribute that sends to `url` what was received `maximum` times."""
        policy = {"deadLetterTargetArn": self.arn(url), "maxReceiveCount": maximum}
        return {"RedrivePolicy": json.dumps(policy)}

    # --- Messages

    def send(self, url, body, **short):
        return self.call("SendMessage", QueueUrl=url, MessageBody=body, **members_of(short))

    def send_batch(self, url, entries):
        return self.call("SendMessageBatch", QueueUrl=url, Entries=entries)

    def receive(self, url, **short):
        return self.call("ReceiveMessage", QueueUrl=url, **members_of(short)).get("Messages") or []

    def receive_one(self, url, **short):
        """The one message that must be there, or come within five seconds."""
        messages = self.receive(url, **{"wait": 5, **short})
        assert len(messages) == 1, f"one message was expected, not {len(messages)}"
        return messages[0]

    def receive_many(self, url, count, **short):
        """That many messages; fails when the queue is empty before."""
        messages = []
        while len(messages) < count:
            got = self.receive(url, **{"at_most": 10, "wait": 2, **short})
            assert got, f"only {len(messages)} of {count} messages came"
            messages += got
        assert len(messages) == count, f"{len(messages)} messages came, not {count}"
        return messages

    def drain(self, url, **short):
        """Receives until nothing more comes."""
        messages = []
        while got := self.receive(url, **{"at_most": 10, "hide": 600, **short}):
            messages += got
        return messages

    def delete(self, url, message):
        self.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle_of(message))

    def change(self, url, message, seconds):
        self.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle_of(message),
                  VisibilityTimeout=seconds)

    def let_pass(self, seconds):
        """Lets time pass on the server's own clock: a receiver waits for it at an empty queue."""
        assert self.receive(self.make_queue(), wait=seconds) == []


def handle_of(message):
    return message if isinstance(message, str) else message["ReceiptHandle"]


def bodies(messages):
    return [message["Body"] for message in messages]


def entries(count, **more):
    """Entries of a batch with the bodies 'body 0', 'body 1' ..., unless `body` is given."""
    return [members_of({"Id": f"id-{i}", "body": f"body {i}", **more}) for i in range(count)]
