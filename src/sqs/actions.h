// SPDX-License-Identifier: Apache-2.0
#pragma once
// One function per action, each in the file of its name. `call` holds the request; the action
// answers it once, now or when the engine has decided.

#include <span>
#include <string_view>

#include "sqs/call.h"

namespace selvage::sqs {

// ---- Amazon's
void create_queue(const CallPtr& call);
void delete_queue(const CallPtr& call);
void get_queue_url(const CallPtr& call);
void list_queues(const CallPtr& call);
void get_queue_attributes(const CallPtr& call);
void set_queue_attributes(const CallPtr& call);
void purge_queue(const CallPtr& call);
void tag_queue(const CallPtr& call);
void untag_queue(const CallPtr& call);
void list_queue_tags(const CallPtr& call);
void add_permission(const CallPtr& call);
void remove_permission(const CallPtr& call);
void list_dead_letter_source_queues(const CallPtr& call);
void start_message_move_task(const CallPtr& call);
void list_message_move_tasks(const CallPtr& call);
void cancel_message_move_task(const CallPtr& call);
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
void send(const CallPtr& call);
void receive(const CallPtr& call);
void peek(const CallPtr& call);
void cancel(const CallPtr& call);
void reschedule(const CallPtr& call);
void edit(const CallPtr& call);
void hand_over(const CallPtr& call);
void return_messages(const CallPtr& call);
void fail_messages(const CallPtr& call);
void set_gate(const CallPtr& call);
void set_retry_policy(const CallPtr& call);
void statistics(const CallPtr& call);
void backup(const CallPtr& call);

// ---- finding them
enum class About : uint8_t {
  kQueue,    // it asks itself whether its caller may do it to the queue that it is about
  kNoQueue,  // what it is about is all queues: its caller is asked for before it runs
};
struct NamedAction {
  // Amazon's: "SendMessage". Ours: "Selvage.Peek"; these are JSON only.
  std::string_view name;
  Action run;
  About about = About::kQueue;
  std::string_view granted = {};  // the action that grants and policies know it by; empty: its name
};

// nullptr when there is none. `target`: the value of X-Amz-Target, as "AmazonSQS.SendMessage".
const NamedAction* find_by_target(std::string_view target);
const NamedAction* find_by_name(std::string_view name);  // Query's
std::span<const NamedAction> all_actions();

}  // namespace selvage::sqs
