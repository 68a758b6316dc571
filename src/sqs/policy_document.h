// SPDX-License-Identifier: Apache-2.0
#pragma once
// A queue's Policy attribute: from its JSON to what decides (auth/policy.h), and the two edits that
// AddPermission and RemovePermission make. What a person wrote stays as it was written.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/policy.h"
#include "sqs/error.h"

namespace selvage::sqs {

// Failure: InvalidAttributeValue, in the service's words. Limits: SQS-CONTRACT, 1.3.
OrError<auth::Policy> parse_policy(std::string_view text);

// What AddPermission is asked for.
struct Permission {
  std::string label;                  // the statement's Sid
  std::vector<std::string> accounts;  // whom it is for
  std::vector<std::string> actions;   // "SendMessage", "*"
};

// `policy` with one more statement; empty: a new document for the queue of this ARN.
// Failure: InvalidParameterValue when the label is taken, OverLimit when there are too many.
OrError<std::string> with_permission(const std::string& policy, const Permission& permission,
                                     const std::string& queue_arn);

// `policy` without the statement of this label; empty when it was the last one.
// Failure: InvalidParameterValue when there is none.
OrError<std::string> without_permission(const std::string& policy, const std::string& label);

}  // namespace selvage::sqs
