#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
# run-tests: limit=60 parallel
"""The ledger, given histories with one thing wrong: each must be told, and a sound one must not."""
import time
import unittest

from rig import main

from ledger import Ledger

QUEUE = "q"


class History(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()

    def sent(self, group=None, queue=QUEUE):
        message = self.ledger.create(queue, "text", group)
        self.ledger.ask_send(message)
        self.ledger.send_confirmed(message, f"id{message.number}")
        return message

    def receive(self, *messages, asked_at=None, visibility=30, body=None, message_id=None):
        """One answer with these messages, or with one that has another body or id."""
        found = [(body or message.body, message_id or f"id{message.number}") for message in messages]
        asked_at = time.monotonic() if asked_at is None else asked_at
        return self.ledger.received(QUEUE, found, asked_at, visibility)

    def deleted(self, message):
        self.ledger.ask_delete(message)
        self.ledger.delete_confirmed(message)

    def audit(self, *messages, **others):
        self.ledger.audit({name: [(one.body, f"id{one.number}") for one in held]
                           for name, held in {QUEUE: messages, **others}.items()})

    def handed_over(self):
        """A hand-over without an answer: (input, output)."""
        message, output = self.sent(), self.ledger.create("out", "text")
        self.ledger.ask_hand_over(message, output)
        return message, output

    def assert_sound(self):
        self.assertEqual(self.ledger.violations, [])

    def assert_told(self, words):
        self.assertEqual(len(self.ledger.violations), 1, self.ledger.violations)
        self.assertIn(words, self.ledger.violations[0])


class Sound(History):
    def test_a_usual_life_is_balanced(self):
        message = self.sent()
        self.receive(message)
        self.audit(message)
        self.deleted(message)
        self.audit()
        self.assert_sound()
        self.assertEqual(self.ledger.held(QUEUE), 0)

    def test_a_lease_that_was_given_back_may_be_given_to_another(self):
        message = self.sent()
        self.receive(message)
        self.ledger.ask_visibility(message, 0)
        self.receive(message)
        self.assert_sound()

    def test_requests_without_an_answer_may_have_been_carried_out_or_not(self):
        done, undone = (self.ledger.create(QUEUE, "text") for _ in range(2))
        self.ledger.ask_send(done)
        self.ledger.ask_send(undone)
        self.audit(done)
        kept, gone = self.sent(), self.sent()
        self.ledger.ask_delete(kept)
        self.ledger.ask_delete(gone)
        self.audit(done, kept)
        self.assert_sound()
        self.assertEqual(self.ledger.live[QUEUE], {done.number, kept.number})

    def test_a_hand_over_without_an_answer_may_be_done_or_not(self):
        message, output = self.handed_over()
        self.audit(out=[output])
        kept, _ = self.handed_over()
        self.audit(kept, out=[output])
        self.assert_sound()
        self.assertTrue(message.gone)
        self.assertFalse(kept.gone)


class Wrong(History):
    def test_a_confirmed_message_that_is_missing(self):
        self.sent()
        self.audit()
        self.assert_told("is lost")
        self.assertEqual(self.ledger.tally["lost"], 1)

    def test_a_message_that_was_seen_and_is_missing_though_its_sender_was_not_told(self):
        message = self.ledger.create(QUEUE, "text")
        self.ledger.ask_send(message)
        self.receive(message)
        self.audit()
        self.assert_told("is lost")

    def test_what_an_audit_has_shown_must_stay(self):
        message = self.ledger.create(QUEUE, "text")
        self.ledger.ask_send(message)
        self.audit(message)
        self.audit()
        self.assert_told("is lost")

    def test_a_deleted_message_that_is_still_there(self):
        message = self.sent()
        self.deleted(message)
        self.audit(message)
        self.assert_told("is back after its delete")

    def test_a_deleted_message_that_is_received(self):
        message = self.sent()
        self.deleted(message)
        self.receive(message)
        self.assert_told("came back after its delete")

    def test_a_delete_that_an_audit_has_shown_must_stay(self):
        message = self.sent()
        self.ledger.ask_delete(message)
        self.audit()
        self.audit(message)
        self.assert_told("is back")

    def test_a_refused_message_that_is_received(self):
        message = self.ledger.create(QUEUE, "text")
        self.ledger.ask_send(message)
        self.ledger.send_refused(message)
        self.receive(message)
        self.assert_told("was refused or lost, and came")

    def test_a_message_whose_send_an_audit_has_ruled_out(self):
        message = self.ledger.create(QUEUE, "text")
        self.ledger.ask_send(message)
        self.audit()
        self.audit(message)
        self.assert_told("was refused or lost, and is there")

    def test_a_message_that_nobody_sent(self):
        self.receive(self.sent(), body="77.x.text")
        self.assert_told("nobody sent")

    def test_a_body_that_was_altered(self):
        message = self.sent()
        self.receive(message, body=message.body.replace("text", "test"))
        self.assert_told("was altered")

    def test_a_message_in_another_queue(self):
        self.receive(self.sent(queue="other"))
        self.assert_told("came out of")

    def test_a_message_that_is_there_twice(self):
        message = self.sent()
        self.audit(message, message)
        self.assert_told("is there twice")

    def test_a_message_with_two_ids(self):
        self.receive(self.sent(), message_id="another")
        self.assert_told("is there twice")

    def test_a_lease_that_is_given_to_two(self):
        message = self.sent()
        self.receive(message)
        self.receive(message)
        self.assert_told("before its lease had ended")

    def test_a_lease_that_was_made_longer_and_is_given_to_another(self):
        message = self.sent()
        self.receive(message, visibility=20)
        asked_at = time.monotonic()
        self.ledger.ask_visibility(message, 30)
        self.ledger.visibility_confirmed(message, asked_at, 30)
        self.receive(message)
        self.assert_told("before its lease had ended")

    def test_a_delayed_message_that_comes_early(self):
        message = self.ledger.create(QUEUE, "text")
        self.ledger.ask_send(message, delay=5)
        self.receive(message)
        self.assert_told("before its time")

    def test_a_group_out_of_order(self):
        _, second = self.sent("g"), self.sent("g")
        self.receive(second)
        self.assert_told("came before")

    def test_a_group_in_order_in_one_answer_and_after_a_delete(self):
        first, second, third = (self.sent("g") for _ in range(3))
        self.receive(first, second)
        self.ledger.ask_delete(first)
        self.ledger.ask_delete(second)
        self.receive(third)
        self.assert_sound()

    def test_a_hand_over_of_which_only_the_output_is_there(self):
        message, output = self.handed_over()
        self.audit(message, out=[output])
        self.assert_told("neither done nor undone")

    def test_a_hand_over_of_which_nothing_is_there(self):
        self.handed_over()
        self.audit(out=[])
        self.assert_told("neither done nor undone")


if __name__ == "__main__":
    main()
