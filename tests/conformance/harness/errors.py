# SPDX-License-Identifier: Apache-2.0
"""What a call can end with, other than an answer; and the errors of the contract, as a table."""

SQS = "AWS.SimpleQueueService."

# The modelled name: the code that the Query protocol has for it, and the status.
CONTRACT = {
    "QueueDoesNotExist": (SQS + "NonExistentQueue", 400),
    "QueueNameExists": ("QueueAlreadyExists", 400),
    "QueueDeletedRecently": (SQS + "QueueDeletedRecently", 400),
    "PurgeQueueInProgress": (SQS + "PurgeQueueInProgress", 403),
    "MessageNotInflight": (SQS + "MessageNotInflight", 400),
    "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 404),
    "BatchEntryIdsNotDistinct": (SQS + "BatchEntryIdsNotDistinct", 400),
    "BatchRequestTooLong": (SQS + "BatchRequestTooLong", 400),
    "EmptyBatchRequest": (SQS + "EmptyBatchRequest", 400),
    "InvalidBatchEntryId": (SQS + "InvalidBatchEntryId", 400),
    "TooManyEntriesInBatchRequest": (SQS + "TooManyEntriesInBatchRequest", 400),
    "UnsupportedOperation": (SQS + "UnsupportedOperation", 400),
    "InvalidAttributeName": ("InvalidAttributeName", 400),
    "InvalidAttributeValue": ("InvalidAttributeValue", 400),
    "InvalidMessageContents": ("InvalidMessageContents", 400),
    "OverLimit": ("OverLimit", 403),
    "InvalidSecurity": ("InvalidSecurity", 403),
    "InvalidAddress": ("InvalidAddress", 404),
    "ResourceNotFoundException": ("ResourceNotFoundException", 404),
}
# What the model does not name: known by the code of the Query protocol alone.
UNMODELLED = {"InvalidParameterValue": 400, "MissingParameter": 400}


class ServiceError(Exception):
    """The server's refusal. `code` is the Query protocol's, `type` is Sender or Receiver; `name` is the
    class that a client of the JSON protocol shows, None elsewhere."""

    def __init__(self, code, status, message, type=None, name=None):
        super().__init__(f"{code} ({status}, {type}): {message}")
        self.code, self.status, self.message, self.type, self.name = code, status, message, type, name


class ConnectionLost(Exception):
    """No answer came."""


class GaveUp(ConnectionLost):
    """The client did not wait for the answer any longer, as the test told it."""


class ClientRefused(Exception):
    """The client's own checks did not let the call out: then the test needs a capability it does not name."""


def agrees(error, name):
    """Says in words how `error` differs from what the contract calls `name`; '' when it does not."""
    code, status = CONTRACT.get(name) or (name, UNMODELLED[name])
    if error.code != code:
        return f"its code is {error.code!r}, not {code!r}"
    if error.status not in (status, None):  # the command line does not tell it
        return f"its status is {error.status}, not {status}"
    if error.type not in ("Sender", None):
        return f"its type is {error.type}, not Sender"
    if name in CONTRACT and error.name not in (name, None):
        return f"its name is {error.name}, not {name}"
    return ""
