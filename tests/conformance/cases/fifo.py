# SPDX-License-Identifier: Apache-2.0
"""FIFO queues: strict order and one holder of leases per group."""
from harness import bodies, equal, test, unique


def line(sqs, *bodies_in_order, attributes=None):
    """A FIFO queue with these messages; the letters of a body are its group: 'a1' and 'a2' are of group 'a'."""
    url = sqs.make_fifo(attributes)
    for body in bodies_in_order:
        sqs.send(url, body, group=body.rstrip("0123456789"), dedup=body)
    return url


# --- Making one


@test
def a_new_fifo_queue_has_the_defaults_of_its_kind(sqs):
    url = sqs.make_fifo()
    equal(sqs.attributes(url, "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"),
          {"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue",
           "FifoThroughputLimit": "perQueue"})


@test
def a_standard_queue_tells_nothing_of_fifo(sqs):
    told = sqs.attributes(sqs.make_queue(), "All")
    equal([name for name in ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
           if name in told], [])


@test
def fifo_without_the_ending_in_the_name_is_refused(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.make_queue({"FifoQueue": "true"}, unique())


@test
def the_ending_counts_to_the_80_characters_of_a_name(sqs):
    assert sqs.make_fifo(name="x" * 38 + unique("")[:37] + ".fifo").endswith(".fifo")
    with sqs.refused("InvalidParameterValue"):
        sqs.make_fifo(name="x" * 76 + ".fifo")


@test(cases={"false": "false", "nonsense": "maybe"})
def the_kind_of_a_queue_cannot_be_changed_to(sqs, value):
    url = sqs.make_fifo()
    with sqs.refused("InvalidAttributeValue", "InvalidAttributeName"):
        sqs.set(url, FifoQueue=value)
    equal(sqs.attribute(url, "FifoQueue"), "true")


@test
def a_standard_queue_cannot_become_fifo(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidAttributeName", "InvalidAttributeValue"):
        sqs.set(url, FifoQueue="true")


@test
def high_throughput_is_the_limit_per_group_with_the_scope_of_a_group(sqs):
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    equal(sqs.attributes(sqs.make_fifo(high), *high), high)
    with sqs.refused("InvalidAttributeValue", "InvalidParameterValue"):
        sqs.make_fifo({"DeduplicationScope": "queue", "FifoThroughputLimit": "perMessageGroupId"})


@test(cases={"DeduplicationScope": "DeduplicationScope", "FifoThroughputLimit": "FifoThroughputLimit",
             "ContentBasedDeduplication": "ContentBasedDeduplication"})
def an_unknown_value_is_refused_of(sqs, name):
    with sqs.refused("InvalidAttributeValue", "InvalidParameterValue"):
        sqs.make_fifo({name: "nonsense"})


# --- Sending


@test
def a_message_without_a_group_is_refused(sqs):
    url = sqs.make_fifo()
    with sqs.refused("MissingParameter"):
        sqs.send(url, "x", dedup="d")
    equal(sqs.counts(url), [0, 0, 0])


@test(cases={"129 characters": "x" * 129, "a space": "a b", "a letter outside ASCII": "\u00e4"})
def a_group_and_a_deduplication_id_are_refused_with(sqs, bad):
    url = sqs.make_fifo()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", group=bad, dedup="d")
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", group="g", dedup=bad)
    equal(sqs.counts(url), [0, 0, 0])


@test
def a_group_and_a_deduplication_id_may_have_128_characters_with_punctuation(sqs):
    url, name = sqs.make_fifo(), r"""aZ09!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""".ljust(128, "x")
    sqs.send(url, "x", group=name, dedup=name)
    told = sqs.receive_one(url, tell=["MessageGroupId", "MessageDeduplicationId"])["Attributes"]
    equal(told, {"MessageGroupId": name, "MessageDeduplicationId": name})


@test
def a_delay_of_its_own_is_refused_on_a_message(sqs):
    url = sqs.make_fifo()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", group="g", dedup="d", delay=1)
    equal(sqs.counts(url), [0, 0, 0])


@test
def a_delay_of_0_is_taken_on_a_message(sqs):
    sqs.send(sqs.make_fifo(), "x", group="g", dedup="d", delay=0)


@test
def sequence_numbers_rise_and_are_told_to_the_receiver(sqs):
    url = sqs.make_fifo()
    numbers = [sqs.send(url, f"{i}", group=group, dedup=f"{i}")["SequenceNumber"]
               for i, group in enumerate("aabb")]
    assert all(number.isdecimal() and len(number) == 20 for number in numbers), numbers
    equal(sorted(numbers, key=int), numbers)
    got = sqs.receive_many(url, 4, tell=["SequenceNumber"])
    equal(sorted(message["Attributes"]["SequenceNumber"] for message in got), numbers)


@test
def a_receiver_is_told_group_id_and_number(sqs):
    url = line(sqs, "a1")
    told = sqs.receive_one(url, tell=["All"])["Attributes"]
    equal(sorted(told), ["ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "MessageDeduplicationId",
                         "MessageGroupId", "SenderId", "SentTimestamp", "SequenceNumber"])


@test
def a_batch_keeps_the_order_of_its_entries_without_those_that_fail(sqs):
    url = sqs.make_fifo()
    entries = [{"Id": f"{i}", "MessageBody": f"{i}", "MessageGroupId": "g", "MessageDeduplicationId": f"{i}"}
               for i in range(10)]
    del entries[3]["MessageGroupId"]
    entries[6]["DelaySeconds"] = 1
    answer = sqs.send_batch(url, entries)
    failed = {one["Id"]: one["Code"] for one in answer["Failed"]}
    equal(failed, {"3": "MissingParameter", "6": "InvalidParameterValue"})
    numbers = [int(one["SequenceNumber"]) for one in answer["Successful"]]
    equal(sorted(numbers), numbers)
    equal(bodies(sqs.receive_many(url, 8)), list("01245789"))


# --- Order and groups


@test
def messages_of_a_group_come_in_the_order_in_which_they_were_sent(sqs):
    url = line(sqs, *(f"a{i}" for i in range(25)))
    seen = []
    while len(seen) < 25:
        got = sqs.receive(url, at_most=10)
        seen += bodies(got)
        for message in got:
            sqs.delete(url, message)
    equal(seen, [f"a{i}" for i in range(25)])


@test
def while_one_message_of_a_group_is_in_flight_no_other_of_it_comes(sqs):
    url = line(sqs, "a1", "a2", "b1")
    first = sqs.receive_one(url)
    second = sqs.receive_one(url)
    equal(sorted(bodies([first, second])), ["a1", "b1"])
    equal(sqs.receive(url, wait=1, at_most=10), [])
    sqs.delete(url, next(message for message in (first, second) if message["Body"] == "a1"))
    equal(sqs.receive_one(url)["Body"], "a2")


@test
def a_receive_takes_as_many_as_possible_of_one_group_and_then_of_the_next(sqs):
    url = line(sqs, "a1", "b1", "a2", "b2", "a3", "b3")
    equal(bodies(sqs.receive(url, at_most=3, hide=0)), ["a1", "a2", "a3"])
    got = bodies(sqs.receive(url, at_most=10))
    equal(len(got), 6)
    groups = [body[0] for body in got]
    equal(groups, sorted(groups, reverse=groups[0] == "b"), "the groups")
    for group in "ab":
        equal([body for body in got if body[0] == group], [f"{group}{i}" for i in (1, 2, 3)])


@test
def a_group_is_free_only_when_all_that_were_taken_of_it_are_done(sqs):
    url = line(sqs, "a1", "a2", "a3")
    first, second = sqs.receive(url, at_most=2)
    sqs.delete(url, first)
    equal(sqs.receive(url, wait=1), [])
    sqs.delete(url, second)
    equal(sqs.receive_one(url)["Body"], "a3")


@test
def a_message_that_is_given_back_comes_again_before_those_behind_it(sqs):
    url = line(sqs, "a1", "a2")
    sqs.change(url, sqs.receive_one(url), 0)
    equal(bodies(sqs.receive(url, at_most=10)), ["a1", "a2"])


@test
def a_group_of_which_one_message_is_back_and_another_in_flight_stays_locked(sqs):
    url = line(sqs, "a1", "a2")
    first, second = sqs.receive(url, at_most=2)
    sqs.change(url, first, 0)
    equal(sqs.receive(url, wait=1), [])
    sqs.change(url, second, 0)
    equal(bodies(sqs.receive(url, at_most=10)), ["a1", "a2"])


@test
def a_lease_that_runs_out_frees_the_group_with_its_order(sqs):
    url = line(sqs, "a1", "a2", attributes={"VisibilityTimeout": "1"})
    sqs.receive_one(url)
    equal(bodies(sqs.receive(url, at_most=10, wait=20)), ["a1", "a2"])


@test
def a_longer_timeout_of_the_first_holds_back_the_rest(sqs):
    url = line(sqs, "a1", "a2", attributes={"VisibilityTimeout": "4"})
    sqs.change(url, sqs.receive_one(url), 600)
    equal(sqs.receive(url, wait=6), [])


@test
def a_group_that_is_freed_wakes_a_receiver(sqs):
    url = line(sqs, "a1", "a2")
    first = sqs.receive_one(url)
    waiting = sqs.start(sqs.receive, url, wait=20)
    sqs.let_pass(1)
    sqs.delete(url, first)
    equal(bodies(waiting.result()), ["a2"])


@test
def the_delay_of_the_queue_also_counts_for_what_is_already_in_it(sqs):
    url = line(sqs, "a1", attributes={"DelaySeconds": "900"})
    equal(sqs.counts(url), [0, 0, 1])
    sqs.set(url, DelaySeconds="0")
    equal(sqs.receive_one(url)["Body"], "a1")


# --- Handles


@test
def deleting_with_an_expired_handle_is_refused_and_the_message_stays(sqs):
    url = line(sqs, "a1")
    message = sqs.receive_one(url, hide=1)
    sqs.let_pass(2)
    with sqs.refused("InvalidParameterValue"):
        sqs.delete(url, message)
    equal(sqs.receive_one(url)["Body"], "a1")


@test
def deleting_with_the_handle_of_an_earlier_receive_is_refused_and_leaves_the_later_one_alone(sqs):
    url = line(sqs, "a1")
    earlier = sqs.receive_one(url, hide=0)
    later = sqs.receive_one(url)
    with sqs.refused("InvalidParameterValue"):
        sqs.delete(url, earlier)
    equal(sqs.counts(url), [0, 1, 0])
    sqs.delete(url, later)
    equal(sqs.counts(url), [0, 0, 0])


@test
def of_a_batch_of_deletes_only_the_expired_handle_fails(sqs):
    url = line(sqs, "a1", "b1")
    messages = {message["Body"]: message for message in sqs.receive_many(url, 2)}
    sqs.change(url, messages["a1"], 0)
    answer = sqs.call("DeleteMessageBatch", QueueUrl=url, Entries=[
        {"Id": body, "ReceiptHandle": message["ReceiptHandle"]} for body, message in messages.items()])
    equal([one["Id"] for one in answer["Successful"]], ["b1"])
    equal([(one["Id"], one["Code"]) for one in answer["Failed"]], [("a1", "ReceiptHandleIsInvalid")])


# --- Attempt ids


@test
def the_same_attempt_gets_the_same_messages_and_handles_again(sqs):
    url = line(sqs, "a1", "a2", "b1")
    first = sqs.receive(url, at_most=2, attempt="one")
    again = sqs.receive(url, at_most=2, attempt="one")
    equal([(m["MessageId"], m["ReceiptHandle"]) for m in again], [(m["MessageId"], m["ReceiptHandle"]) for m in first])
    equal(bodies(sqs.receive(url, at_most=10, attempt="another")), ["b1"])
    for message in again:
        sqs.delete(url, message)
    equal(sqs.counts(url), [0, 1, 0])


@test(cases={"deleted": lambda sqs, url, message: sqs.delete(url, message),
             "given back": lambda sqs, url, message: sqs.change(url, message, 0),
             "kept for longer": lambda sqs, url, message: sqs.change(url, message, 900)})
def an_attempt_cannot_be_made_again_when_one_of_its_messages_was(sqs, touch):
    url = line(sqs, "a1", "a2", "a3")
    touch(sqs, url, sqs.receive(url, at_most=2, attempt="one")[0])
    with sqs.refused("InvalidParameterValue"):
        sqs.receive(url, at_most=2, attempt="one")


@test
def an_attempt_made_again_starts_the_visibility_timeout_anew(sqs):
    url = line(sqs, "a1")
    sqs.receive_one(url, hide=4, attempt="one")
    sqs.receive_one(url, hide=600, attempt="one")
    equal(sqs.receive(url, wait=6), [])


@test
def a_standard_queue_does_not_look_at_the_attempt_id(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x")
    sqs.receive_one(url, attempt="one")
    equal(sqs.receive(url, attempt="one"), [])


@test(cases={"129 characters": "x" * 129, "a space": "a b"})
def an_attempt_id_is_refused_with(sqs, bad):
    with sqs.refused("InvalidParameterValue"):
        sqs.receive(sqs.make_fifo(), attempt=bad)
