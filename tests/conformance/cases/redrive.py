# SPDX-License-Identifier: Apache-2.0
"""Dead-letter queues: what could not be done goes there, and is never lost on the way."""
import json

from harness import bodies, entries, equal, md5_of_attributes, test, text, unique


def pair(sqs, maximum, attributes=None):
    """A queue, and its dead-letter queue."""
    dead = sqs.make_queue()
    return sqs.make_queue({**sqs.redrive_to(dead, maximum), **(attributes or {})}), dead


def fail_once(sqs, url):
    return sqs.receive_one(url, hide=0, wait=0)


@test(cases={"a number": 2, "a text": "2"})
def after_the_maximum_of_receives_a_message_moves_as_it_was_with_a_maximum_that_is(sqs, maximum):
    url, dead = pair(sqs, maximum)
    attributes = {"kept": text("yes")}
    sent = sqs.send(url, "poison", user=attributes)
    fail_once(sqs, url)
    fail_once(sqs, url)
    equal(sqs.receive(url, wait=1), [])
    got = sqs.receive_one(dead, tell=["All"], tell_user=["All"])
    equal(got["Body"], "poison")
    equal(got["MessageId"], sent["MessageId"])
    equal(got["MD5OfMessageAttributes"], md5_of_attributes(attributes))
    equal(sqs.counts(url), [0, 0, 0])
    equal(sqs.counts(dead), [0, 1, 0])


@test(needs="MessageSystemAttributeNames")
def a_moved_message_names_the_queue_it_came_from(sqs):
    url, dead = pair(sqs, 1)
    sqs.send(url, "poison")
    fail_once(sqs, url)
    equal(sqs.receive(url), [])
    got = sqs.receive_one(dead, tell=["DeadLetterQueueSourceArn"])
    equal(got["Attributes"], {"DeadLetterQueueSourceArn": sqs.arn(url)})


@test
def a_moved_message_goes_on_counting_its_receives(sqs):
    url, dead = pair(sqs, 2)
    sqs.send(url, "poison")
    fail_once(sqs, url)
    fail_once(sqs, url)
    equal(sqs.receive(url), [])
    equal(sqs.receive_one(dead, tell=["ApproximateReceiveCount"])["Attributes"], {"ApproximateReceiveCount": "3"})


@test
def a_moved_message_of_a_standard_queue_keeps_the_time_when_it_was_sent(sqs):
    url, dead = pair(sqs, 1)
    sqs.send(url, "poison")
    sent = sqs.receive_one(url, hide=0, tell=["SentTimestamp"])["Attributes"]["SentTimestamp"]
    equal(sqs.receive(url), [])
    equal(sqs.receive_one(dead, tell=["SentTimestamp"])["Attributes"]["SentTimestamp"], sent)


@test
def a_lease_that_runs_out_for_the_last_time_moves_the_message_too(sqs):
    url, dead = pair(sqs, 1)
    sqs.send(url, "poison")
    sqs.receive_one(url, hide=1)
    equal(sqs.receive(url, wait=3), [])
    equal(sqs.receive_one(dead)["Body"], "poison")


@test
def a_message_that_is_done_in_time_does_not_move(sqs):
    url, dead = pair(sqs, 2)
    sqs.send(url, "good")
    fail_once(sqs, url)
    sqs.delete(url, sqs.receive_one(url))
    equal(sqs.receive(url), [])
    equal(sqs.counts(dead), [0, 0, 0])


@test
def a_receive_that_finds_poison_still_gets_the_good_messages(sqs):
    url, dead = pair(sqs, 1)
    sqs.send_batch(url, entries(5))
    for message in sqs.receive_many(url, 5, hide=600):
        sqs.change(url, message, 0)
    sqs.send_batch(url, entries(3, body="good"))
    equal(bodies(sqs.receive_many(url, 3)), ["good"] * 3)
    equal(len(sqs.receive_many(dead, 5)), 5)


@test
def a_receiver_that_waits_at_the_dead_letter_queue_is_woken(sqs):
    url, dead = pair(sqs, 1)
    sqs.send(url, "poison")
    fail_once(sqs, url)
    waiting = sqs.start(sqs.receive, dead, wait=20)
    equal(sqs.receive(url), [])
    equal(bodies(waiting.result()), ["poison"])


@test
def a_message_that_never_moved_names_no_source(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x")
    assert "DeadLetterQueueSourceArn" not in sqs.receive_one(url, tell=["All"])["Attributes"]


@test
def a_message_outlives_a_dead_letter_queue_that_is_gone(sqs):
    url, dead = pair(sqs, 1)
    sqs.send(url, "precious")
    sqs.call("DeleteQueue", QueueUrl=dead)
    for _ in range(4):
        equal(fail_once(sqs, url)["Body"], "precious")
    equal(sqs.counts(url), [1, 0, 0])


@test
def the_policy_is_told_as_it_was_given_and_an_empty_one_clears_it(sqs):
    url, dead = pair(sqs, 3)
    equal(json.loads(sqs.attribute(url, "RedrivePolicy")),
          {"deadLetterTargetArn": sqs.arn(dead), "maxReceiveCount": 3})
    sqs.set(url, RedrivePolicy="")
    assert "RedrivePolicy" not in sqs.attributes(url, "All")
    sqs.send(url, "x")
    for _ in range(5):
        fail_once(sqs, url)


@test
def a_policy_that_is_set_later_counts_the_receives_before_it(sqs):
    url, dead = sqs.make_queue(), sqs.make_queue()
    sqs.send(url, "x")
    for _ in range(3):
        fail_once(sqs, url)
    sqs.set(url, **sqs.redrive_to(dead, 2))
    equal(sqs.receive(url, wait=1), [])
    equal(sqs.receive_one(dead)["Body"], "x")


@test(cases={
    "that is no JSON": lambda arn: "not json",
    "without anything": lambda arn: "{}",
    "without a count": lambda arn: json.dumps({"deadLetterTargetArn": arn}),
    "without a target": lambda arn: '{"maxReceiveCount":2}',
    "with a target that is no ARN": lambda arn: json.dumps({"deadLetterTargetArn": "x", "maxReceiveCount": 2}),
    "with a target that does not exist": lambda arn: json.dumps(
        {"deadLetterTargetArn": arn + unique("none"), "maxReceiveCount": 2}),
    "with a FIFO queue as its target": lambda arn: json.dumps(
        {"deadLetterTargetArn": arn + ".fifo", "maxReceiveCount": 2}),
    "with a count of 0": lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 0}),
    "with a count of 1001": lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1001}),
    "with a count that is no number": lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "x"}),
})
def a_policy_is_refused(sqs, policy_for):
    name = unique("dead")
    arn = sqs.arn(sqs.make_queue(name=name))
    if policy_for(arn).find(".fifo") >= 0:
        sqs.make_fifo(name=name + ".fifo")
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        sqs.set(url, RedrivePolicy=policy_for(arn))
    assert "RedrivePolicy" not in sqs.attributes(url, "All")


# --- Who may use a queue for its dead letters


def allow(sqs, dead, **policy):
    sqs.set(dead, RedriveAllowPolicy=json.dumps(policy))


@test
def the_allow_policy_is_told_as_it_was_given(sqs):
    dead = sqs.make_queue()
    allow(sqs, dead, redrivePermission="denyAll")
    equal(json.loads(sqs.attribute(dead, "RedriveAllowPolicy")), {"redrivePermission": "denyAll"})


@test
def a_queue_that_denies_all_is_refused_as_a_target(sqs):
    dead = sqs.make_queue()
    allow(sqs, dead, redrivePermission="denyAll")
    with sqs.refused("InvalidParameterValue", "InvalidAttributeValue"):
        sqs.make_queue(sqs.redrive_to(dead, 2))


@test
def a_queue_that_allows_some_sources_refuses_the_others(sqs):
    dead, friend, stranger = sqs.make_queue(), sqs.make_queue(), sqs.make_queue()
    allow(sqs, dead, redrivePermission="byQueue", sourceQueueArns=[sqs.arn(friend)])
    sqs.set(friend, **sqs.redrive_to(dead, 2))
    with sqs.refused("InvalidParameterValue", "InvalidAttributeValue"):
        sqs.set(stranger, **sqs.redrive_to(dead, 2))


@test
def a_queue_that_allows_all_takes_any_source(sqs):
    dead = sqs.make_queue()
    allow(sqs, dead, redrivePermission="allowAll")
    sqs.make_queue(sqs.redrive_to(dead, 2))


@test(cases={
    "no JSON": "not json", "an unknown permission": '{"redrivePermission":"sometimes"}', "no permission": "{}",
    "byQueue without a queue": '{"redrivePermission":"byQueue"}',
    "sources with allowAll": '{"redrivePermission":"allowAll","sourceQueueArns":["arn:aws:sqs:us-east-1:1:a"]}',
    "eleven sources": json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [
        f"arn:aws:sqs:us-east-1:123456789012:q{i}" for i in range(11)]}),
})
def an_allow_policy_is_refused_that_has(sqs, policy):
    dead = sqs.make_queue()
    with sqs.refused("InvalidParameterValue", "InvalidAttributeValue"):
        sqs.set(dead, RedriveAllowPolicy=policy)
    equal(sqs.attributes(dead, "RedriveAllowPolicy"), {})


# --- Whose dead letters come here


@test
def the_sources_of_a_dead_letter_queue_are_listed(sqs):
    dead = sqs.make_queue()
    equal(sqs.call("ListDeadLetterSourceQueues", QueueUrl=dead).get("queueUrls", []), [])
    urls = [sqs.make_queue(sqs.redrive_to(dead, 2)) for _ in range(3)]
    answer = sqs.call("ListDeadLetterSourceQueues", QueueUrl=dead)
    equal(sorted(answer["queueUrls"]), sorted(urls))
    assert "NextToken" not in answer
    sqs.set(urls[0], RedrivePolicy="")
    sqs.call("DeleteQueue", QueueUrl=urls[1])
    equal(sqs.call("ListDeadLetterSourceQueues", QueueUrl=dead)["queueUrls"], urls[2:])


@test
def the_list_of_sources_goes_on_where_the_token_says_with_each_once(sqs):
    dead = sqs.make_queue()
    urls = [sqs.make_queue(sqs.redrive_to(dead, 2)) for _ in range(5)]
    seen, token = [], None
    for _ in range(10):
        answer = sqs.call("ListDeadLetterSourceQueues", QueueUrl=dead, MaxResults=2, NextToken=token)
        assert len(answer["queueUrls"]) <= 2
        seen += answer["queueUrls"]
        token = answer.get("NextToken")
        if not token:
            break
    equal(sorted(seen), sorted(urls))


# --- FIFO


@test
def a_message_of_a_fifo_queue_moves_with_its_group_and_frees_it(sqs):
    dead = sqs.make_fifo()
    url = sqs.make_fifo(sqs.redrive_to(dead, 1))
    sqs.send(url, "poison", group="g", dedup="1")
    sqs.send(url, "good", group="g", dedup="2")
    equal(sqs.receive_one(url, hide=0)["Body"], "poison")
    equal(sqs.receive_one(url)["Body"], "good")
    got = sqs.receive_one(dead, tell=["All"])
    equal((got["Body"], got["Attributes"]["MessageGroupId"]), ("poison", "g"))


@test
def two_messages_with_one_deduplication_id_both_arrive_in_the_fifo_dead_letter_queue(sqs):
    dead = sqs.make_fifo()
    urls = [sqs.make_fifo(sqs.redrive_to(dead, 1)) for _ in range(2)]
    for url in urls:
        sqs.send(url, url, group="g", dedup="the-same")
        sqs.receive_one(url, hide=0)
        equal(sqs.receive(url), [])
    equal(sqs.counts(dead), [2, 0, 0])
    got = sqs.receive_many(dead, 2, tell=["MessageDeduplicationId"])
    equal(sorted(bodies(got)), sorted(urls))
    for message in got:
        equal(message["Attributes"], {"MessageDeduplicationId": message["MessageId"]})


@test
def a_moved_message_of_a_fifo_queue_has_the_time_of_the_move(sqs):
    dead = sqs.make_fifo()
    url = sqs.make_fifo(sqs.redrive_to(dead, 1))
    sqs.send(url, "x", group="g", dedup="d")
    sent = sqs.receive_one(url, hide=0, tell=["SentTimestamp"])["Attributes"]["SentTimestamp"]
    sqs.let_pass(1)
    equal(sqs.receive(url), [])
    moved = sqs.receive_one(dead, tell=["SentTimestamp"])["Attributes"]["SentTimestamp"]
    assert int(moved) >= int(sent) + 900, (sent, moved)


@test
def a_fifo_queue_refuses_a_standard_one_as_its_target(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.make_fifo(sqs.redrive_to(sqs.make_queue(), 2))
