// SPDX-License-Identifier: Apache-2.0
#include "sqs/actions.h"

namespace selvage::sqs {
namespace {

struct Named {
  std::string_view target;
  Action action;
};
constexpr Named kActions[] = {
    {"AmazonSQS.SendMessage", send_message},
    {"AmazonSQS.ReceiveMessage", receive_message},
    {"AmazonSQS.DeleteMessage", delete_message},
    {"AmazonSQS.SendMessageBatch", send_message_batch},
    {"AmazonSQS.DeleteMessageBatch", delete_message_batch},
    {"AmazonSQS.ChangeMessageVisibility", change_message_visibility},
    {"AmazonSQS.ChangeMessageVisibilityBatch", change_message_visibility_batch},
    {"AmazonSQS.CreateQueue", create_queue},
    {"AmazonSQS.DeleteQueue", delete_queue},
    {"AmazonSQS.GetQueueUrl", get_queue_url},
    {"AmazonSQS.ListQueues", list_queues},
    {"AmazonSQS.GetQueueAttributes", get_queue_attributes},
    {"AmazonSQS.SetQueueAttributes", set_queue_attributes},
    {"Selvage.OpenSession", open_session},
    {"Selvage.CloseSession", close_session},
    {"Selvage.Receive", receive},
    {"Selvage.HandOver", hand_over},
    {"Selvage.Return", return_messages},
    {"Selvage.Fail", fail_messages},
    {"Selvage.SetRetryPolicy", set_retry_policy},
    {"Selvage.Statistics", statistics},
};

}  // namespace

Action find_action(std::string_view target) {
  for (const Named& named : kActions)
    if (named.target == target) return named.action;
  return nullptr;
}

}  // namespace selvage::sqs
