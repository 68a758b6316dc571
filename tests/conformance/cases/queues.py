# SPDX-License-Identifier: Apache-2.0
"""Making, finding, listing and deleting queues."""
import re

from harness import equal, test, unique


@test
def a_new_queue_has_a_url_that_ends_with_its_name(sqs):
    name = unique("named")
    assert re.fullmatch(rf"https?://.+/{name}", sqs.make_queue(name=name))


@test
def creating_the_same_queue_again_gives_the_same_url(sqs):
    name, given = unique("again"), {"VisibilityTimeout": "7", "DelaySeconds": "3"}
    url = sqs.make_queue(given, name)
    equal(sqs.make_queue(given, name), url)
    equal(sqs.make_queue({"DelaySeconds": "3"}, name), url, "with fewer attributes: only given ones are compared; it")
    equal(sqs.make_queue(None, name), url)


@test
def creating_it_again_with_a_differing_value_is_refused_and_changes_nothing(sqs):
    name = unique("differs")
    url = sqs.make_queue({"VisibilityTimeout": "7"}, name)
    with sqs.refused("QueueNameExists"):
        sqs.make_queue({"VisibilityTimeout": "8"}, name)
    with sqs.refused("QueueNameExists"):
        sqs.make_queue({"DelaySeconds": "1"}, name)
    equal(sqs.attributes(url, "VisibilityTimeout", "DelaySeconds"), {"VisibilityTimeout": "7", "DelaySeconds": "0"})


@test
def what_was_set_later_counts_when_the_queue_is_created_again(sqs):
    name = unique("set")
    url = sqs.make_queue({"VisibilityTimeout": "7"}, name)
    sqs.set(url, VisibilityTimeout="8")
    with sqs.refused("QueueNameExists"):
        sqs.make_queue({"VisibilityTimeout": "7"}, name)
    equal(sqs.make_queue({"VisibilityTimeout": "8"}, name), url)


@test
def names_are_case_sensitive(sqs):
    name = unique("case")
    assert sqs.make_queue(name=name) != sqs.make_queue(name=name.upper())


@test(cases={"81 characters": "x" * 81, "a space": "a b", "a dot": "a.b", "a slash": "a/b",
             "a letter outside ASCII": "\u00e4", ".fifo without FifoQueue": "a.fifo"})
def a_queue_name_is_refused_that_has(sqs, name):
    with sqs.refused("InvalidParameterValue"):
        sqs.make_queue(name=name)


@test
def a_queue_name_may_have_80_characters_letters_digits_hyphens_and_underscores(sqs):
    name = (unique("aZ") + "_-9x" * 20)[:80]
    assert sqs.make_queue(name=name).endswith(f"/{name}")


@test
def its_url_is_found_by_its_name(sqs):
    name = unique("find")
    url = sqs.make_queue(name=name)
    equal(sqs.call("GetQueueUrl", QueueName=name)["QueueUrl"], url)


@test
def a_name_that_no_queue_has_is_not_found(sqs):
    with sqs.refused("QueueDoesNotExist"):
        sqs.call("GetQueueUrl", QueueName=unique("none"))


@test(cases={action: (action, members) for action, members in {
    "SendMessage": {"MessageBody": "x"},
    "SendMessageBatch": {"Entries": [{"Id": "a", "MessageBody": "x"}]},
    "ReceiveMessage": {},
    "DeleteMessage": {"ReceiptHandle": "x"},
    "DeleteMessageBatch": {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]},
    "ChangeMessageVisibility": {"ReceiptHandle": "x", "VisibilityTimeout": 1},
    "ChangeMessageVisibilityBatch": {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
    "DeleteQueue": {},
    "PurgeQueue": {},
    "TagQueue": {"Tags": {"a": "b"}},
    "UntagQueue": {"TagKeys": ["a"]},
    "ListQueueTags": {},
    "AddPermission": {"Label": "a", "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"]},
    "RemovePermission": {"Label": "a"},
    "ListDeadLetterSourceQueues": {},
}.items()})
def on_a_queue_that_does_not_exist_it_is_refused(sqs, action, members):
    url = sqs.make_queue().rsplit("/", 1)[0] + "/" + unique("none")
    with sqs.refused("QueueDoesNotExist"):
        sqs.call(action, QueueUrl=url, **members)


@test
def a_list_keeps_to_the_prefix_and_has_no_token_when_no_maximum_was_asked_for(sqs):
    prefix = unique("list")
    urls = [sqs.make_queue(name=f"{prefix}-{letter}") for letter in "abc"]
    sqs.make_queue(name=unique("other"))
    answer = sqs.call("ListQueues", QueueNamePrefix=prefix)
    equal(sorted(answer["QueueUrls"]), urls)
    assert "NextToken" not in answer


@test
def a_list_without_a_queue_is_left_out_of_the_answer(sqs):
    equal(sqs.call("ListQueues", QueueNamePrefix=unique("none")), {})


@test
def a_list_goes_on_where_the_token_says_with_each_queue_once(sqs):
    prefix = unique("page")
    urls = [sqs.make_queue(name=f"{prefix}-{i}") for i in range(5)]
    seen, token = [], None
    for _ in range(10):
        answer = sqs.call("ListQueues", QueueNamePrefix=prefix, MaxResults=2, NextToken=token)
        assert len(answer.get("QueueUrls", [])) <= 2
        seen += answer.get("QueueUrls", [])
        token = answer.get("NextToken")
        if not token:
            break
    equal(sorted(seen), urls)


@test
def a_list_that_fits_exactly_has_no_token(sqs):
    prefix = unique("exact")
    for i in range(2):
        sqs.make_queue(name=f"{prefix}-{i}")
    assert "NextToken" not in sqs.call("ListQueues", QueueNamePrefix=prefix, MaxResults=2)


@test(cases={"0": 0, "1001": 1001, "-1": -1})
def a_list_is_refused_with_a_maximum_of(sqs, maximum):
    with sqs.refused("InvalidParameterValue"):
        sqs.call("ListQueues", MaxResults=maximum)


@test
def a_list_is_refused_with_a_token_that_was_never_given(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.call("ListQueues", MaxResults=1, NextToken="never given")


@test
def a_deleted_queue_is_gone_with_its_messages(sqs):
    name = unique("deleted")
    url = sqs.make_queue(name=name)
    sqs.send(url, "lost with it")
    sqs.call("DeleteQueue", QueueUrl=url)
    with sqs.refused("QueueDoesNotExist"):
        sqs.send(url, "x")
    with sqs.refused("QueueDoesNotExist"):
        sqs.receive(url)
    with sqs.refused("QueueDoesNotExist"):
        sqs.call("GetQueueUrl", QueueName=name)
    equal(sqs.call("ListQueues", QueueNamePrefix=name).get("QueueUrls", []), [])


@test
def without_the_timers_of_aws_a_deleted_queue_may_be_made_again_at_once_and_is_empty(sqs):
    name = unique("reborn")
    url = sqs.make_queue({"VisibilityTimeout": "7"}, name)
    sqs.send(url, "of the life before")
    sqs.call("DeleteQueue", QueueUrl=url)
    equal(sqs.make_queue(name=name), url)
    equal(sqs.attribute(url, "VisibilityTimeout"), "30")
    equal(sqs.counts(url), [0, 0, 0])
    equal(sqs.receive(url), [])


@test(options=("--aws-timers",))
def with_the_timers_of_aws_a_name_is_not_free_for_60_seconds(sqs):
    name = unique("recent")
    sqs.call("DeleteQueue", QueueUrl=sqs.make_queue(name=name))
    with sqs.refused("QueueDeletedRecently"):
        sqs.make_queue(name=name)
    sqs.make_queue(name=unique("another"))
