# SPDX-License-Identifier: Apache-2.0
"""PurgeQueue."""
from harness import equal, test


def filled(sqs):
    """A queue with a visible, a taken and a delayed message; and the taken one."""
    url = sqs.make_queue()
    sqs.send(url, "taken")
    taken = sqs.receive_one(url, hide=600)
    sqs.send(url, "visible")
    sqs.send(url, "delayed", delay=900)
    equal(sqs.counts(url), [1, 1, 1])
    return url, taken


@test
def it_takes_away_what_is_visible_in_flight_and_delayed(sqs):
    url, _ = filled(sqs)
    sqs.call("PurgeQueue", QueueUrl=url)
    equal(sqs.counts(url), [0, 0, 0])
    equal(sqs.receive(url, wait=1), [])


@test
def the_handle_of_a_purged_message_can_still_be_deleted_but_not_given_back(sqs):
    url, taken = filled(sqs)
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.delete(url, taken)
    with sqs.refused("InvalidParameterValue", "MessageNotInflight"):
        sqs.change(url, taken, 0)
    equal(sqs.counts(url), [0, 0, 0])


@test
def the_queue_stays_as_it_is_and_works_on(sqs):
    url = sqs.make_queue({"VisibilityTimeout": "7"}, tags={"a": "1"})
    sqs.send(url, "before")
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.send(url, "after")
    equal(sqs.receive_one(url)["Body"], "after")
    equal(sqs.attribute(url, "VisibilityTimeout"), "7")
    equal(sqs.call("ListQueueTags", QueueUrl=url)["Tags"], {"a": "1"})


@test
def it_frees_the_groups_of_a_fifo_queue(sqs):
    url = sqs.make_fifo()
    for i in range(3):
        sqs.send(url, f"{i}", group="g", dedup=f"{i}")
    sqs.receive_one(url, hide=600)
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.send(url, "new", group="g", dedup="new")
    equal(sqs.receive_one(url)["Body"], "new")


@test
def without_the_timers_of_aws_it_may_be_done_again_at_once(sqs):
    url = sqs.make_queue()
    for _ in range(2):
        sqs.send(url, "x")
        sqs.call("PurgeQueue", QueueUrl=url)
        equal(sqs.counts(url), [0, 0, 0])


@test(options=("--aws-timers",))
def with_the_timers_of_aws_it_is_refused_for_60_seconds_on_the_same_queue_only(sqs):
    url = sqs.make_queue()
    sqs.call("PurgeQueue", QueueUrl=url)
    with sqs.refused("PurgeQueueInProgress"):
        sqs.call("PurgeQueue", QueueUrl=url)
    sqs.call("PurgeQueue", QueueUrl=sqs.make_queue())
