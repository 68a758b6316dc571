// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be asked of the engine, and what it answers: all of it in one variant each way.

#include <variant>
#include <vector>

#include "queue/message_commands.h"
#include "queue/queue_commands.h"
#include "queue/refusal.h"

namespace selvage::queue {

using Command =
    std::variant<CreateQueue, DeleteQueue, ListQueues, GetQueue, SetQueue, PurgeQueue, EditTags,
                 Send, Receive, Delete, ChangeVisibility, Peek, Cancel, Reschedule, Edit, StartMove,
                 CancelMove, ListMoves, OpenSession, CloseSession, HandOver, Return, Fail>;

// ---- answers; one result per item where the command has items, in their order
struct Done {};
using ItemResults = std::vector<OrRefusal<Done>>;
struct Opened {
  SessionId session;
  uint64_t generation = 0;  // rises with each resume
};
using Reply = std::variant<Refusal,                       // of the whole command
                           Done,                          // DeleteQueue, SetQueue, PurgeQueue,
                                                          // EditTags, CloseSession, Edit
                           QueueInfo,                     // CreateQueue, GetQueue
                           QueueConflict,                 // CreateQueue
                           std::vector<QueueInfo>,        // ListQueues, by name
                           std::vector<OrRefusal<Sent>>,  // Send
                           std::vector<Delivery>,         // Receive
                           ItemResults,  // Delete, ChangeVisibility, Cancel, Reschedule, HandOver,
                                         // Return
                           Peeked,       // Peek
                           MoveTask,     // StartMove, CancelMove
                           std::vector<MoveTask>,           // ListMoves, latest first
                           std::vector<OrRefusal<Failed>>,  // Fail
                           Opened>;                         // OpenSession

}  // namespace selvage::queue
