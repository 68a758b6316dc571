# SPDX-License-Identifier: Apache-2.0
"""Groups on standard queues: tenants. They neither order nor lock, and a noisy one does not hold up the quiet."""
from harness import bodies, equal, test


def noisy_queue(sqs, count):
    """A queue with that many messages of one tenant."""
    url = sqs.make_queue()
    for first in range(0, count, 10):
        sqs.send_batch(url, [{"Id": f"{i}", "MessageBody": f"noisy {first + i}", "MessageGroupId": "noisy"}
                             for i in range(10)])
    return url


@test
def a_group_is_told_to_the_receiver(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x", group="tenant")
    equal(sqs.receive_one(url, tell=["MessageGroupId"])["Attributes"], {"MessageGroupId": "tenant"})


@test
def a_group_does_not_lock(sqs):
    url = noisy_queue(sqs, 10)
    equal(len({body for _ in range(10) for body in bodies(sqs.receive(url))}), 10)
    equal(sqs.counts(url), [0, 10, 0])


@test
def messages_with_and_without_a_group_all_come(sqs):
    url = noisy_queue(sqs, 20)
    for i in range(5):
        sqs.send(url, f"alone {i}")
    equal(len(set(bodies(sqs.receive_many(url, 25)))), 25)


@test
def a_quiet_tenant_does_not_wait_behind_the_backlog_of_a_noisy_one(sqs):
    url = noisy_queue(sqs, 300)
    sqs.receive_many(url, 100, hide=600)  # the noisy one has the workers' hands full
    sqs.send(url, "quiet", group="quiet")
    got = [body for _ in range(3) for body in bodies(sqs.receive(url, at_most=10))]
    assert "quiet" in got, got


@test
def a_tenant_may_have_a_delay_of_its_own_on_a_message(sqs):
    url = sqs.make_queue()
    sqs.send(url, "later", group="tenant", delay=4)
    equal(sqs.counts(url), [0, 0, 1])
    equal(sqs.receive_one(url, wait=20)["Body"], "later")


@test(cases={"129 characters": "x" * 129, "a space": "a b"})
def a_group_is_refused_with(sqs, bad):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x", group=bad)
    equal(sqs.counts(url), [0, 0, 0])
