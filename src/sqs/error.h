// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amazon's errors and ours, with what each protocol calls them.

#include <expected>
#include <string>
#include <string_view>

#include "queue/command.h"

namespace selvage::sqs {

struct ErrorKind {
  std::string_view type;   // __type of AWS JSON
  std::string_view query;  // the code old clients know
  int status;
};

// The service's (SQS-CONTRACT, 1.6).
inline constexpr ErrorKind kQueueDoesNotExist{"QueueDoesNotExist",
                                              "AWS.SimpleQueueService.NonExistentQueue", 400};
inline constexpr ErrorKind kQueueNameExists{"QueueNameExists", "QueueAlreadyExists", 400};
inline constexpr ErrorKind kMessageNotInflight{"MessageNotInflight",
                                               "AWS.SimpleQueueService.MessageNotInflight", 400};
inline constexpr ErrorKind kReceiptHandleIsInvalid{"ReceiptHandleIsInvalid",
                                                   "ReceiptHandleIsInvalid", 404};
inline constexpr ErrorKind kBatchEntryIdsNotDistinct{
    "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400};
inline constexpr ErrorKind kBatchRequestTooLong{"BatchRequestTooLong",
                                                "AWS.SimpleQueueService.BatchRequestTooLong", 400};
inline constexpr ErrorKind kEmptyBatchRequest{"EmptyBatchRequest",
                                              "AWS.SimpleQueueService.EmptyBatchRequest", 400};
inline constexpr ErrorKind kInvalidBatchEntryId{"InvalidBatchEntryId",
                                                "AWS.SimpleQueueService.InvalidBatchEntryId", 400};
inline constexpr ErrorKind kTooManyEntriesInBatchRequest{
    "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400};
inline constexpr ErrorKind kUnsupportedOperation{
    "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400};
inline constexpr ErrorKind kInvalidAttributeName{"InvalidAttributeName", "InvalidAttributeName",
                                                 400};
inline constexpr ErrorKind kInvalidAttributeValue{"InvalidAttributeValue", "InvalidAttributeValue",
                                                  400};
inline constexpr ErrorKind kInvalidMessageContents{"InvalidMessageContents",
                                                   "InvalidMessageContents", 400};
inline constexpr ErrorKind kOverLimit{"OverLimit", "OverLimit", 403};
inline constexpr ErrorKind kInvalidParameterValue{"InvalidParameterValueException",
                                                  "InvalidParameterValue", 400};
inline constexpr ErrorKind kMissingParameter{"MissingRequiredParameterException",
                                             "MissingParameter", 400};
inline constexpr ErrorKind kSerialization{"SerializationException", "MalformedInput", 400};
inline constexpr ErrorKind kUnknownOperation{"UnknownOperationException", "InvalidAction", 400};
inline constexpr ErrorKind kInternalFailure{"InternalFailure", "InternalFailure", 500};
// Ours, for our actions.
inline constexpr ErrorKind kSessionEnded{"SessionEnded", "Selvage.SessionEnded", 409};

struct ApiError {
  ErrorKind kind;
  std::string message;
};

template <typename T>
using OrError = std::expected<T, ApiError>;

inline std::unexpected<ApiError> refuse(const ErrorKind& kind, std::string message) {
  return std::unexpected(ApiError{kind, std::move(message)});
}

// What the engine's refusals are called on the wire.
ApiError describe(queue::Refusal refusal);
// The name under which a result of one of our own actions reports a refusal ("LeaseGone").
std::string_view outcome_name(queue::Refusal refusal);

}  // namespace selvage::sqs
