// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be asked of the engine, and what it answers. Refusals are part of the domain: they come
// back as values and leave everything untouched.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "queue/config.h"
#include "queue/message.h"

namespace selvage::queue {

enum class Refusal {
  kNoSuchQueue,
  kTooLarge,           // more bytes than the target queue takes
  kNotInFlight,        // the receipt's lease is not held any more
  kForeignReceipt,     // the receipt belongs to another queue
  kLeaseTooLong,       // a lease lasts 12 hours at most, counted from the receive
  kOverLimit,          // too many messages in flight
  kLeaseGone,          // revoked, run out or already settled: the caller's work no longer counts
  kNoSession,          // unknown or ended
  kNoArtifact,         // an output names an artifact that is not there
  kBadContents,        // an output has characters that no message may have
  kNoGroup,            // FIFO queues need a group with every message
  kNoDeduplicationId,  // and something to know duplicates by
  kNotForFifo,         // a delay of its own
  kNotForStandard,     // a deduplication id, an attempt id, a FIFO setting
  kLeaseExpired,       // FIFO: the receipt's time is over, the message is not its any more
  kNoMessage,          // deleted, or never there
  kHeld,               // somebody has it in hand
  kNoDeadLetterQueue,  // the redrive policy's target does not exist
  kDeadLetterKind,     // it is FIFO and the queue is not, or the reverse
  kDeadLetterDenied,   // its redrive-allow policy does not name the queue
  kThroughputNeedsGroups,  // throughput per group only where duplicates are known per group
  kQueueDeletedRecently,   // Amazon's 60 seconds, where they are kept
  kPurgedRecently,         // likewise
  kThrottled,              // Amazon's 300 calls a second on a FIFO queue, likewise
  kAttemptChanged,         // a message of the attempt was settled or changed since
  kChanged,                // not what the caller had read any more: read it again
  kTooManyTags,
  kNotADeadLetterQueue,  // a move task's source that no queue names as its target
  kMoveTaskRunning,      // one at a time and source
  kNoMoveTask,
  kMoveTaskEnded,  // too late to cancel it
  kNoDestination,  // a move task's destination does not exist
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

struct NewMessage {
  Payload payload;
  uint32_t size = 0;              // see Message::size
  std::optional<Duration> delay;  // absent: the queue's
  ArtifactId artifact;
  std::string group = {};             // absent: empty
  std::string deduplication_id = {};  // absent: empty, then
  std::string content_digest = {};    // what content-based deduplication goes by
};

// ---- queues
using Tags = std::map<std::string, std::string>;
struct CreateQueue {
  std::string name;
  ConfigPatch given;
  Tags tags = {};
};
struct DeleteQueue {
  std::string queue;
};
struct ListQueues {
  std::string prefix;
  std::string after;  // only names beyond this one
  size_t max = 1000;
  std::string dead_letter_queue = {};  // only those whose redrive policy names it
};
struct GetQueue {
  std::string queue;
};
struct SetQueue {
  std::string queue;
  ConfigPatch patch;
  std::optional<std::string> if_policy = {};  // only if the policy is still this one
};
struct PurgeQueue {
  std::string queue;
};
struct EditTags {
  std::string queue;
  Tags put;
  std::vector<std::string> remove;
};

struct QueueInfo {
  std::string name;
  QueueConfig config;
  Instant created{};
  Instant modified{};
  uint64_t visible = 0;
  uint64_t in_flight = 0;
  uint64_t delayed = 0;
  Totals totals;
  Tags tags = {};
};
// CreateQueue met a queue of the name with another value of a given setting.
struct QueueConflict {
  QueueInfo existing;
};

// ---- messages
struct Send {
  std::string queue;
  std::vector<NewMessage> messages;
};
struct Sent {
  MessageId id;
  Seq seq;
};
struct Receive {
  std::string queue;
  uint32_t max = 1;
  std::optional<Duration> visibility;  // absent: the queue's
  std::optional<Duration> wait;        // absent: the queue's; the broker's waiters honour it
  SessionId session;                   // none: an ordinary lease
  std::string attempt = {};  // FIFO: the same within five minutes gives the same messages again
  std::vector<std::string> then_from = {};  // further queues, while fewer than `max` were found
  bool again = false;                       // one call's further try: it was counted when it came
};
enum class MessageState : uint8_t { kVisible, kInFlight, kDelayed };
struct Delivery {
  Receipt receipt;
  Message message;
  Payload payload;                    // filled in by whoever has the bytes
  std::vector<std::string> evidence;  // likewise; one per failed attempt, oldest first
  std::string queue = {};             // by name
  MessageState state = MessageState::kInFlight;
};
struct Delete {
  std::string queue;
  std::vector<Receipt> receipts;
};
struct ChangeVisibility {
  struct Item {
    Receipt receipt;
    Duration timeout{0};  // from now
  };
  std::string queue;
  std::vector<Item> items;
};

// ---- looking, and changing what nobody holds
struct PeekPlace {  // among the messages of a queue by age
  Instant retained_from{};
  Seq seq;
};
struct Peek {  // leases nothing and counts nothing
  std::string queue;
  std::optional<MessageState> state;  // absent: any
  std::optional<MessageId> id;        // only this one
  std::optional<PeekPlace> after;     // where the page before ended
  uint32_t max = 10;
};
struct Peeked {
  std::vector<Delivery> messages;  // oldest first; their receipts have no token
  std::optional<PeekPlace> next;   // there are more, from here
};
struct Cancel {  // messages that wait, delayed ones included
  std::string queue;
  std::vector<MessageId> ids;
};
struct Reschedule {  // messages that wait, delayed ones included
  struct Item {
    MessageId id;
    std::optional<Duration> delay;  // from now; absent: as it was
    std::string to;                 // another queue; empty: stays
  };
  std::string queue;
  std::vector<Item> items;
};

// ---- message move tasks: from a dead-letter queue back, or elsewhere, over time
struct MoveTask {
  enum class Status : uint8_t { kRunning, kCompleted, kCancelled, kFailed };
  MoveTaskId id;
  std::string source;
  std::string destination;      // empty: each message's own source
  uint32_t max_per_second = 0;  // 0: as fast as is kind to others
  Status status = Status::kRunning;
  uint64_t moved = 0;
  uint64_t to_move = 0;  // what was there at the start
  Instant started{};
  std::string failure;  // Amazon's code, when it failed
  bool operator==(const MoveTask&) const = default;
};
struct StartMove {
  std::string source;
  std::string destination;
  uint32_t max_per_second = 0;
};
struct CancelMove {
  MoveTaskId id;
  std::string source;  // of the task; another one is no task
};
struct ListMoves {
  std::string source;
  uint32_t max = 1;
};

// ---- sessions and what is done in them
struct OpenSession {
  SessionId resume;  // none: a new one
  std::vector<Receipt>
      holding;  // on resume: the leases the consumer knows of; others are returned,
                // because the answer that carried them was lost on the way
};
struct CloseSession {
  SessionId session;
  uint64_t generation = 0;  // as Opened said; an older one is refused: somebody has resumed since
  std::string evidence;     // kept with the message whose attempt ends by this
  bool orderly = false;     // the worker leaves by itself: every lease is returned, none is burnt
};
struct HandOver {
  struct Output {
    std::string queue;
    NewMessage message;
  };
  struct Item {
    Receipt receipt;
    std::vector<Output> outputs;
    std::optional<Refusal> refused = {};  // found by who can look at bytes and files: comes true
                                          // if the lease is still held
  };
  std::vector<Item> items;
};
struct Return {
  struct Item {
    Receipt receipt;
    Duration delay{0};  // zero: back to its old place at the head
  };
  std::vector<Item> items;
};
struct Fail {
  struct Item {
    Receipt receipt;
    Instant ended{};
    std::string evidence;
    bool poison = false;  // no further attempt
  };
  std::vector<Item> items;
};
struct Failed {
  bool dead = false;  // moved to the dead letters
  Duration delay{0};  // else: until the redo
};

// Policy documents by the queue that has them.
using Policies = std::map<std::string, std::string>;

using Command =
    std::variant<CreateQueue, DeleteQueue, ListQueues, GetQueue, SetQueue, PurgeQueue, EditTags,
                 Send, Receive, Delete, ChangeVisibility, Peek, Cancel, Reschedule, StartMove,
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
                                                          // EditTags, CloseSession
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
