// SPDX-License-Identifier: Apache-2.0
#pragma once
// One condition of a policy statement: an operator, the key that it asks about, and the values of
// the policy. Start with policy.h.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/text.h"

namespace selvage::auth {

// {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}
struct Condition {
  std::string op;  // as written, with "ForAnyValue:" before or "IfExists" behind
  std::string key;
  std::vector<std::string> values;
};

// What is known of a request: condition key (any case) to values. A key that is not in here is
// absent.
using Context = std::map<std::string, std::vector<std::string>, LessIgnoringCase>;

// kUnknown: the condition cannot be understood (operator, value), so a Deny must take it for true
// and an Allow for false.
enum class Truth { kFalse, kTrue, kUnknown };

// Known are String*, Numeric*, Date*, Bool, IpAddress, NotIpAddress, Arn* and Null; all but Null
// also with IfExists, ForAnyValue: and ForAllValues:. Names are exact.
bool is_known_operator(std::string_view op);

// Whether `text` has a policy variable: ${aws:username}. Those are not evaluated here; a condition
// or resource that has one is not understood.
bool has_policy_variable(std::string_view text);

// One value of the policy must fit (for a Not operator: none may). An absent key fails, but for a
// Not operator, IfExists and ForAllValues, which it satisfies. Of several values in the request one
// is enough; for a Not operator and ForAllValues each must do.
Truth holds(const Condition& condition, const Context& context);

}  // namespace selvage::auth
