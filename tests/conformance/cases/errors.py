# SPDX-License-Identifier: Apache-2.0
"""Each error of the contract, provoked once through a real client. What other files hold in detail is here
once more, short, so that the table can be checked to be complete."""
from harness import CONTRACT, entries, equal, test, unique

BATCH = {
    "EmptyBatchRequest": [],
    "TooManyEntriesInBatchRequest": entries(11),
    "BatchEntryIdsNotDistinct": entries(1) * 2,
    "InvalidBatchEntryId": [{"Id": "a b", "MessageBody": "x"}],
    "BatchRequestTooLong": entries(2, body="x" * (512 * 1024 + 1)),
}
# They need a server with the timers of AWS: queues.py and purge.py.
ELSEWHERE = {"QueueDeletedRecently", "PurgeQueueInProgress"}
# The service itself has been seen to say InvalidParameterValue in its place: leases.py takes both.
DISPUTED = {"MessageNotInflight"}
# What nothing that one account can do on this server leads to.
NEVER = {"UnsupportedOperation", "InvalidSecurity"}


def queue_does_not_exist(sqs):
    sqs.call("GetQueueUrl", QueueName=unique("none"))


def queue_name_exists(sqs):
    name = unique()
    sqs.make_queue(name=name)
    sqs.make_queue({"DelaySeconds": "1"}, name)


def receipt_handle_is_invalid(sqs):
    sqs.delete(sqs.make_queue(), "garbage")


def invalid_attribute_name(sqs):
    sqs.set(sqs.make_queue(), Nonsense="1")


def invalid_attribute_value(sqs):
    sqs.set(sqs.make_queue(), DelaySeconds="901")


def invalid_message_contents(sqs):
    sqs.send(sqs.make_queue(), "\1")


def over_limit(sqs):
    sqs.call("AddPermission", QueueUrl=sqs.make_queue(), Label="label", AWSAccountIds=["111122223333"], Actions=[
        "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl",
        "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage"])


def invalid_address(sqs):
    sqs.send("no address", "x")


def resource_not_found(sqs):
    sqs.call("StartMessageMoveTask", SourceArn=sqs.arn(sqs.make_queue()) + unique("none"))


PROVOKED = {
    "QueueDoesNotExist": queue_does_not_exist, "QueueNameExists": queue_name_exists,
    "ReceiptHandleIsInvalid": receipt_handle_is_invalid,
    "InvalidAttributeName": invalid_attribute_name, "InvalidAttributeValue": invalid_attribute_value,
    "InvalidMessageContents": invalid_message_contents, "OverLimit": over_limit, "InvalidAddress": invalid_address,
    "ResourceNotFoundException": resource_not_found,
    **{name: lambda sqs, list=list: sqs.send_batch(sqs.make_queue(), list) for name, list in BATCH.items()},
}


@test(cases={name: (name, provoke) for name, provoke in PROVOKED.items()})
def it_has_its_code_its_status_and_a_sentence(sqs, name, provoke):
    with sqs.refused(name) as refusal:
        provoke(sqs)
    assert len(refusal[0].message) > 10, refusal[0].message


@test
def none_of_the_contract_is_forgotten(sqs):
    equal(set(PROVOKED) | ELSEWHERE | DISPUTED | NEVER, set(CONTRACT))


# --- Not modelled, but programs look for them


@test(cases={
    "too large": lambda sqs, url: sqs.send(url, "x" * 1024 * 1025),
    "a wait out of range": lambda sqs, url: sqs.receive(url, wait=21),
    "a number of messages out of range": lambda sqs, url: sqs.receive(url, at_most=11),
    "a delay out of range": lambda sqs, url: sqs.send(url, "x", delay=901),
    "an unknown label": lambda sqs, url: sqs.call("RemovePermission", QueueUrl=url, Label="unknown"),
})
def invalid_parameter_value_is_said_of(sqs, provoke):
    url = sqs.make_queue()
    with sqs.refused("InvalidParameterValue") as refusal:
        provoke(sqs, url)
    assert len(refusal[0].message) > 10, refusal[0].message


@test(cases={
    "no body": lambda sqs: sqs.send(sqs.make_queue(), ""),
    "no group": lambda sqs: sqs.send(sqs.make_fifo(), "x", dedup="d"),
})
def missing_parameter_is_said_of(sqs, provoke):
    with sqs.refused("MissingParameter") as refusal:
        provoke(sqs)
    assert len(refusal[0].message) > 10, refusal[0].message
