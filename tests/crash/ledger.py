# SPDX-License-Identifier: Apache-2.0
"""What clients asked of a broker, what it promised, and whether it kept that.

A message is known by the number in its body. Each request is told before it is sent (`ask_…`) and
once it is answered (`…_confirmed`, `…_refused`); one without an answer stays open, for nobody knows
whether it was carried out. While the broker is down all clients stand still; then the books are
settled: `audit()` compares them with all that the restarted broker holds, and what it says about
an open request is binding from then on.

    send    asked ──confirmed──► promised          lost when it is missing at an audit
              ├─────refused────► void              from nowhere when it is ever seen
              └──no answer─────► open ──audit────► promised or void
    delete  likewise; whoever comes back after a promised delete is a violation

`violations` collects sentences; an empty list is a balanced ledger. Thread-safe.
"""
import collections
import hashlib
import threading
import time

SLACK = 0.02  # seconds: the broker's clock is another than ours
PATIENCE = 60.0


def digest(number, filler):
    return hashlib.blake2b(f"{number}.{filler}".encode(), digest_size=8).hexdigest()


class Message:
    __slots__ = ("number", "queue", "group", "digest", "body", "sent", "sends_open", "gone",
                 "deletes_open", "gone_since", "id", "deliveries", "not_before", "leased_at",
                 "leased_until", "outputs", "input")

    def __init__(self, number, queue, group, filler):
        self.number, self.queue, self.group = number, queue, group
        self.digest = digest(number, filler)
        self.body = f"{number}.{self.digest}.{filler}"
        self.sent = False  # True: promised
        self.sends_open = 0
        self.gone = False  # True: its delete is promised
        self.deletes_open = 0
        self.gone_since = None
        self.id = None
        self.deliveries = 0
        self.not_before = 0.0
        self.leased_at = self.leased_until = None
        self.outputs = []  # of hand-overs of this message that are open or confirmed
        self.input = None

    def is_void(self):
        return not self.sent and self.sends_open == 0

    def may_be_gone(self):
        return self.gone or self.deletes_open > 0

    def __str__(self):
        return f"message {self.number} of {self.queue}"


class Ledger:
    def __init__(self):
        self.lock = threading.Condition(threading.RLock())
        self.messages = {}
        self.live = collections.defaultdict(set)  # queue -> numbers that may be in it
        self.groups = collections.defaultdict(collections.deque)  # group -> messages in order
        self.handing_over = set()  # inputs of hand-overs since the last audit
        self.violations = []
        self.tally = collections.Counter()
        self.answers = 0

    def complain(self, what):
        with self.lock:
            self.tally["violations"] += 1
            if len(self.violations) < 20:
                self.violations.append(what)

    def answered(self):
        """One answer has come; whoever waits for a moment under load is told."""
        with self.lock:
            self.answers += 1
            self.lock.notify_all()

    def await_answers(self, count):
        """False when for PATIENCE seconds there was none at all."""
        with self.lock:
            goal = self.answers + count
            while (before := self.answers) < goal:
                if not self.lock.wait_for(lambda: self.answers >= min(goal, before + 100), PATIENCE) \
                        and self.answers == before:
                    return False
            return True

    # --- Sends

    def create(self, queue, filler, group=None):
        """A new message that nobody has sent yet."""
        with self.lock:
            message = Message(len(self.messages) + 1, queue, group, filler)
            self.messages[message.number] = message
            if group is not None:
                self.groups[group].append(message)
            return message

    def ask_send(self, message, delay=0):
        with self.lock:
            message.sends_open += 1
            message.not_before = time.monotonic() + delay
            self.live[message.queue].add(message.number)

    def send_confirmed(self, message, message_id):
        with self.lock:
            if message.is_void():
                self.complain(f"{message} was confirmed, and is lost")
            message.sends_open = max(0, message.sends_open - 1)
            if message.id not in (None, message_id):
                self.complain(f"{message} was confirmed as {message_id}, and is {message.id}")
            message.id = message_id
            if not message.sent:
                self.tally["sends confirmed"] += 1
            message.sent = True

    def send_refused(self, message):
        with self.lock:
            self.tally["sends refused"] += 1
            message.sends_open -= 1
            if message.is_void():
                self.live[message.queue].discard(message.number)

    # --- Deletes and hand-overs

    def ask_delete(self, message):
        with self.lock:
            message.deletes_open += 1

    def delete_confirmed(self, message):
        with self.lock:
            self.tally["deletes confirmed"] += 1
            message.deletes_open = max(0, message.deletes_open - 1)
            self._is_gone(message)

    def delete_refused(self, message):
        with self.lock:
            self.tally["deletes refused"] += 1
            message.deletes_open -= 1

    def _is_gone(self, message):
        if not message.gone:
            message.gone, message.gone_since = True, time.monotonic()
        self.live[message.queue].discard(message.number)

    def ask_hand_over(self, message, output):
        with self.lock:
            self.ask_send(output)
            self.ask_delete(message)
            output.input = message
            message.outputs.append(output)
            self.handing_over.add(message)

    def hand_over_confirmed(self, message, output):
        with self.lock:
            if output.is_void():
                self.complain(f"the hand-over of {message} was confirmed, and is lost")
            self.tally["hand-overs confirmed"] += 1
            output.sends_open = 0
            output.sent = True
            message.deletes_open = max(0, message.deletes_open - 1)
            self._is_gone(message)

    def hand_over_refused(self, message, output):
        with self.lock:
            self.send_refused(output)
            self.delete_refused(message)
            message.outputs.remove(output)

    # --- Leases and deliveries

    def ask_visibility(self, message, seconds):
        """From now on it may come back after so many seconds."""
        with self.lock:
            if message.leased_until is not None:
                message.leased_until = min(message.leased_until, time.monotonic() + seconds)

    def visibility_confirmed(self, message, asked_at, seconds):
        """It is held for longer, if its lease cannot have ended before."""
        with self.lock:
            if seconds and message.leased_at < asked_at and time.monotonic() < message.leased_until:
                message.leased_until = max(message.leased_until, asked_at + seconds)

    def find(self, body, queue):
        """The message of a body that came out of `queue`, None when there cannot be such a one."""
        try:
            number, said, filler = body.split(".", 2)
            message = self.messages[int(number)]
        except (ValueError, KeyError):
            self.complain(f"{queue} holds what nobody sent: {body[:80]!r}")
            return None
        if not said == message.digest == digest(number, filler):
            self.complain(f"{message} was altered: {body[:80]!r}")
        if queue != message.queue:
            self.complain(f"{message} came out of {queue}")
        return message

    def received(self, queue, found, asked_at, visibility):
        """One answer: `found` has (body, message id) in order. Returns the messages."""
        now = time.monotonic()
        with self.lock:
            messages = [self.find(body, queue) for body, _ in found]
            for place, (message, (_, message_id)) in enumerate(zip(messages, found)):
                if message is None:
                    continue
                self._judge(message, message_id, asked_at, now)
                if message.group is not None:
                    self._judge_order(message, messages[:place])
                self._lease(message, message_id, asked_at, now, visibility)
            return [message for message in messages if message]

    def _judge(self, message, message_id, asked_at, now):
        if message.is_void():
            self.complain(f"{message} was refused or lost, and came")
        if message.id not in (None, message_id):
            self.complain(f"{message} is there twice: as {message.id} and {message_id}")
        if message.gone and asked_at > message.gone_since:
            self.complain(f"{message} came back after its delete was confirmed")
        if now < message.not_before - SLACK:
            self.complain(f"{message} came {message.not_before - now:.3f} s before its time")
        if message.leased_at is not None and asked_at > message.leased_at \
                and now < message.leased_until - SLACK and not message.may_be_gone():
            self.complain(f"{message} came again {message.leased_until - now:.3f} s before its "
                          "lease had ended")

    def _judge_order(self, message, before):
        line = self.groups[message.group]
        while line and (line[0].gone or line[0].is_void() and line[0].deliveries):
            line.popleft()
        for other in line:
            if other is message:
                return
            if other.sent and not other.may_be_gone() and other not in before:
                self.complain(f"{message}, group {message.group}, came before {other}")
                return

    def _lease(self, message, message_id, asked_at, now, visibility):
        self.tally["deliveries"] += 1
        self.tally["redeliveries"] += message.deliveries > 0
        message.deliveries += 1
        message.id = message_id
        message.leased_at, message.leased_until = now, asked_at + visibility
        if not message.sent:
            message.sent = True  # what was seen is promised, even if the sender was not told
            self.tally["sends seen before their answer"] += 1

    # --- The books

    def audit(self, holdings):
        """`holdings`: queue -> [(body, id)] of all that a broker holds which nobody talks to.
        Settles what was open."""
        with self.lock:
            self.tally["audits"] += 1
            there = {}
            for queue, items in holdings.items():
                for body, message_id in items:
                    self._enter(there, queue, body, message_id)
            for queue in holdings:
                for number in list(self.live[queue]):
                    self._settle(self.messages[number], there)
            for message in self.handing_over:
                self._balance_hand_over(message, there)
            self.handing_over.clear()

    def _enter(self, there, queue, body, message_id):
        message = self.find(body, queue)
        if message is None:
            return
        if message.number in there:
            self.complain(f"{message} is there twice: as {there[message.number]} and {message_id}")
        there[message.number] = message_id
        if message.is_void():
            self.complain(f"{message} was refused or lost, and is there")
        elif message.gone:
            self.complain(f"{message} is back after its delete was confirmed")
        if message.id not in (None, message_id):
            self.complain(f"{message} is {message_id}, and was {message.id}")

    def _settle(self, message, there):
        unknown_send = not message.sent and message.sends_open > 0
        if message.number in there:
            if unknown_send:
                self.tally["unknown sends: carried out"] += 1
            if message.deletes_open:
                self.tally["unknown deletes: not carried out"] += 1
            message.sent, message.id = True, there[message.number]
        elif message.may_be_gone():
            self.tally["unknown deletes: carried out"] += 1
            message.sent = True
            self._is_gone(message)
        elif message.sent:
            self.tally["lost"] += 1
            self.complain(f"{message} is lost: it was confirmed or seen, and nobody deleted it")
            self._is_gone(message)
        else:
            self.tally["unknown sends: not carried out"] += 1
            self.live[message.queue].discard(message.number)
        message.sends_open = message.deletes_open = 0

    def _balance_hand_over(self, message, there):
        """Either the input is there, or one output has been made of it."""
        made = [output for output in message.outputs if output.number in there or output.gone]
        if message.outputs and len(made) != (message.number not in there):
            self.complain(f"the hand-over of {message} is neither done nor undone: {len(made)} "
                          f"outputs, the input is {'' if message.number in there else 'not '}there")
        message.outputs = []

    def held(self, queue):
        with self.lock:
            return len(self.live[queue])
