// SPDX-License-Identifier: Apache-2.0
// AddPermission and RemovePermission: edits of the queue's policy.
#include <algorithm>
#include <array>
#include <functional>

#include "auth/arn.h"
#include "sqs/actions.h"
#include "sqs/policy_document.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxLabel = 80;
constexpr std::array<std::string_view, 9> kGrantable = {"*",
                                                        "SendMessage",
                                                        "ReceiveMessage",
                                                        "DeleteMessage",
                                                        "PurgeQueue",
                                                        "ChangeMessageVisibility",
                                                        "GetQueueAttributes",
                                                        "GetQueueUrl",
                                                        "ListDeadLetterSourceQueues"};

bool is_label(std::string_view text) {
  return text.size() <= kMaxLabel && std::ranges::all_of(text, is_name_character);
}

OrError<void> check_label(const std::string& label) {
  if (label.empty()) return missing_parameter("Label");
  if (!is_label(label))
    return invalid_value(label, "Label",
                         "Can only include alphanumeric characters, hyphens, or underscores. 1 to "
                         "80 in length.");
  return {};
}

OrError<void> check(const Permission& permission) {
  if (auto valid = check_label(permission.label); !valid) return valid;
  if (permission.accounts.empty()) return missing_parameter("AWSAccountIds");
  if (permission.actions.empty()) return missing_parameter("Actions");
  for (const std::string& account : permission.accounts)
    if (!auth::is_account(account))
      return invalid_value("[" + account + "]", "PrincipalId", "Unable to verify.");
  for (const std::string& action : permission.actions) {
    if (std::ranges::find(kGrantable, action) != kGrantable.end()) continue;
    const NamedAction* const known = find_by_name(action);
    const bool is_owners = known != nullptr && !action.ends_with("Batch");
    return invalid_value("SQS:" + action, "ActionName",
                         is_owners ? "Only the queue owner is allowed to invoke this action."
                                   : "Please refer to the appropriate WSDL for a list of valid "
                                     "actions.");
  }
  return {};
}

using Edit = std::function<OrError<std::string>(const std::string& policy)>;

// Reads, edits, and writes if nobody else has written meanwhile; else begins again.
void edit_policy(const CallPtr& call, const std::string& queue, const Edit& edit) {
  call->submit<queue::QueueInfo>(
      queue::GetQueue{queue}, [queue, edit](Call& c, const queue::QueueInfo& info) {
        const std::string& policy = info.config.policy;
        auto edited = edit(policy);
        if (!edited) return c.refuse(edited.error());
        queue::SetQueue command{.queue = queue, .patch = {}, .if_policy = policy};
        command.patch.policy = *std::move(edited);
        c.submit_for_any(std::move(command), [queue, edit](Call& again, const queue::Reply& reply) {
          const auto* const refusal = std::get_if<queue::Refusal>(&reply);
          if (refusal == nullptr) return again.answer();
          if (*refusal == queue::Refusal::kChanged)
            return edit_policy(again.shared_from_this(), queue, edit);
          again.refuse(describe(*refusal));
        });
      });
}

}  // namespace

void add_permission(const CallPtr& call) {
  std::string url;
  Permission permission;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    if (name == "Label") return take(v, permission.label);
    if (name == "AWSAccountIds") return take(v, permission.accounts);
    return name != "Actions" || take(v, permission.actions);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto valid = check(permission);
  SELVAGE_ANSWER_ERROR(call, valid);
  edit_policy(call, *queue, [permission, arn = call->identity().arn(*queue)](const auto& policy) {
    return with_permission(policy, permission, arn);
  });
}

void remove_permission(const CallPtr& call) {
  std::string url;
  std::string label;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "Label" || take(v, label);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto valid = check_label(label);
  SELVAGE_ANSWER_ERROR(call, valid);
  edit_policy(call, *queue,
              [label](const auto& policy) { return without_permission(policy, label); });
}

}  // namespace selvage::sqs
