# SPDX-License-Identifier: Apache-2.0
"""What Debian's boto3 and awscli do not know yet: their models of the service are older than it."""
from .server import ROOT

# For $AWS_DATA_PATH, with which both let their models be added to: here are the actions that are missing.
MODELS = str(ROOT / "tests/conformance/models")


def of_that_age(members):
    """A call as the models have it: the list of system attributes still has its older name."""
    members = dict(members)
    if "MessageSystemAttributeNames" in members:
        members["AttributeNames"] = members.pop("MessageSystemAttributeNames")
    return members
