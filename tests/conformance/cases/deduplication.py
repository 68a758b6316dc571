# SPDX-License-Identifier: Apache-2.0
"""FIFO queues: what was sent already, in the last five minutes, is taken but does not come again."""
import hashlib

from harness import bodies, equal, md5, test, text

GROUP_SCOPE = {"DeduplicationScope": "messageGroup"}
BY_CONTENT = {"ContentBasedDeduplication": "true"}


@test
def a_second_message_with_one_id_succeeds_and_is_the_first_one(sqs):
    url = sqs.make_fifo()
    first = sqs.send(url, "first", group="g", dedup="d")
    second = sqs.send(url, "second", group="g", dedup="d")
    equal(second["MessageId"], first["MessageId"])
    equal(second["SequenceNumber"], first["SequenceNumber"])
    equal(second["MD5OfMessageBody"], md5("second"))
    equal(sqs.counts(url), [1, 0, 0])
    equal(sqs.receive_one(url)["Body"], "first")


@test
def another_id_makes_another_message_of_the_same_body(sqs):
    url = sqs.make_fifo()
    for name in "ab":
        sqs.send(url, "the same", group="g", dedup=name)
    equal(sqs.counts(url), [2, 0, 0])


@test
def deleting_the_message_does_not_end_it(sqs):
    url = sqs.make_fifo()
    sqs.send(url, "x", group="g", dedup="d")
    sqs.delete(url, sqs.receive_one(url))
    sqs.send(url, "x", group="g", dedup="d")
    equal(sqs.counts(url), [0, 0, 0])


@test
def a_message_in_flight_still_keeps_its_like_away(sqs):
    url = sqs.make_fifo()
    sqs.send(url, "x", group="g", dedup="d")
    sqs.receive_one(url)
    sqs.send(url, "x", group="g", dedup="d")
    equal(sqs.counts(url), [0, 1, 0])


@test
def within_a_batch_too_each_like_is_answered_as_a_success(sqs):
    url = sqs.make_fifo()
    answer = sqs.send_batch(url, [{"Id": f"{i}", "MessageBody": f"{i}", "MessageGroupId": "g",
                                   "MessageDeduplicationId": "d"} for i in range(3)])
    equal(len(answer["Successful"]), 3)
    equal(len({one["MessageId"] for one in answer["Successful"]}), 1)
    equal(bodies(sqs.receive(url, at_most=10)), ["0"])


@test
def without_an_id_and_without_content_based_deduplication_a_message_is_refused(sqs):
    url = sqs.make_fifo()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", group="g")
    equal(sqs.counts(url), [0, 0, 0])


@test
def by_content_the_digest_of_the_body_is_the_id(sqs):
    url = sqs.make_fifo(BY_CONTENT)
    sqs.send(url, "x\u00e4", group="g")
    equal(sqs.receive_one(url, tell=["MessageDeduplicationId"])["Attributes"],
          {"MessageDeduplicationId": hashlib.sha256("x\u00e4".encode()).hexdigest()})


@test
def by_content_the_body_decides_and_not_the_attributes(sqs):
    url = sqs.make_fifo(BY_CONTENT)
    sqs.send(url, "one", group="g", user={"a": text("1")})
    sqs.send(url, "one", group="g", user={"a": text("2")})
    sqs.send(url, "two", group="g", user={"a": text("1")})
    equal(bodies(sqs.receive(url, at_most=10)), ["one", "two"])


@test
def by_content_a_given_id_goes_before_the_body(sqs):
    url = sqs.make_fifo(BY_CONTENT)
    sqs.send(url, "one", group="g", dedup="a")
    sqs.send(url, "two", group="g", dedup="a")
    sqs.send(url, "one", group="g", dedup="b")
    equal(bodies(sqs.receive(url, at_most=10)), ["one", "one"])


@test
def by_content_the_digest_given_as_an_id_is_the_same(sqs):
    url = sqs.make_fifo(BY_CONTENT)
    sqs.send(url, "x", group="g")
    sqs.send(url, "y", group="g", dedup=hashlib.sha256(b"x").hexdigest())
    equal(bodies(sqs.receive(url, at_most=10)), ["x"])


@test
def it_can_be_turned_on_and_off_for_the_content_on_a_living_queue(sqs):
    url = sqs.make_fifo()
    sqs.set(url, ContentBasedDeduplication="true")
    sqs.send(url, "x", group="g")
    sqs.set(url, ContentBasedDeduplication="false")
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "y", group="g")


@test
def with_the_scope_of_the_queue_one_id_in_two_groups_is_one_message(sqs):
    url = sqs.make_fifo()
    for group in "ab":
        sqs.send(url, group, group=group, dedup="d")
    equal(bodies(sqs.receive(url, at_most=10)), ["a"])


@test
def with_the_scope_of_a_group_one_id_in_two_groups_is_two_messages(sqs):
    url = sqs.make_fifo(GROUP_SCOPE)
    for group in "aab":
        sqs.send(url, group, group=group, dedup="d")
    equal(sorted(bodies(sqs.receive(url, at_most=10))), ["a", "b"])


@test
def two_queues_know_nothing_of_each_other(sqs):
    for url in (sqs.make_fifo(), sqs.make_fifo()):
        sqs.send(url, "x", group="g", dedup="d")
        equal(sqs.counts(url), [1, 0, 0])


@test
def after_its_message_has_moved_to_the_dead_letters_an_id_is_still_known(sqs):
    dead = sqs.make_fifo()
    url = sqs.make_fifo(sqs.redrive_to(dead, 1))
    sqs.send(url, "x", group="g", dedup="d")
    sqs.receive_one(url, hide=0)
    equal(sqs.receive(url), [])
    sqs.send(url, "x", group="g", dedup="d")
    equal(sqs.counts(url), [0, 0, 0])
    equal(sqs.counts(dead), [1, 0, 0])


@test
def who_waits_is_not_woken_by_a_like(sqs):
    url = sqs.make_fifo()
    sqs.send(url, "x", group="g", dedup="d")
    sqs.delete(url, sqs.receive_one(url))
    waiting = sqs.start(sqs.receive, url, wait=3)
    sqs.send(url, "x", group="g", dedup="d")
    equal(waiting.result(), [])
