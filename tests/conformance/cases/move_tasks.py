# SPDX-License-Identifier: Apache-2.0
"""Message move tasks: dead letters go back to where they came from, or elsewhere."""
import time

from harness import between, bodies, entries, equal, test, text, unique, until

TASKS = {"needs": "move tasks"}


def dead_letters(sqs, count):
    """A dead-letter queue, a source of it, and that many messages that died there."""
    dead = sqs.make_queue()
    source = sqs.make_queue(sqs.redrive_to(dead, 1))
    for first in range(0, count, 10):
        sqs.send_batch(source, entries(min(10, count - first)))
    for message in sqs.receive_many(source, count, hide=600) if count else []:
        sqs.change(source, message, 0)
    until(lambda: sqs.receive(source) == [] and sqs.counts(dead) == [count, 0, 0])
    return dead, source


def start(sqs, source, destination=None, rate=None):
    return sqs.call("StartMessageMoveTask", SourceArn=sqs.arn(source), MaxNumberOfMessagesPerSecond=rate,
                    DestinationArn=sqs.arn(destination) if destination else None)["TaskHandle"]


def tasks_of(sqs, source, most=None):
    return sqs.call("ListMessageMoveTasks", SourceArn=sqs.arn(source), MaxResults=most).get("Results", [])


def finished(sqs, source):
    """The newest task, once it is in a state that it never leaves."""
    return until(lambda: next((task for task in tasks_of(sqs, source)
                               if task["Status"] in ("COMPLETED", "CANCELLED", "FAILED")), None), 30)


@test(**TASKS)
def without_a_destination_each_message_goes_back_to_its_own_source(sqs):
    dead = sqs.make_queue()
    sources = [sqs.make_queue(sqs.redrive_to(dead, 1)) for _ in range(2)]
    for url in sources:
        sqs.send(url, url)
        sqs.receive_one(url, hide=0)
        equal(sqs.receive(url), [])
    start(sqs, dead)
    for url in sources:
        equal(sqs.receive_one(url, wait=20)["Body"], url)
    equal(finished(sqs, dead)["Status"], "COMPLETED")
    equal(sqs.counts(dead), [0, 0, 0])


@test(**TASKS)
def with_a_destination_all_messages_go_there(sqs):
    dead, source = dead_letters(sqs, 12)
    target = sqs.make_queue()
    start(sqs, dead, target)
    equal(len(set(m["MessageId"] for m in sqs.receive_many(target, 12, wait=20))), 12)
    equal(sqs.counts(source), [0, 0, 0])
    equal(sqs.counts(dead), [0, 0, 0])


@test(**TASKS)
def a_moved_message_is_a_new_one_with_the_old_body_and_attributes(sqs):
    dead = sqs.make_queue()
    source = sqs.make_queue(sqs.redrive_to(dead, 1))
    sent = sqs.send(source, "x", user={"a": text("b")})
    before = sqs.receive_one(source, hide=0, tell=["All"])["Attributes"]
    equal(sqs.receive(source), [])
    sqs.let_pass(1)
    start(sqs, dead)
    got = sqs.receive_one(source, wait=20, tell=["All"], tell_user=["All"])
    equal((got["Body"], got["MessageAttributes"]), ("x", {"a": text("b")}))
    assert got["MessageId"] != sent["MessageId"], "its id is still the old one"
    equal(got["Attributes"]["ApproximateReceiveCount"], "1")
    assert int(got["Attributes"]["SentTimestamp"]) > int(before["SentTimestamp"])


@test(**TASKS)
def a_task_that_ended_tells_what_it_did_and_has_no_handle(sqs):
    dead, source = dead_letters(sqs, 3)
    start(sqs, dead, source, 100)
    task = finished(sqs, dead)
    started = task.pop("StartedTimestamp")
    between(time.time() * 1000 - 120_000, started, time.time() * 1000 + 60_000, "StartedTimestamp")
    equal(task, {"Status": "COMPLETED", "SourceArn": sqs.arn(dead), "DestinationArn": sqs.arn(source),
                 "MaxNumberOfMessagesPerSecond": 100, "ApproximateNumberOfMessagesMoved": 3,
                 "ApproximateNumberOfMessagesToMove": 3})


@test(**TASKS)
def what_was_not_given_is_not_told(sqs):
    dead, _ = dead_letters(sqs, 0)
    start(sqs, dead)
    task = finished(sqs, dead)
    equal([name for name in ("DestinationArn", "MaxNumberOfMessagesPerSecond", "FailureReason") if name in task], [])


@test(**TASKS)
def a_running_task_shows_its_handle_and_keeps_to_its_rate(sqs):
    dead, source = dead_letters(sqs, 30)
    handle = start(sqs, dead, rate=1)
    [task] = tasks_of(sqs, dead)
    equal((task["Status"], task["TaskHandle"]), ("RUNNING", handle))
    sqs.let_pass(4)
    moved = sum(sqs.counts(source))
    between(1, moved, 12, "the number that moved in about four seconds")
    sqs.call("CancelMessageMoveTask", TaskHandle=handle)


@test(**TASKS)
def a_cancelled_task_stops_and_what_moved_stays_moved(sqs):
    dead, source = dead_letters(sqs, 20)
    handle = start(sqs, dead, rate=1)
    until(lambda: sum(sqs.counts(source)) > 0)
    told = sqs.call("CancelMessageMoveTask", TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    task = finished(sqs, dead)
    equal(task["Status"], "CANCELLED")
    assert "TaskHandle" not in task
    moved = sum(sqs.counts(source))
    assert 0 < told <= moved < 20, (told, moved)
    equal(sum(sqs.counts(dead)), 20 - moved)
    sqs.let_pass(2)
    equal(sum(sqs.counts(source)), moved)


@test(**TASKS)
def a_second_task_is_refused_while_one_runs_and_taken_after_it(sqs):
    dead, _ = dead_letters(sqs, 20)
    handle = start(sqs, dead, rate=1)
    with sqs.refused("InvalidParameterValue"):
        start(sqs, dead)
    sqs.call("CancelMessageMoveTask", TaskHandle=handle)
    finished(sqs, dead)
    start(sqs, dead)
    equal(finished(sqs, dead)["Status"], "COMPLETED")


@test(**TASKS)
def the_list_has_the_newest_first_and_one_unless_more_are_asked_for(sqs):
    dead, _ = dead_letters(sqs, 0)
    equal(tasks_of(sqs, dead), [])
    for rate in (1, 2, 3):
        start(sqs, dead, rate=rate)
        finished(sqs, dead)
    equal([task["MaxNumberOfMessagesPerSecond"] for task in tasks_of(sqs, dead)], [3])
    equal([task["MaxNumberOfMessagesPerSecond"] for task in tasks_of(sqs, dead, 10)], [3, 2, 1])


@test(**TASKS)
def a_message_whose_source_nobody_knows_fails_a_task_without_a_destination_and_stays(sqs):
    dead, _ = dead_letters(sqs, 0)
    sqs.send(dead, "sent straight to the dead letters")
    start(sqs, dead)
    task = finished(sqs, dead)
    equal((task["Status"], task["FailureReason"]), ("FAILED", "CouldNotDetermineMessageSource"))
    equal(sqs.counts(dead), [1, 0, 0])


@test(**TASKS)
def a_moved_message_wakes_a_receiver(sqs):
    dead, source = dead_letters(sqs, 1)
    waiting = sqs.start(sqs.receive, source, wait=20)
    sqs.let_pass(1)
    start(sqs, dead)
    equal(bodies(waiting.result()), ["body 0"])


@test(**TASKS)
def a_source_that_is_no_dead_letter_queue_is_refused(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        start(sqs, url)


@test(**TASKS)
def a_source_that_does_not_exist_is_not_found(sqs):
    arn = sqs.arn(sqs.make_queue()) + unique("none")
    with sqs.refused("ResourceNotFoundException"):
        sqs.call("StartMessageMoveTask", SourceArn=arn)
    with sqs.refused("ResourceNotFoundException"):
        sqs.call("ListMessageMoveTasks", SourceArn=arn)


@test(**TASKS)
def a_destination_that_does_not_exist_is_not_found(sqs):
    dead, _ = dead_letters(sqs, 0)
    with sqs.refused("ResourceNotFoundException"):
        sqs.call("StartMessageMoveTask", SourceArn=sqs.arn(dead), DestinationArn=sqs.arn(dead) + unique("none"))


@test(**TASKS)
def a_destination_of_the_other_kind_is_refused(sqs):
    dead, _ = dead_letters(sqs, 0)
    with sqs.refused("InvalidParameterValue"):
        start(sqs, dead, sqs.make_fifo())


@test(cases={"0": 0, "501": 501, "-1": -1}, **TASKS)
def a_rate_is_refused_of(sqs, rate):
    dead, _ = dead_letters(sqs, 0)
    with sqs.refused("InvalidParameterValue"):
        start(sqs, dead, rate=rate)


@test(cases={"0": 0, "11": 11}, **TASKS)
def a_list_of_tasks_is_refused_with_a_maximum_of(sqs, most):
    dead, _ = dead_letters(sqs, 0)
    with sqs.refused("InvalidParameterValue"):
        tasks_of(sqs, dead, most)


@test(**TASKS)
def a_handle_that_was_never_given_cannot_be_cancelled(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.call("CancelMessageMoveTask", TaskHandle="garbage")


@test(**TASKS)
def a_task_that_has_ended_cannot_be_cancelled(sqs):
    dead, _ = dead_letters(sqs, 0)
    handle = start(sqs, dead)
    finished(sqs, dead)
    with sqs.refused("ResourceNotFoundException", "InvalidParameterValue"):
        sqs.call("CancelMessageMoveTask", TaskHandle=handle)


@test(**TASKS)
def messages_of_a_fifo_dead_letter_queue_go_back_in_their_order(sqs):
    dead = sqs.make_fifo()
    source = sqs.make_fifo(sqs.redrive_to(dead, 1))
    for i in range(5):
        sqs.send(source, f"{i}", group="g", dedup=f"{i}")
    for _ in range(5):
        sqs.receive_one(source, hide=0)
    equal(sqs.receive(source), [])
    equal(sqs.counts(dead), [5, 0, 0])
    start(sqs, dead)
    equal(finished(sqs, dead)["Status"], "COMPLETED")
    equal(bodies(sqs.receive_many(source, 5)), list("01234"))
