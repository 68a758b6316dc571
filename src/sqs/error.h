// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amazon's errors and ours, with what each protocol calls them (SQS-CONTRACT, 1.6), and the
// sentences that several actions share.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "queue/command.h"

namespace selvage::sqs {

enum class Origin : uint8_t {
  kService,    // in the service's model: com.amazonaws.sqs#
  kFramework,  // from what the service is built on: com.amazon.coral.service#
};

struct ErrorKind {
  std::string_view type;   // __type of AWS JSON
  std::string_view query;  // the code old clients know
  int status;
  Origin origin = Origin::kService;
  std::string_view space() const {
    return origin == Origin::kService ? "com.amazonaws.sqs" : "com.amazon.coral.service";
  }
  // Whose fault it is, in the words of the protocols.
  std::string_view fault() const { return status < 500 ? "Sender" : "Receiver"; }
  bool operator==(const ErrorKind&) const = default;
};

constexpr ErrorKind same_name(std::string_view name, int status) {
  return {name, name, status};
}
constexpr ErrorKind framework(std::string_view type, std::string_view query, int status) {
  return {type, query, status, Origin::kFramework};
}

// ---- the service's
inline constexpr ErrorKind kBatchEntryIdsNotDistinct{
    "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", 400};
inline constexpr ErrorKind kBatchRequestTooLong{"BatchRequestTooLong",
                                                "AWS.SimpleQueueService.BatchRequestTooLong", 400};
inline constexpr ErrorKind kEmptyBatchRequest{"EmptyBatchRequest",
                                              "AWS.SimpleQueueService.EmptyBatchRequest", 400};
inline constexpr ErrorKind kInvalidAddress = same_name("InvalidAddress", 404);
inline constexpr ErrorKind kInvalidAttributeName = same_name("InvalidAttributeName", 400);
inline constexpr ErrorKind kInvalidAttributeValue = same_name("InvalidAttributeValue", 400);
inline constexpr ErrorKind kInvalidBatchEntryId{"InvalidBatchEntryId",
                                                "AWS.SimpleQueueService.InvalidBatchEntryId", 400};
inline constexpr ErrorKind kInvalidIdFormat = same_name("InvalidIdFormat", 400);
inline constexpr ErrorKind kInvalidMessageContents = same_name("InvalidMessageContents", 400);
inline constexpr ErrorKind kInvalidSecurity = same_name("InvalidSecurity", 403);
inline constexpr ErrorKind kKmsAccessDenied{"KmsAccessDenied", "KMS.AccessDeniedException", 400};
inline constexpr ErrorKind kKmsDisabled{"KmsDisabled", "KMS.DisabledException", 400};
inline constexpr ErrorKind kKmsInvalidKeyUsage{"KmsInvalidKeyUsage", "KMS.InvalidKeyUsageException",
                                               400};
inline constexpr ErrorKind kKmsInvalidState{"KmsInvalidState", "KMS.InvalidStateException", 400};
inline constexpr ErrorKind kKmsNotFound{"KmsNotFound", "KMS.NotFoundException", 400};
inline constexpr ErrorKind kKmsOptInRequired{"KmsOptInRequired", "KMS.OptInRequired", 403};
inline constexpr ErrorKind kKmsThrottled{"KmsThrottled", "KMS.ThrottlingException", 400};
inline constexpr ErrorKind kMessageNotInflight{"MessageNotInflight",
                                               "AWS.SimpleQueueService.MessageNotInflight", 400};
inline constexpr ErrorKind kOverLimit = same_name("OverLimit", 403);
inline constexpr ErrorKind kPurgeQueueInProgress{
    "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress", 403};
inline constexpr ErrorKind kQueueDeletedRecently{
    "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400};
inline constexpr ErrorKind kQueueDoesNotExist{"QueueDoesNotExist",
                                              "AWS.SimpleQueueService.NonExistentQueue", 400};
inline constexpr ErrorKind kQueueNameExists{"QueueNameExists", "QueueAlreadyExists", 400};
inline constexpr ErrorKind kReceiptHandleIsInvalid = same_name("ReceiptHandleIsInvalid", 404);
inline constexpr ErrorKind kRequestThrottled = same_name("RequestThrottled", 403);
inline constexpr ErrorKind kResourceNotFoundException = same_name("ResourceNotFoundException", 404);
inline constexpr ErrorKind kTooManyEntriesInBatchRequest{
    "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", 400};
inline constexpr ErrorKind kUnsupportedOperation{
    "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", 400};

// ---- its framework's, in no model, but clients see them
inline constexpr ErrorKind kEmptyValue = framework("EmptyValue", "EmptyValue", 400);
inline constexpr ErrorKind kInternalFailure = framework("InternalFailure", "InternalError", 500);
inline constexpr ErrorKind kInvalidParameterValue =
    framework("InvalidParameterValueException", "InvalidParameterValue", 400);
inline constexpr ErrorKind kMissingAction =
    framework("MissingActionException", "MissingAction", 400);
inline constexpr ErrorKind kMissingParameter =
    framework("MissingRequiredParameterException", "MissingParameter", 400);
inline constexpr ErrorKind kNoSuchVersion =
    framework("NoSuchVersionException", "NoSuchVersion", 400);
inline constexpr ErrorKind kSerialization =
    framework("SerializationException", "MalformedInput", 400);
// Every SDK tries again, with back-off, what has the status 503.
inline constexpr ErrorKind kServiceUnavailable =
    framework("ServiceUnavailableException", "ServiceUnavailable", 503);
inline constexpr ErrorKind kUnknownOperation =
    framework("UnknownOperationException", "InvalidAction", 400);
// Who may call.
inline constexpr ErrorKind kAccessDenied = framework("AccessDeniedException", "AccessDenied", 403);
inline constexpr ErrorKind kExpiredToken = framework("ExpiredTokenException", "ExpiredToken", 403);
inline constexpr ErrorKind kIncompleteSignature =
    framework("IncompleteSignatureException", "IncompleteSignature", 400);
inline constexpr ErrorKind kInvalidClientTokenId =
    framework("UnrecognizedClientException", "InvalidClientTokenId", 403);
inline constexpr ErrorKind kMissingAuthenticationToken =
    framework("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403);
inline constexpr ErrorKind kSignatureDoesNotMatch =
    framework("InvalidSignatureException", "SignatureDoesNotMatch", 403);

// ---- ours, for our actions
inline constexpr ErrorKind kSessionEnded{"SessionEnded", "Selvage.SessionEnded", 409};

struct ApiError {
  ErrorKind kind;
  std::string message;
  // The sentence in Query's answers.
  std::string_view query_message() const;
};

template <typename T>
using OrError = std::expected<T, ApiError>;

inline std::unexpected<ApiError> refuse(const ErrorKind& kind, std::string message) {
  return std::unexpected(ApiError{kind, std::move(message)});
}
std::unexpected<ApiError> missing_parameter(std::string_view name);
// InvalidParameterValue: "Value V for parameter P is invalid. Reason: R".
std::unexpected<ApiError> invalid_value(std::string_view value, std::string_view parameter,
                                        std::string_view reason);

// What the engine's refusals are called on the wire.
ApiError describe(queue::Refusal refusal);
// The name under which a result of one of our own actions reports a refusal ("LeaseGone").
std::string_view outcome_name(queue::Refusal refusal);

}  // namespace selvage::sqs
