// SPDX-License-Identifier: Apache-2.0
#pragma once
// One function per action, each in the file of its name. `call` holds the request; the action
// answers it once, now or when the engine has decided.

#include "sqs/call.h"

namespace selvage::sqs {

// ---- Amazon's, by AWS JSON 1.0
void create_queue(const CallPtr& call);
void delete_queue(const CallPtr& call);
void get_queue_url(const CallPtr& call);
void list_queues(const CallPtr& call);
void get_queue_attributes(const CallPtr& call);
void set_queue_attributes(const CallPtr& call);
void send_message(const CallPtr& call);
void send_message_batch(const CallPtr& call);
void receive_message(const CallPtr& call);
void delete_message(const CallPtr& call);
void delete_message_batch(const CallPtr& call);
void change_message_visibility(const CallPtr& call);
void change_message_visibility_batch(const CallPtr& call);

// ---- ours (docs/reference/protocol.md)
void open_session(const CallPtr& call);
void close_session(const CallPtr& call);
void receive(const CallPtr& call);
void hand_over(const CallPtr& call);
void return_messages(const CallPtr& call);
void fail_messages(const CallPtr& call);
void set_retry_policy(const CallPtr& call);
void statistics(const CallPtr& call);

// The action that X-Amz-Target names; nullptr when there is none.
Action find_action(std::string_view target);

}  // namespace selvage::sqs
