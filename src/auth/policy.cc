// SPDX-License-Identifier: Apache-2.0
#include "auth/policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "auth/arn.h"
#include "auth/timestamp.h"

namespace selvage::auth {
namespace {

// "Cross-account permissions don't apply to the following actions" (SQS developer guide), and those
// that are about all queues.
constexpr std::array<std::string_view, 12> kOwnersOnly = {
    "AddPermission",        "CancelMessageMoveTask", "CreateQueue", "DeleteQueue",
    "ListMessageMoveTasks", "ListQueueTags",         "ListQueues",  "RemovePermission",
    "SetQueueAttributes",   "StartMessageMoveTask",  "TagQueue",    "UntagQueue"};

bool is_owners_only(const Access& access) {
  return access.queue.empty() ||
         std::ranges::any_of(kOwnersOnly, [&access](std::string_view action) {
           return same_ignoring_case(action, access.action);
         });
}

bool is_principal(std::string_view principal, const Caller& caller) {
  if (principal == "*") return true;
  if (caller.anonymous || caller.account.empty()) return false;
  return principal == caller.account || principal == root_arn(caller.account) ||
         principal == user_arn(caller.account, caller.user);
}

// Whether the element fits, given how one of its values does. Without values it says nothing.
template <typename FitsOne>
Truth element_fits(const Element& element, FitsOne&& fits_one) {
  if (element.values.empty()) return Truth::kUnknown;
  bool found = false;
  for (const std::string& value : element.values) {
    if (has_policy_variable(value)) return Truth::kUnknown;
    found = found || fits_one(value);
  }
  return found != element.negated ? Truth::kTrue : Truth::kFalse;
}

bool applies(const Statement& statement, const Request& request, const Context& context) {
  std::vector<Truth> truths = {
      element_fits(statement.principals,
                   [&](const std::string& one) { return is_principal(one, request.caller); }),
      element_fits(
          statement.actions,
          [&](const std::string& one) { return fits(one, request.action, Case::kIgnored); }),
      element_fits(statement.resources,
                   [&](const std::string& one) { return fits_arn(one, request.resource); })};
  for (const Condition& condition : statement.conditions)
    truths.push_back(holds(condition, context));
  const bool doubt_counts = statement.effect == Effect::kDeny;
  return std::ranges::all_of(truths, [doubt_counts](Truth one) {
    return one == Truth::kTrue || (one == Truth::kUnknown && doubt_counts);
  });
}

// What the caller is goes before what the context claims.
Context with_caller(const Request& request) {
  Context context = request.context;
  for (const std::string_view key :
       {"aws:PrincipalArn", "aws:PrincipalAccount", "aws:username", "aws:PrincipalType"})
    if (const auto found = context.find(key); found != context.end()) context.erase(found);
  const Caller& caller = request.caller;
  context["aws:PrincipalType"] = {caller.anonymous ? "Anonymous" : "User"};
  if (caller.anonymous) return context;
  context["aws:PrincipalArn"] = {user_arn(caller.account, caller.user)};
  context["aws:PrincipalAccount"] = {caller.account};
  context["aws:username"] = {caller.user};
  return context;
}

Caller caller_of(const Key* key, const std::string& own_account) {
  if (key == nullptr) return {"", "", true};
  return {key->account.empty() ? own_account : key->account, key->user(), false};
}

}  // namespace

Decision evaluate(const Policy& policy, const Request& request) {
  const Context context = with_caller(request);
  Decision decision = Decision::kNone;
  for (const Statement& statement : policy.statements) {
    if (!applies(statement, request, context)) continue;
    if (statement.effect == Effect::kDeny) return Decision::kDeny;
    decision = Decision::kAllow;
  }
  return decision;
}

Context context_of(const Circumstances& circumstances) {
  Context context;
  context["aws:CurrentTime"] = {to_iso_time(circumstances.now)};
  context["aws:EpochTime"] = {std::to_string(to_millis(circumstances.now) / 1000)};
  context["aws:SecureTransport"] = {circumstances.tls ? "true" : "false"};
  if (!circumstances.source_ip.empty()) context["aws:SourceIp"] = {circumstances.source_ip};
  if (!circumstances.user_agent.empty()) context["aws:UserAgent"] = {circumstances.user_agent};
  return context;
}

std::string policy_action(std::string_view action) {
  constexpr std::string_view kOurs = "Selvage.";
  if (action.starts_with(kOurs)) return fmt::format("selvage:{}", action.substr(kOurs.size()));
  return fmt::format("sqs:{}", action);
}

bool may(const Key* caller, const Access& access, const Policy* policy) {
  const Caller who = caller_of(caller, access.account);
  const Decision decision =
      policy == nullptr
          ? Decision::kNone
          : evaluate(*policy, {who, policy_action(access.action), access.arn, access.context});
  if (decision == Decision::kDeny) return false;
  const bool granted = caller != nullptr && grants(*caller, access.action, access.queue);
  const bool allowed = decision == Decision::kAllow;
  if (!who.anonymous && who.account == access.account) return granted || allowed;
  if (is_owners_only(access)) return false;
  return allowed && (who.anonymous || granted);
}

}  // namespace selvage::auth
