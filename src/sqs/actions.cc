// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"

#include <algorithm>
#include <iterator>

namespace selvage::sqs {
namespace {

// The most frequent ones first: they are found by looking from the beginning.
constexpr NamedAction kActions[] = {
    {"SendMessage", send_message},
    {"ReceiveMessage", receive_message},
    {"DeleteMessage", delete_message},
    {"SendMessageBatch", send_message_batch},
    {"DeleteMessageBatch", delete_message_batch},
    {"ChangeMessageVisibility", change_message_visibility},
    {"ChangeMessageVisibilityBatch", change_message_visibility_batch},
    {"CreateQueue", create_queue},
    {"DeleteQueue", delete_queue},
    {"GetQueueUrl", get_queue_url},
    {"ListQueues", list_queues, About::kNoQueue},
    {"GetQueueAttributes", get_queue_attributes},
    {"SetQueueAttributes", set_queue_attributes},
    {"PurgeQueue", purge_queue},
    {"TagQueue", tag_queue},
    {"UntagQueue", untag_queue},
    {"ListQueueTags", list_queue_tags},
    {"AddPermission", add_permission},
    {"RemovePermission", remove_permission},
    {"ListDeadLetterSourceQueues", list_dead_letter_source_queues},
    {"StartMessageMoveTask", start_message_move_task},
    {"ListMessageMoveTasks", list_message_move_tasks},
    {"CancelMessageMoveTask", cancel_message_move_task},
    {"Selvage.Send", send, About::kQueue, "SendMessage"},
    {"Selvage.Receive", receive, About::kQueue, "ReceiveMessage"},
    {"Selvage.Peek", peek, About::kQueue, "ReceiveMessage"},
    {"Selvage.Cancel", cancel, About::kQueue, "DeleteMessage"},
    {"Selvage.Reschedule", reschedule, About::kQueue, "ChangeMessageVisibility"},
    {"Selvage.Edit", edit, About::kQueue, "SendMessage"},
    {"Selvage.SetRetryPolicy", set_retry_policy, About::kQueue, "SetQueueAttributes"},
    {"Selvage.SetGate", set_gate, About::kQueue, "SetQueueAttributes"},
    {"Selvage.OpenSession", open_session, About::kNoQueue},
    {"Selvage.CloseSession", close_session, About::kNoQueue},
    {"Selvage.HandOver", hand_over, About::kNoQueue},
    {"Selvage.Return", return_messages, About::kNoQueue},
    {"Selvage.Fail", fail_messages, About::kNoQueue},
    {"Selvage.Statistics", statistics, About::kNoQueue},
    // Everything leaves with a copy: only who is granted "*" on "*" may have one made.
    {"Selvage.Backup", backup, About::kNoQueue, "*"},
};
constexpr std::string_view kOwn = "Selvage.";

const NamedAction* find(std::string_view name) {
  const auto at = std::ranges::find(kActions, name, &NamedAction::name);
  return at == std::end(kActions) ? nullptr : at;
}

}  // namespace

const NamedAction* find_by_target(std::string_view target) {
  constexpr std::string_view kAmazons = "AmazonSQS.";
  if (target.starts_with(kAmazons)) return find_by_name(target.substr(kAmazons.size()));
  return target.starts_with(kOwn) ? find(target) : nullptr;
}

const NamedAction* find_by_name(std::string_view name) {
  return name.starts_with(kOwn) ? nullptr : find(name);
}

std::span<const NamedAction> all_actions() {
  return kActions;
}

}  // namespace selvage::sqs
