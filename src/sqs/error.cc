// SPDX-License-Identifier: Apache-2.0
#include "sqs/error.h"

namespace selvage::sqs {

using queue::Refusal;

ApiError describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSuchQueue:
      return {kQueueDoesNotExist, "The specified queue does not exist."};
    case Refusal::kQueueExists:
      return {kQueueNameExists,
              "A queue already exists with the same name and a different value for an attribute."};
    case Refusal::kTooLarge:
      return {kInvalidParameterValue,
              "One or more parameters are invalid. Reason: Message must be shorter than the "
              "queue's MaximumMessageSize."};
    case Refusal::kNotInFlight:
      return {kMessageNotInflight, "The message referred to is not in flight."};
    case Refusal::kForeignReceipt:
      return {kReceiptHandleIsInvalid,
              "The input receipt handle is not a valid receipt handle of this queue."};
    case Refusal::kLeaseTooLong:
      return {kInvalidParameterValue,
              "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."};
    case Refusal::kOverLimit:
      return {kOverLimit, "Too many messages are in flight: delete some before receiving more."};
    case Refusal::kLeaseGone:
      return {kReceiptHandleIsInvalid, "The lease of this receipt is no longer held."};
    case Refusal::kNoSession:
      return {kSessionEnded, "There is no such session: open a new one."};
    case Refusal::kNoArtifact:
      return {kInvalidParameterValue, "An output names an artifact that was not staged."};
    case Refusal::kBadContents:
      return {kInvalidMessageContents, "An output has characters outside the allowed set."};
  }
  return {kInternalFailure, "An unknown refusal."};
}

std::string_view outcome_name(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSuchQueue:
      return "NoSuchQueue";
    case Refusal::kQueueExists:
      return "QueueExists";
    case Refusal::kTooLarge:
      return "TooLarge";
    case Refusal::kNotInFlight:
      return "NotInFlight";
    case Refusal::kForeignReceipt:
      return "ForeignReceipt";
    case Refusal::kLeaseTooLong:
      return "LeaseTooLong";
    case Refusal::kOverLimit:
      return "OverLimit";
    case Refusal::kLeaseGone:
      return "LeaseGone";
    case Refusal::kNoSession:
      return "NoSession";
    case Refusal::kNoArtifact:
      return "NoArtifact";
    case Refusal::kBadContents:
      return "BadContents";
  }
  return "Unknown";
}

}  // namespace selvage::sqs
