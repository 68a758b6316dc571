# SPDX-License-Identifier: Apache-2.0
"""What a lease means: delete, change and expiry of visibility, receipt handles."""
from harness import between, elapsed, equal, test

GARBAGE = {"garbage": "garbage", "long garbage": "AQEB" + "x" * 300, "outside ASCII": "\u00e4\u20ac",
           "a path": "../../x"}
# The model names the first; the service itself has been seen to say only the second.
NOT_IN_FLIGHT = ("MessageNotInflight", "InvalidParameterValue")


def leased(sqs, seconds, attributes=None):
    """A queue, and a message of it that is leased for so long."""
    url = sqs.make_queue(attributes)
    sqs.send(url, "leased")
    return url, sqs.receive_one(url, hide=seconds)


# --- Visibility


@test(cases={"the call's": (None, {"hide": 4}), "the queue's": ({"VisibilityTimeout": "4"}, {})})
def a_message_comes_back_after_the_timeout_that_is(sqs, attributes, short):
    url = sqs.make_queue(attributes)
    sent = sqs.send(url, "again")
    sqs.receive_one(url, **short)
    equal(sqs.receive(url), [])
    got, seconds = elapsed(lambda: sqs.receive_one(url, wait=20, tell=["ApproximateReceiveCount"]))
    equal(got["MessageId"], sent["MessageId"])
    equal(got["Attributes"], {"ApproximateReceiveCount": "2"})
    between(0.5, seconds, 12)


@test
def each_receive_gives_a_handle_of_its_own(sqs):
    url, first = leased(sqs, 0)
    second = sqs.receive_one(url)
    equal(second["MessageId"], first["MessageId"])
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


@test
def a_timeout_of_0_leaves_the_message_visible(sqs):
    url, _ = leased(sqs, 0)
    equal(sqs.counts(url), [1, 0, 0])
    sqs.receive_one(url, wait=0)


@test
def changed_to_0_the_message_is_back_at_once(sqs):
    url, message = leased(sqs, 600)
    sqs.change(url, message, 0)
    equal(sqs.receive_one(url, wait=0)["Body"], "leased")


@test
def changed_to_more_the_message_stays_hidden(sqs):
    url, message = leased(sqs, 4)
    sqs.change(url, message, 600)
    equal(sqs.receive(url, wait=6), [])


@test
def changed_to_less_it_counts_from_now_and_wakes_a_receiver_that_waits(sqs):
    url, message = leased(sqs, 600)
    waiting = sqs.start(sqs.receive_one, url, wait=20)
    sqs.change(url, message, 1)
    _, seconds = elapsed(waiting.result)
    between(0.5, seconds, 10)


@test
def a_change_is_not_remembered_for_the_next_receive(sqs):
    url, message = leased(sqs, 600, {"VisibilityTimeout": "1"})
    sqs.change(url, message, 500)
    sqs.change(url, message, 0)
    sqs.receive_one(url)
    sqs.receive_one(url, wait=20)  # the queue's own second has passed


@test(cases={"43201": 43201, "-1": -1})
def a_timeout_is_refused_of(sqs, seconds):
    url, message = leased(sqs, 600)
    with sqs.refused("InvalidParameterValue"):
        sqs.change(url, message, seconds)
    sqs.change(url, message, 43000)
    equal(sqs.counts(url), [0, 1, 0])


@test
def twelve_hours_in_all_from_the_receive_are_refused_too_and_change_nothing(sqs):
    url, message = leased(sqs, 600)
    sqs.let_pass(2)
    with sqs.refused("InvalidParameterValue"):
        sqs.change(url, message, 43200)
    equal(sqs.counts(url), [0, 1, 0])
    sqs.change(url, message, 0)
    sqs.receive_one(url, wait=0)


@test
def of_a_message_that_was_given_back_it_cannot_be_changed(sqs):
    url, message = leased(sqs, 600)
    sqs.change(url, message, 0)
    with sqs.refused(*NOT_IN_FLIGHT):
        sqs.change(url, message, 10)


@test
def of_a_message_whose_lease_ran_out_it_cannot_be_changed(sqs):
    url, message = leased(sqs, 1)
    sqs.receive_one(url, hide=0, wait=20)
    with sqs.refused(*NOT_IN_FLIGHT):
        sqs.change(url, message, 10)


@test
def of_a_message_that_is_deleted_it_cannot_be_changed(sqs):
    url, message = leased(sqs, 600)
    sqs.delete(url, message)
    with sqs.refused("InvalidParameterValue"):
        sqs.change(url, message, 10)


@test
def changing_with_an_older_handle_of_a_message_that_was_received_again_is_no_error(sqs):
    url, older = leased(sqs, 0)
    sqs.receive_one(url, hide=600)
    sqs.change(url, older, 300)
    equal(sqs.counts(url), [0, 1, 0])


@test(cases=GARBAGE)
def visibility_cannot_be_changed_with_the_handle(sqs, handle):
    with sqs.refused("ReceiptHandleIsInvalid"):
        sqs.change(sqs.make_queue(), handle, 10)


# --- Deleting


@test
def a_deleted_message_never_comes_back(sqs):
    url, message = leased(sqs, 1)
    sqs.delete(url, message)
    equal(sqs.receive(url, wait=3), [])
    equal(sqs.counts(url), [0, 0, 0])


@test
def deleting_twice_is_as_good_as_once(sqs):
    url, message = leased(sqs, 600)
    sqs.delete(url, message)
    sqs.delete(url, message)


@test
def deleting_works_with_the_handle_of_a_lease_that_has_passed_while_nobody_else_has_the_message(sqs):
    url, message = leased(sqs, 0)
    sqs.delete(url, message)
    equal(sqs.counts(url), [0, 0, 0])


@test
def deleting_with_an_older_handle_of_a_message_that_was_received_again_is_no_error(sqs):
    url, first = leased(sqs, 0)
    second = sqs.receive_one(url)
    sqs.delete(url, first)
    sqs.delete(url, second)
    equal(sqs.counts(url), [0, 0, 0])


@test(cases=GARBAGE)
def deleting_is_refused_with_the_handle(sqs, handle):
    with sqs.refused("ReceiptHandleIsInvalid"):
        sqs.delete(sqs.make_queue(), handle)


@test
def a_handle_of_another_queue_is_refused_and_leaves_the_message_alone(sqs):
    url, message = leased(sqs, 600)
    other = sqs.make_queue()
    with sqs.refused("ReceiptHandleIsInvalid"):
        sqs.delete(other, message)
    with sqs.refused("ReceiptHandleIsInvalid"):
        sqs.change(other, message, 0)
    equal(sqs.counts(url), [0, 1, 0])
