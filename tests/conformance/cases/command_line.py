# SPDX-License-Identifier: Apache-2.0
"""The real `aws` command, as a user types it: what the suite's fast way through its library may hide."""
import json

from harness import bodies, equal, test, unique

REAL = {"needs": "command line"}


def aws(sqs, *arguments):
    """What it printed, which must be JSON or nothing; it must succeed."""
    code, out, complaint = sqs.run_command(*arguments)
    equal((code, complaint), (0, ""))
    return json.loads(out) if out.strip() else {}


@test(**REAL)
def a_message_goes_through_a_queue_with_the_command(sqs):
    url = aws(sqs, "create-queue", "--queue-name", unique(), "--attributes", "VisibilityTimeout=5",
              "--tags", "team=weavers")["QueueUrl"]
    sent = aws(sqs, "send-message", "--queue-url", url, "--message-body", "hello \u20ac",
               "--message-attributes", '{"a":{"DataType":"String","StringValue":"b"}}')
    [got] = aws(sqs, "receive-message", "--queue-url", url, "--wait-time-seconds", "5", "--attribute-names", "All",
                "--message-attribute-names", "All")["Messages"]
    equal((got["MessageId"], got["Body"]), (sent["MessageId"], "hello \u20ac"))
    equal(got["MessageAttributes"], {"a": {"DataType": "String", "StringValue": "b"}})
    aws(sqs, "delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    equal(aws(sqs, "list-queue-tags", "--queue-url", url), {"Tags": {"team": "weavers"}})
    aws(sqs, "delete-queue", "--queue-url", url)


@test(**REAL)
def a_refusal_ends_the_command_with_254_and_its_code(sqs):
    code, out, complaint = sqs.run_command("get-queue-url", "--queue-name", unique("none"))
    equal((code, out), (254, ""))
    said = "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl operation"
    assert said in complaint, complaint


@test(**REAL)
def the_command_turns_the_pages_of_a_list_by_itself(sqs):
    prefix = unique("page")
    urls = [sqs.make_queue(name=f"{prefix}-{i}") for i in range(5)]
    told = aws(sqs, "list-queues", "--queue-name-prefix", prefix, "--page-size", "2")
    equal(sorted(told["QueueUrls"]), urls)


@test(**REAL)
def a_batch_goes_through_the_command(sqs):
    url = sqs.make_queue()
    told = aws(sqs, "send-message-batch", "--queue-url", url, "--entries",
               '[{"Id":"a","MessageBody":"one"},{"Id":"b","MessageBody":"two","DelaySeconds":901}]')
    equal([one["Id"] for one in told["Successful"]], ["a"])
    equal([one["Code"] for one in told["Failed"]], ["InvalidParameterValue"])
    equal(bodies(sqs.receive(url, at_most=10)), ["one"])
