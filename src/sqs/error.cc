// SPDX-License-Identifier: Apache-2.0
#include "sqs/error.h"

#include <fmt/format.h>

namespace selvage::sqs {

using queue::Refusal;

std::string_view ApiError::query_message() const {
  // The one sentence that changed when the service learnt JSON.
  if (kind == kQueueDoesNotExist)
    return "The specified queue does not exist for this wsdl version.";
  return message;
}

std::unexpected<ApiError> missing_parameter(std::string_view name) {
  return refuse(kMissingParameter, fmt::format("The request must contain the parameter {}.", name));
}

std::unexpected<ApiError> invalid_value(std::string_view value, std::string_view parameter,
                                        std::string_view reason) {
  return refuse(
      kInvalidParameterValue,
      fmt::format("Value {} for parameter {} is invalid. Reason: {}", value, parameter, reason));
}

namespace {

struct Wording {
  std::string_view outcome;  // in the results of our own actions
  ErrorKind kind;
  std::string_view sentence;  // where the action does not know a better one
};

// check-length: a table
Wording wording_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSuchQueue:
      return {"NoSuchQueue", kQueueDoesNotExist, "The specified queue does not exist."};
    case Refusal::kTooLarge:
      return {"TooLarge", kInvalidParameterValue,
              "One or more parameters are invalid. Reason: Message must be shorter than the "
              "queue's MaximumMessageSize."};
    case Refusal::kNotInFlight:
      return {"NotInFlight", kMessageNotInflight, "The message referred to is not in flight."};
    case Refusal::kForeignReceipt:
      return {"ForeignReceipt", kReceiptHandleIsInvalid, "The input receipt handle is invalid."};
    case Refusal::kLeaseTooLong:
      return {"LeaseTooLong", kInvalidParameterValue,
              "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."};
    case Refusal::kOverLimit:
      return {"OverLimit", kOverLimit,
              "Too many messages have been received without being deleted.\nPlease delete your "
              "received messages or let them timeout before receiving more."};
    case Refusal::kLeaseGone:
      return {"LeaseGone", kReceiptHandleIsInvalid, "The lease of this receipt is no longer held."};
    case Refusal::kNoSession:
      return {"NoSession", kSessionEnded, "There is no such session: open a new one."};
    case Refusal::kNoArtifact:
      return {"NoArtifact", kInvalidParameterValue,
              "An output names an artifact that was not staged."};
    case Refusal::kBadContents:
      return {"BadContents", kInvalidMessageContents,
              "An output has characters outside the allowed set."};
    case Refusal::kNoGroup:
      return {"NoGroup", kMissingParameter,
              "The request must contain the parameter MessageGroupId."};
    case Refusal::kNoDeduplicationId:
      return {"NoDeduplicationId", kInvalidParameterValue,
              "The queue should either have ContentBasedDeduplication enabled or "
              "MessageDeduplicationId provided explicitly"};
    case Refusal::kNotForFifo:
      return {"NotForFifo", kInvalidParameterValue,
              "The request include parameter that is not valid for this queue type"};
    case Refusal::kNotForStandard:
      return {"NotForStandard", kInvalidParameterValue,
              "The request include parameter that is not valid for this queue type"};
    case Refusal::kLeaseExpired:
      return {"LeaseExpired", kReceiptHandleIsInvalid, "The receipt handle has expired"};
    case Refusal::kNoMessage:
      return {"NoMessage", kInvalidParameterValue,
              "Message does not exist or is not available for visibility timeout change."};
    case Refusal::kHeld:
      return {"Held", kInvalidParameterValue, "A consumer holds the message."};
    case Refusal::kNoDeadLetterQueue:
      return {"NoDeadLetterQueue", kInvalidParameterValue, "Dead letter target does not exist."};
    case Refusal::kDeadLetterKind:
      return {"DeadLetterKind", kInvalidParameterValue,
              "Dead-letter queue must be same type of queue as the source."};
    case Refusal::kDeadLetterDenied:
      return {"DeadLetterDenied", kInvalidParameterValue,
              "Dead letter target does not allow this source queue (RedriveAllowPolicy)."};
    case Refusal::kThroughputNeedsGroups:
      return {"ThroughputNeedsGroups", kInvalidAttributeValue,
              "FifoThroughputLimit can be perMessageGroupId only where DeduplicationScope is "
              "messageGroup."};
    case Refusal::kQueueDeletedRecently:
      return {"QueueDeletedRecently", kQueueDeletedRecently,
              "You must wait 60 seconds after deleting a queue before you can create another with "
              "the same name."};
    case Refusal::kPurgedRecently:
      return {"PurgedRecently", kPurgeQueueInProgress,
              "Only one PurgeQueue operation is allowed every 60 seconds."};
    case Refusal::kThrottled:
      return {"Throttled", kRequestThrottled, "The rate of requests for this queue is too high."};
    case Refusal::kAttemptChanged:
      return {"AttemptChanged", kInvalidParameterValue,
              "The receiveRequestAttemptId is not valid anymore since the receive call is not "
              "retryable."};
    case Refusal::kChanged:
      return {"Changed", kInternalFailure, "Somebody else changed it at the same time."};
    case Refusal::kTooManyTags:
      return {"TooManyTags", kInvalidParameterValue, "A queue can have 50 tags at most."};
    case Refusal::kNotADeadLetterQueue:
      return {"NotADeadLetterQueue", kInvalidParameterValue,
              "Source queue must be configured as a Dead Letter Queue."};
    case Refusal::kMoveTaskRunning:
      return {"MoveTaskRunning", kInvalidParameterValue,
              "There is already a task running. Only one active task is allowed for a source queue "
              "arn at a given time."};
    case Refusal::kNoMoveTask:
      return {"NoMoveTask", kResourceNotFoundException, "Task does not exist."};
    case Refusal::kMoveTaskEnded:
      return {"MoveTaskEnded", kResourceNotFoundException, "Only active tasks can be cancelled."};
    case Refusal::kSameQueue:
      return {"SameQueue", kInvalidParameterValue,
              "Source queue arn and destination queue arn cannot be the same."};
    case Refusal::kNoDestination:
      return {"NoDestination", kResourceNotFoundException,
              "The resource that you specified for the DestinationArn parameter doesn't exist."};
    case Refusal::kNoSpace:
      return {
          "NoSpace", kServiceUnavailable,
          "The server's disk is almost full: it delivers and deletes messages, but takes no new "
          "ones. Receive and delete messages or free space on its disk, then try again."};
    case Refusal::kUnavailable:
      return {
          "Unavailable", kServiceUnavailable,
          "The server's disk has failed to write. It opens its data anew as soon as that works: "
          "try again after a while. Whether this request was carried out is not known."};
  }
  return {"Unknown", kInternalFailure, "An unknown refusal."};
}

}  // namespace

ApiError describe(Refusal refusal) {
  const Wording wording = wording_of(refusal);
  return {wording.kind, std::string(wording.sentence)};
}

std::string_view outcome_name(Refusal refusal) {
  return wording_of(refusal).outcome;
}

}  // namespace selvage::sqs
