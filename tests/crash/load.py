# SPDX-License-Identifier: Apache-2.0
"""Clients that keep a broker busy and a ledger of it: senders and consumers of a standard queue, of a
FIFO queue, and a stage that hands over from one queue to another.

Each is a thread with one connection, on which it pipelines. When the connection ends it stands still
until the rig names the next broker (`Door`), so that the books can be settled in between.
"""
import json
import socket
import threading
import time

PLAIN, LINE, WORK, DONE = "plain", "line.fifo", "work", "done"
QUEUES = (PLAIN, LINE, WORK, DONE)
GROUPS = 12
VISIBILITY = 3  # seconds: a lease whose answer was lost is over soon
BACKLOG = 600  # messages of a queue, at which its senders pause
BAD = "\u0001"  # no message may have this character
SMALL, LARGE = 600, 40_000  # bytes of filler


class Door:
    """Where the clients wait until a broker is there, and the rig until all of them wait."""

    def __init__(self):
        self.condition = threading.Condition()
        self.clients, self.waiting = 0, 0
        self.address, self.generation = None, 0
        self.over = False
        self.draining = False  # nothing new is sent, and everything received is settled

    def open(self, address):
        with self.condition:
            self.address, self.generation = address, self.generation + 1
            self.condition.notify_all()

    def close(self, limit):
        """Returns when every client stands outside; the broker must be dead, or they never come."""
        with self.condition:
            self.address = None
            if not self.condition.wait_for(lambda: self.waiting == self.clients, limit):
                raise AssertionError(f"{self.waiting} of {self.clients} clients noticed the crash")

    def finish(self):
        with self.condition:
            self.over = True
            self.condition.notify_all()

    def enter(self, after):
        """The next broker's (generation, address); None when it is over."""
        with self.condition:
            self.waiting += 1
            self.condition.notify_all()
            self.condition.wait_for(
                lambda: self.over or self.address is not None and self.generation > after)
            self.waiting -= 1
            return None if self.over else (self.generation, self.address)

    def is_open(self, generation):
        return self.address is not None and self.generation == generation and not self.over


def request(target, members):
    body = json.dumps(members).encode()
    return (f"POST / HTTP/1.1\r\nHost: broker\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"X-Amz-Target: {target}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


class Pipe:
    """A connection; once an answer is missing it is of no more use."""

    def __init__(self, address, limit):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=limit)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def exchange(self, requests):
        """The answers in order as (status, members); from the first missing one on None."""
        answers = []
        try:
            self.socket.sendall(b"".join(request(*one) for one in requests))
            while len(answers) < len(requests):
                answers.append(self._read())
        except (OSError, EOFError):
            answers += [None] * (len(requests) - len(answers))
        return answers

    def _read(self):
        while (end := self.left.find(b"\r\n\r\n")) < 0:
            self._more()
        head = self.left[:end].decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        parts = [self.left[end + 4:]]
        missing = length - len(parts[0])
        while missing > 0:
            self.left = b""
            self._more()
            parts.append(self.left)
            missing -= len(self.left)
        text = b"".join(parts)
        self.left = text[length:]
        return int(head.split(None, 2)[1]), json.loads(text[:length] or b"{}")

    def _more(self):
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise EOFError
        self.left += chunk

    def close(self):
        self.socket.close()


class Client(threading.Thread):
    def __init__(self, ledger, door, chance, limit):
        super().__init__(daemon=True)
        self.ledger, self.door, self.chance, self.limit = ledger, door, chance, limit
        self.pipe, self.generation = None, 0

    def run(self):
        try:
            while place := self.door.enter(self.generation):
                self.generation, address = place
                try:
                    self.pipe = Pipe(address, self.limit)
                except OSError:
                    continue  # it has died already
                while self.pipe and self.door.is_open(self.generation):
                    self.turn()
                if self.pipe:
                    self.pipe.close()
        except Exception as error:  # a bug of ours must not look like a calm client
            self.ledger.complain(f"{type(self).__name__} failed: {type(error).__name__} {error}")
            with self.door.condition:
                self.door.clients -= 1
                self.door.condition.notify_all()

    def turn(self):
        raise NotImplementedError

    def exchange(self, *requests):
        """Members of each answer; None: nobody knows. A refusal of a whole call is a violation."""
        told = []
        for (target, _), answer in zip(requests, self.pipe.exchange(requests)):
            if answer is None:
                self.pipe.close()
                self.pipe = None
                return told + [None] * (len(requests) - len(told))
            self.ledger.answered()
            status, members = answer
            if 400 <= status < 500:
                self.ledger.complain(f"{target} was refused: {status} {members}")
            told.append(members if status == 200 else None)
        return told

    def filler(self):
        size = LARGE if self.chance.random() < 0.02 else SMALL
        return format(self.chance.getrandbits(32), "08x") * (self.chance.randrange(8, size) // 8)

    def has_room(self, queue):
        """Waits a moment when the queue is full, or to be emptied."""
        if self.ledger.held(queue) < BACKLOG and not self.door.draining:
            return True
        time.sleep(0.005)
        return False


# --- Senders


class Sender(Client):
    """Pipelines single messages and batches to a standard queue; repeats none."""

    def __init__(self, *arguments, queue, delays=True):
        super().__init__(*arguments)
        self.queue, self.delays = queue, delays

    def turn(self):
        if not self.has_room(self.queue):
            return
        batches = [self.make_batch() for _ in range(self.chance.randrange(1, 5))]
        answers = self.exchange(*(self.ask(batch) for batch in batches))
        for batch, answer in zip(batches, answers):
            if answer is not None:
                self.enter(batch, answer)

    def make_batch(self):
        """(message, delay, is sound): one for a single call, more for a batch."""
        count = self.chance.choice((1, 1, 2, 10))
        delays = [self.chance.choice((0, 0, 0, 1, 2)) if self.delays else 0 for _ in range(count)]
        return [(self.ledger.create(self.queue, self.filler()), delay,
                 count == 1 or self.chance.random() > 0.02) for delay in delays]

    def ask(self, batch):
        entries = []
        for place, (message, delay, is_sound) in enumerate(batch):
            self.ledger.ask_send(message, delay)
            entries.append({"Id": str(place), "DelaySeconds": delay,
                            "MessageBody": message.body + ("" if is_sound else BAD)})
        if len(batch) > 1:
            return "AmazonSQS.SendMessageBatch", {"QueueUrl": self.queue, "Entries": entries}
        del entries[0]["Id"]
        return "AmazonSQS.SendMessage", {"QueueUrl": self.queue, **entries[0]}

    def enter(self, batch, answer):
        if len(batch) == 1:
            return self.ledger.send_confirmed(batch[0][0], answer["MessageId"])
        for entry in answer.get("Successful", []):
            self.ledger.send_confirmed(batch[int(entry["Id"])][0], entry["MessageId"])
        for entry in answer.get("Failed", []):
            message, _, is_sound = batch[int(entry["Id"])]
            self.ledger.send_refused(message)
            if is_sound:
                self.ledger.complain(f"{message} was refused: {entry}")


class BulkSender(Sender):
    """As many as it can, in batches of ten."""

    def has_room(self, queue):
        return True

    def make_batch(self):
        return [(self.ledger.create(self.queue, "bulk"), 0, True) for _ in range(10)]


class LineSender(Client):
    """Batches to some groups of the FIFO queue. A batch without an answer is sent again, with the
    same deduplication ids, before anything else: then each message is there once and in order."""

    def __init__(self, *arguments, groups):
        super().__init__(*arguments)
        self.groups, self.batch = groups, []

    def turn(self):
        if not self.batch:
            if not self.has_room(LINE):
                return
            self.batch = [self.ledger.create(LINE, self.filler(), self.chance.choice(self.groups))
                          for _ in range(self.chance.randrange(1, 11))]
        for message in self.batch:
            self.ledger.ask_send(message)
        entries = [{"Id": str(place), "MessageBody": message.body, "MessageGroupId": message.group,
                    "MessageDeduplicationId": str(message.number)}
                   for place, message in enumerate(self.batch)]
        answer, = self.exchange(("AmazonSQS.SendMessageBatch", {"QueueUrl": LINE, "Entries": entries}))
        if answer is None:
            return
        for entry in answer.get("Successful", []):
            self.ledger.send_confirmed(self.batch[int(entry["Id"])], entry["MessageId"])
        for entry in answer.get("Failed", []):
            self.ledger.complain(f"{self.batch[int(entry['Id'])]} was refused: {entry}")
        self.batch = []


# --- Consumers


class Consumer(Client):
    """Receives ten at a time, and deletes most of them together with its next receive."""

    def __init__(self, *arguments, queue):
        super().__init__(*arguments)
        self.queue = queue
        self.taken = []  # (message, receipt), in order

    def turn(self):
        work, self.taken = self.taken, []
        calls = list(self.settle(work))
        asked_at = time.monotonic()
        receive = ("AmazonSQS.ReceiveMessage",
                   {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": VISIBILITY,
                    "WaitTimeSeconds": self.chance.choice((0, 1))})
        answers = self.exchange(*(call for call, _ in calls), receive)
        for (_, enter), answer in zip(calls, answers):
            if answer is not None:
                enter(answer)
        if answers[-1] is not None:
            self.take(answers[-1].get("Messages", []), asked_at)

    def take(self, items, asked_at):
        messages = self.ledger.received(
            self.queue, [(item["Body"], item["MessageId"]) for item in items], asked_at, VISIBILITY)
        self.taken = list(zip(messages, (item["ReceiptHandle"] for item in items)))

    def settle(self, work):
        """(call, what to do with its answer) for what was taken."""
        if not work:
            return
        keep = len(work)
        if self.chance.random() < 0.05 and not self.door.draining:
            keep = self.chance.randrange(len(work) + 1)
        work, dropped = work[:keep], work[keep:]  # these come back when their lease is over
        if dropped and self.chance.random() < 0.7:
            yield self.change_visibility(dropped, self.chance.choice((0, 1, 2 * VISIBILITY)))
        if self.queue != LINE and (len(work) == 1 or self.chance.random() < 0.1):
            yield from (self.delete(*one) for one in work)
        elif work:  # there an expired receipt fails alone
            yield self.delete_batch(work)

    def delete(self, message, receipt):
        self.ledger.ask_delete(message)
        return (("AmazonSQS.DeleteMessage", {"QueueUrl": self.queue, "ReceiptHandle": receipt}),
                lambda _: self.ledger.delete_confirmed(message))

    def delete_batch(self, work):
        def enter(answer):
            for entry in answer.get("Successful", []):
                self.ledger.delete_confirmed(work[int(entry["Id"])][0])
            for entry in answer.get("Failed", []):
                self.ledger.delete_refused(work[int(entry["Id"])][0])
        for message, _ in work:
            self.ledger.ask_delete(message)
        entries = [{"Id": str(place), "ReceiptHandle": receipt}
                   for place, (_, receipt) in enumerate(work)]
        return ("AmazonSQS.DeleteMessageBatch", {"QueueUrl": self.queue, "Entries": entries}), enter

    def change_visibility(self, work, seconds):
        asked_at = time.monotonic()

        def enter(answer):
            for entry in answer.get("Successful", []):
                self.ledger.visibility_confirmed(work[int(entry["Id"])][0], asked_at, seconds)
        for message, _ in work:
            self.ledger.ask_visibility(message, seconds)
        entries = [{"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                   for place, (_, receipt) in enumerate(work)]
        return ("AmazonSQS.ChangeMessageVisibilityBatch",
                {"QueueUrl": self.queue, "Entries": entries}), enter


class Stage(Consumer):
    """Hands over from one queue to another instead of deleting."""

    def settle(self, work):
        if not work:
            return
        pairs = [(message, self.ledger.create(DONE, f"from {message.number}"), receipt)
                 for message, receipt in work]
        entries = []
        for message, output, receipt in pairs:
            self.ledger.ask_hand_over(message, output)
            entries.append({"ReceiptHandle": receipt,
                            "Outputs": [{"QueueUrl": DONE, "MessageBody": output.body}]})

        def enter(answer):
            for (message, output, _), result in zip(pairs, answer["Results"], strict=True):
                if result["Outcome"] == "Done":
                    self.ledger.hand_over_confirmed(message, output)
                else:
                    self.ledger.hand_over_refused(message, output)
        yield ("Selvage.HandOver", {"Entries": entries}), enter


def make_bulk(ledger, door, chance_of, limit):
    return [BulkSender(ledger, door, chance_of(f"bulk {number}"), limit, queue=PLAIN, delays=False)
            for number in range(2)]


def make_clients(ledger, door, chance_of, limit):
    """One of each kind, two where one would not be enough. `chance_of`: name -> random.Random."""
    def common(name):
        return ledger, door, chance_of(name), limit
    groups = [f"g{number}" for number in range(GROUPS)]
    return [
        Sender(*common("sender 1"), queue=PLAIN), Sender(*common("sender 2"), queue=PLAIN),
        Sender(*common("sender 3"), queue=WORK, delays=False),
        LineSender(*common("line 1"), groups=groups[::2]),
        LineSender(*common("line 2"), groups=groups[1::2]),
        Consumer(*common("consumer 1"), queue=PLAIN), Consumer(*common("consumer 2"), queue=PLAIN),
        Consumer(*common("consumer 3"), queue=LINE), Consumer(*common("consumer 4"), queue=LINE),
        Consumer(*common("consumer 5"), queue=DONE), Stage(*common("stage"), queue=WORK),
    ]
