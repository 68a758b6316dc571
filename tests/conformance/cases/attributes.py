# SPDX-License-Identifier: Apache-2.0
"""The attributes of queues: defaults, ranges, what may be set, and that a change has its effect at once."""
import json
import time

from harness import between, elapsed, equal, test, unique

DEFAULTS = {
    "VisibilityTimeout": "30", "DelaySeconds": "0", "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
    "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0", "SqsManagedSseEnabled": "true",
}
BAD_VALUES = {
    "VisibilityTimeout": ("-1", "43201", "abc", "1.5"),
    "DelaySeconds": ("-1", "901", "x"),
    "MaximumMessageSize": ("1023", "1048577", "x"),
    "MessageRetentionPeriod": ("59", "1209601", "x"),
    "ReceiveMessageWaitTimeSeconds": ("-1", "21", "x"),
    "KmsDataKeyReusePeriodSeconds": ("59", "86401"),
}


@test
def a_new_queue_has_the_defaults(sqs):
    name = unique("defaults")
    told = sqs.attributes(sqs.make_queue(name=name), "All")
    account = told.pop("QueueArn").removeprefix("arn:aws:sqs:us-east-1:").removesuffix(f":{name}")
    assert account.isdecimal() and len(account) == 12, account
    for key in ("CreatedTimestamp", "LastModifiedTimestamp"):
        between(time.time() - 60, int(told.pop(key)), time.time() + 60, key)
    equal(told, DEFAULTS)


@test
def given_attributes_are_kept(sqs):
    given = {"VisibilityTimeout": "43200", "DelaySeconds": "900", "MaximumMessageSize": "1024",
             "MessageRetentionPeriod": "1209600", "ReceiveMessageWaitTimeSeconds": "20"}
    url = sqs.make_queue(given)
    equal(sqs.attributes(url, *given), given)


@test(cases={f"{name} '{value}'": (name, value) for name, values in BAD_VALUES.items() for value in values})
def out_of_range_is_refused_at_birth_and_later(sqs, name, value):
    with sqs.refused("InvalidAttributeValue"):
        sqs.make_queue({name: value})
    url = sqs.make_queue()
    before = sqs.attributes(url, "All")
    with sqs.refused("InvalidAttributeValue"):
        sqs.set(url, **{name: value})
    equal(sqs.attributes(url, "All"), before)


@test
def an_empty_value_is_refused_where_it_clears_nothing(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue", "InvalidAttributeValue"):
        sqs.set(url, VisibilityTimeout="")
    equal(sqs.attribute(url, "VisibilityTimeout"), "30")


@test
def to_set_none_is_refused(sqs):
    with sqs.refused("MissingParameter"):
        sqs.set(sqs.make_queue())


@test
def an_unknown_attribute_is_refused_wherever_it_is_given(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidAttributeName"):
        sqs.make_queue({"Nonsense": "1"})
    with sqs.refused("InvalidAttributeName"):
        sqs.set(url, Nonsense="1")
    with sqs.refused("InvalidAttributeName"):
        sqs.attributes(url, "Nonsense")


@test(cases={name: name for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                                     "ApproximateNumberOfMessagesDelayed", "CreatedTimestamp",
                                     "LastModifiedTimestamp", "QueueArn")})
def an_attribute_that_is_only_told_cannot_be_set(sqs, name):
    url = sqs.make_queue()
    with sqs.refused("InvalidAttributeName"):
        sqs.set(url, **{name: "1"})
    with sqs.refused("InvalidAttributeName"):
        sqs.make_queue({name: "1"})


@test(cases={"FifoQueue": ("FifoQueue", "false"), "ContentBasedDeduplication": ("ContentBasedDeduplication", "true"),
             "DeduplicationScope": ("DeduplicationScope", "queue"),
             "FifoThroughputLimit": ("FifoThroughputLimit", "perQueue")})
def a_standard_queue_does_not_know_the_attribute_of_fifo(sqs, name, value):
    with sqs.refused("InvalidAttributeName"):
        sqs.make_queue({name: value})


@test
def of_several_new_values_one_bad_one_refuses_them_all(sqs):
    url = sqs.make_queue()
    with sqs.refused("InvalidAttributeValue"):
        sqs.set(url, DelaySeconds="5", VisibilityTimeout="99999")
    equal(sqs.attribute(url, "DelaySeconds"), "0")


@test
def set_attributes_are_told_at_once_and_the_others_stay(sqs):
    url = sqs.make_queue({"DelaySeconds": "3"})
    sqs.set(url, VisibilityTimeout="11")
    equal(sqs.attributes(url, "VisibilityTimeout", "DelaySeconds"), {"VisibilityTimeout": "11", "DelaySeconds": "3"})


@test
def only_the_attributes_asked_for_are_told(sqs):
    equal(sqs.attributes(sqs.make_queue(), "DelaySeconds"), {"DelaySeconds": "0"})


@test
def without_a_name_no_attribute_is_told(sqs):
    equal(sqs.call("GetQueueAttributes", QueueUrl=sqs.make_queue()), {})


@test(cases={"FifoQueue": "FifoQueue", "KmsMasterKeyId": "KmsMasterKeyId"})
def an_attribute_that_this_kind_of_queue_has_not_is_refused(sqs, name):
    with sqs.refused("InvalidAttributeName"):
        sqs.attributes(sqs.make_queue(), name)


@test
def an_attribute_that_is_not_set_is_left_out(sqs):
    equal(sqs.attributes(sqs.make_queue(), "Policy", "RedrivePolicy", "RedriveAllowPolicy"), {})


@test
def a_change_moves_the_time_of_the_last_change_only(sqs):
    url = sqs.make_queue()
    before = sqs.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    sqs.let_pass(2)
    sqs.set(url, DelaySeconds="1")
    after = sqs.attributes(url, "CreatedTimestamp", "LastModifiedTimestamp")
    equal(after["CreatedTimestamp"], before["CreatedTimestamp"])
    assert int(after["LastModifiedTimestamp"]) > int(before["LastModifiedTimestamp"])


@test
def a_new_visibility_timeout_counts_for_the_next_receive(sqs):
    url = sqs.make_queue({"VisibilityTimeout": "600"})
    sqs.set(url, VisibilityTimeout="0")
    sqs.send(url, "x")
    sqs.receive_one(url)
    sqs.receive_one(url, wait=0)


@test
def a_new_delay_counts_for_the_next_message_of_a_standard_queue(sqs):
    url = sqs.make_queue({"DelaySeconds": "900"})
    sqs.send(url, "later")
    sqs.set(url, DelaySeconds="0")
    sqs.send(url, "now")
    equal(sqs.counts(url), [1, 0, 1])
    equal(sqs.receive_one(url)["Body"], "now")


@test
def a_new_maximum_size_counts_for_the_next_message(sqs):
    url = sqs.make_queue()
    sqs.send(url, "x" * 2000)
    sqs.set(url, MaximumMessageSize="1024")
    with sqs.refused("InvalidParameterValue"):
        sqs.send(url, "x" * 1025)
    equal(len(sqs.receive_one(url)["Body"]), 2000)


@test
def a_new_wait_counts_for_the_next_receive(sqs):
    url = sqs.make_queue({"ReceiveMessageWaitTimeSeconds": "20"})
    sqs.set(url, ReceiveMessageWaitTimeSeconds="0")
    _, seconds = elapsed(lambda: sqs.receive(url))
    assert seconds < 10, seconds


@test
def a_message_is_gone_when_its_retention_is_over_even_one_in_flight(sqs):
    url = sqs.make_queue({"MessageRetentionPeriod": "60"})
    sqs.send(url, "old")
    sqs.send(url, "old and taken")
    taken = sqs.receive_one(url, hide=600)
    for _ in range(4):  # 4 x 16 s
        sqs.let_pass(16)
    equal(sqs.counts(url), [0, 0, 0])
    equal(sqs.receive(url), [])
    sqs.delete(url, taken)  # no error


@test
def a_shorter_retention_expires_what_is_old_enough(sqs):
    url = sqs.make_queue()
    sqs.send(url, "old")
    sqs.set(url, MessageRetentionPeriod="60")
    for _ in range(4):
        sqs.let_pass(16)
    equal(sqs.counts(url), [0, 0, 0])
    sqs.send(url, "new")
    equal(sqs.receive_one(url)["Body"], "new")


@test
def an_empty_policy_clears_it(sqs):
    url = sqs.make_queue()
    arn = sqs.arn(url)
    policy = {"Version": "2012-10-17", "Statement": [
        {"Sid": "one", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set(url, Policy=json.dumps(policy))
    equal(json.loads(sqs.attribute(url, "Policy")), policy)
    sqs.set(url, Policy="")
    equal(sqs.attributes(url, "Policy"), {})


@test(cases={"no JSON": "not json", "a list": "[]", "a statement without an effect": json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Principal": "*", "Action": "sqs:SendMessage"}]})})
def a_policy_is_refused_that_is(sqs, policy):
    url = sqs.make_queue()
    with sqs.refused("InvalidAttributeValue"):
        sqs.set(url, Policy=policy)
    equal(sqs.attributes(url, "Policy"), {})


@test
def a_key_of_kms_is_shown_with_its_reuse_period_and_takes_the_place_of_the_managed_one(sqs):
    url = sqs.make_queue({"KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "600"})
    told = sqs.attributes(url, "All")
    equal(told["KmsMasterKeyId"], "alias/aws/sqs")
    equal(told["KmsDataKeyReusePeriodSeconds"], "600")
    equal(told.get("SqsManagedSseEnabled", "false"), "false")


@test
def two_kinds_of_encryption_at_one_time_are_refused(sqs):
    with sqs.refused("InvalidAttributeValue"):
        sqs.make_queue({"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"})


@test
def the_managed_encryption_can_be_turned_off(sqs):
    url = sqs.make_queue({"SqsManagedSseEnabled": "false"})
    equal(sqs.attribute(url, "SqsManagedSseEnabled"), "false")
