# SPDX-License-Identifier: Apache-2.0
"""Tags of queues."""
from harness import equal, test


def tags_of(sqs, url):
    return sqs.call("ListQueueTags", QueueUrl=url).get("Tags", {})


@test
def a_queue_has_none_at_first_and_the_list_is_left_out(sqs):
    equal(sqs.call("ListQueueTags", QueueUrl=sqs.make_queue()), {})


@test
def those_given_at_birth_are_told(sqs):
    given = {"team": "weavers", "\u00e4 key": "b = c + d: /e_f-g@h", "empty": ""}
    equal(tags_of(sqs, sqs.make_queue(tags=given)), given)


@test
def an_equal_key_is_overwritten_and_keys_are_case_sensitive(sqs):
    url = sqs.make_queue(tags={"team": "weavers", "stage": "test"})
    sqs.call("TagQueue", QueueUrl=url, Tags={"team": "dyers", "Team": "spinners"})
    equal(tags_of(sqs, url), {"team": "dyers", "Team": "spinners", "stage": "test"})


@test
def they_can_be_taken_away_and_an_unknown_key_is_no_error(sqs):
    url = sqs.make_queue(tags={"a": "1", "b": "2", "c": "3"})
    sqs.call("UntagQueue", QueueUrl=url, TagKeys=["a", "c", "unknown"])
    equal(tags_of(sqs, url), {"b": "2"})


@test
def fifty_are_taken_and_one_more_is_refused(sqs):
    url = sqs.make_queue(tags={f"key {i}": f"{i}" for i in range(50)})
    equal(len(tags_of(sqs, url)), 50)
    with sqs.refused("InvalidParameterValue"):
        sqs.call("TagQueue", QueueUrl=url, Tags={"one more": "x"})
    equal(len(tags_of(sqs, url)), 50)
    sqs.call("TagQueue", QueueUrl=url, Tags={"key 1": "changed"})


@test(cases={"an empty key": {"": "x"}, "a key of 129 characters": {"x" * 129: "x"},
             "a value of 257 characters": {"x": "x" * 257}})
def a_tag_is_refused_with(sqs, tags):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        sqs.call("TagQueue", QueueUrl=url, Tags=tags)
    equal(tags_of(sqs, url), {})


@test
def a_key_of_128_and_a_value_of_256_characters_are_taken(sqs):
    url, tags = sqs.make_queue(), {"k" * 128: "v" * 256}
    sqs.call("TagQueue", QueueUrl=url, Tags=tags)
    equal(tags_of(sqs, url), tags)


@test
def they_are_gone_with_the_queue(sqs):
    url = sqs.make_queue(tags={"a": "1"})
    sqs.call("DeleteQueue", QueueUrl=url)
    equal(tags_of(sqs, sqs.make_queue(name=url.rsplit("/", 1)[1])), {})
