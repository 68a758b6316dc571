# SPDX-License-Identifier: Apache-2.0
"""AddPermission and RemovePermission: they write statements into the policy of a queue."""
import json

from harness import equal, test

ACCOUNT, OTHER = "111122223333", "444455556666"
EIGHT = ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
         "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage"]


def add(sqs, url, label="label", accounts=(ACCOUNT,), actions=("SendMessage",)):
    sqs.call("AddPermission", QueueUrl=url, Label=label, AWSAccountIds=list(accounts), Actions=list(actions))


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(sqs, url):
    """Label -> (accounts, actions) of the policy's statements."""
    policy = json.loads(sqs.attributes(url, "Policy").get("Policy", '{"Statement":[]}'))
    found = {}
    for one in policy["Statement"]:
        equal(one["Effect"], "Allow")
        equal(one["Resource"], sqs.arn(url))
        accounts = {account.removeprefix("arn:aws:iam::").removesuffix(":root")
                    for account in listed(one["Principal"]["AWS"])}
        actions = {action.lower().removeprefix("sqs:") for action in listed(one["Action"])}
        found[one["Sid"]] = (accounts, actions)
    return found


@test
def a_permission_becomes_a_statement_of_the_policy(sqs):
    url = sqs.make_queue()
    add(sqs, url, "one", [ACCOUNT, OTHER], ["SendMessage", "ReceiveMessage"])
    add(sqs, url, "two", [OTHER], ["*"])
    equal(statements(sqs, url), {"one": ({ACCOUNT, OTHER}, {"sendmessage", "receivemessage"}), "two": ({OTHER}, {"*"})})


@test
def a_permission_that_is_removed_leaves_the_others(sqs):
    url = sqs.make_queue()
    add(sqs, url, "one")
    add(sqs, url, "two")
    sqs.call("RemovePermission", QueueUrl=url, Label="one")
    equal(list(statements(sqs, url)), ["two"])
    sqs.call("RemovePermission", QueueUrl=url, Label="two")
    equal(statements(sqs, url), {})


@test
def a_permission_stands_beside_the_statements_of_a_policy(sqs):
    url = sqs.make_queue()
    own = {"Sid": "own", "Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sqs:PurgeQueue",
           "Resource": sqs.arn(url)}
    sqs.set(url, Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
    add(sqs, url)
    equal(sorted(statements(sqs, url)), ["label", "own"])


@test
def a_label_that_is_taken_is_refused(sqs):
    url = sqs.make_queue()
    add(sqs, url)
    with sqs.refused("InvalidParameterValue"):
        add(sqs, url, actions=["ReceiveMessage"])
    equal(statements(sqs, url), {"label": ({ACCOUNT}, {"sendmessage"})})


@test
def a_label_that_there_is_not_cannot_be_removed(sqs):
    with sqs.refused("InvalidParameterValue"):
        sqs.call("RemovePermission", QueueUrl=sqs.make_queue(), Label="unknown")


@test
def seven_actions_are_taken_and_eight_are_over_the_limit(sqs):
    url = sqs.make_queue()
    add(sqs, url, actions=EIGHT[:7])
    with sqs.refused("OverLimit"):
        add(sqs, url, "another", actions=EIGHT)
    equal(list(statements(sqs, url)), ["label"])


@test(cases={
    "an unknown action": {"actions": ["Dance"]}, "an account that is none": {"accounts": ["me"]},
    "a label with a space": {"label": "a b"}, "a label of 81 characters": {"label": "x" * 81},
})
def a_permission_is_refused_with(sqs, wrong):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue"):
        add(sqs, url, **wrong)
    equal(statements(sqs, url), {})
