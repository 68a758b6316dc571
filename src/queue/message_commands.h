// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can be asked about messages. See command.h.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "queue/message.h"
#include "queue/refusal.h"

namespace selvage::queue {

struct NewMessage {
  Payload payload;
  uint32_t size = 0;              // see Message::size
  std::optional<Duration> delay;  // absent: the queue's
  ArtifactId artifact;
  std::string group = {};             // absent: empty
  std::string deduplication_id = {};  // absent: empty, then
  std::string content_digest = {};    // what content-based deduplication goes by
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
struct PeekPlace {  // among the messages of a queue by when they came, or when their delay ends
  Instant time{};
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
  std::vector<Delivery> messages;  // in that order; their receipts have no token
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

struct Edit {  // one that waits, delayed ones included: another payload, everything else as it was
  std::string queue;
  MessageId id;
  Payload payload;
  uint32_t size = 0;  // see Message::size
};

// ---- sessions and what is done in them
struct OpenSession {
  SessionId resume;  // none: a new one
  std::vector<Receipt>
      holding;              // on resume: the leases the consumer knows of; others are returned,
                            // because the answer that carried them was lost on the way
  bool holds_all = false;   // it cannot know: it keeps every lease, whatever `holding` says
  bool may_be_new = false;  // on resume: not known means that it held nothing, it goes on
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
    bool died = false;    // the worker did not survive it
  };
  std::vector<Item> items;
};
struct Failed {
  bool dead = false;  // moved to the dead letters
  Duration delay{0};  // else: until the redo
};

}  // namespace selvage::queue
