// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be asked of the engine, and what it answers. Refusals are part of the domain: they come
// back as values and leave everything untouched.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "queue/config.h"
#include "queue/message.h"

namespace selvage::queue {

enum class Refusal {
  kNoSuchQueue,
  kQueueExists,     // with another value of a given attribute
  kTooLarge,        // more bytes than the target queue takes
  kNotInFlight,     // the receipt's lease is not held any more
  kForeignReceipt,  // the receipt belongs to another queue
  kLeaseTooLong,    // a lease lasts 12 hours at most, counted from the receive
  kOverLimit,       // too many messages in flight
  kLeaseGone,       // revoked, run out or already settled: the caller's work no longer counts
  kNoSession,       // unknown or ended
  kNoArtifact,      // an output names an artifact that is not there
  kBadContents,     // an output has characters that no message may have
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

struct NewMessage {
  Payload payload;
  uint32_t size = 0;              // see Message::size
  std::optional<Duration> delay;  // absent: the queue's
  ArtifactId artifact;
};

// ---- queues
struct CreateQueue {
  std::string name;
  ConfigPatch given;
};
struct DeleteQueue {
  std::string queue;
};
struct ListQueues {
  std::string prefix;
  std::string after;  // only names beyond this one
  size_t max = 1000;
};
struct GetQueue {
  std::string queue;
};
struct SetQueue {
  std::string queue;
  ConfigPatch patch;
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
};
struct Delivery {
  Receipt receipt;
  Message message;
  Payload payload;                    // filled in by whoever has the bytes
  std::vector<std::string> evidence;  // likewise; one per failed attempt, oldest first
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

using Command =
    std::variant<CreateQueue, DeleteQueue, ListQueues, GetQueue, SetQueue, Send, Receive, Delete,
                 ChangeVisibility, OpenSession, CloseSession, HandOver, Return, Fail>;

// ---- answers; one result per item where the command has items, in their order
struct Done {};
using ItemResults = std::vector<OrRefusal<Done>>;
struct Opened {
  SessionId session;
  uint64_t generation = 0;  // rises with each resume
};
using Reply = std::variant<Refusal,                       // of the whole command
                           Done,                          // DeleteQueue, SetQueue, CloseSession
                           QueueInfo,                     // CreateQueue, GetQueue
                           std::vector<QueueInfo>,        // ListQueues, by name
                           std::vector<OrRefusal<Sent>>,  // Send
                           std::vector<Delivery>,         // Receive
                           ItemResults,  // Delete, ChangeVisibility, HandOver, Return
                           std::vector<OrRefusal<Failed>>,  // Fail
                           Opened>;                         // OpenSession

}  // namespace selvage::queue
