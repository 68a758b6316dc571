// SPDX-License-Identifier: Apache-2.0
#pragma once
// A message as the engine knows it: everything but its bytes.

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace selvage::queue {

// The bytes of a message, opaque here: they pass through the engine to the store unread.
using Payload = std::string;

// The life of a message within one queue:
//
//   send ──▶ delayed ──▶ visible ──▶ leased ──▶ deleted / handed over
//                 ▲         ▲          │
//                 │         ├──────────┤ lease runs out; revoked or failed the first time; returned
//                 └─────────┼──────────┤ failed again: back-off
//                           │          ▼
//                           └── (kept, if there is no dead-letter queue) ◀── failed for good ──▶
//                           dead
//
// All of these differ only in `vest`, the time from which the message may be received.
struct Message {
  MessageId id;
  Instant sent;
  Instant vest;               // receivable from then on; the end of the lease while it is leased
  Instant first_received{};   // the epoch itself: never yet
  Instant leased_at{};        // of the lease `token` names
  Instant freed{};            // when a holder last lost it by death or failure
  uint32_t size = 0;          // bytes that count against the queue's limit
  uint32_t taken = 0;         // deliveries that were started or may have been
  uint32_t taken_before = 0;  // the same in queues that it was moved from
  uint32_t failed = 0;        // attempts that failed
  uint32_t deaths = 0;        // of these, the ones whose worker died
  LeaseToken token;           // of the latest lease; none: never leased, or that lease was revoked
  SessionId session;          // the lease ends with this session; none: with time alone
  bool leased = false;        // `vest` is the end of a lease that is still held
  bool has_evidence = false;
  ArtifactId artifact;      // a directory of files that travels with it; none if nil
  std::string source;       // dead letters: the queue it came from, by name
  Instant retained_from{};  // retention counts from here: when it was sent, or, for a delay longer
                            // than Amazon's longest, when that ends
  std::string group;        // FIFO: kept in order, one holder; standard: whose turn it is
  std::string deduplication_id;  // FIFO
  bool operator==(const Message&) const = default;

  // No receipt from before means anything any more.
  void revoke() {
    token = {};
    session = {};
    leased = false;
  }
};

// The token of a message's next lease. Until one is revoked, the tokens of a message's leases share
// 40 random bits and are counted in the others: an older one is known as such, a made-up one is
// not.
LeaseToken next_token(LeaseToken former, uint64_t random);
// Whether `older` was given for the same message before `token`, or is it, and none was revoked
// since.
bool precedes(LeaseToken older, LeaseToken token);

// What a consumer shows to prove which lease it means.
struct Receipt {
  QueueId queue;
  Seq seq;
  LeaseToken token;
  bool operator==(const Receipt&) const = default;
};

// Exact since the queue was created; they commit with what they count.
struct Totals {
  uint64_t sent = 0;      // by clients, hand-overs and dead-lettering into this queue
  uint64_t received = 0;  // leases given
  uint64_t deleted = 0;
  uint64_t handed_over = 0;
  uint64_t returned = 0;  // given back without burning an attempt
  uint64_t failed = 0;    // attempts that failed, revoked ones included
  uint64_t revoked = 0;   // leases taken from a session that ended
  uint64_t dead_lettered = 0;
  uint64_t expired = 0;  // past their retention
  uint64_t moved = 0;    // to other queues, by move tasks and rescheduling
  // Receives answered without a message. Kept with the queue's next change only: an idle poll must
  // not cost a write.
  uint64_t empty_receives = 0;
  bool operator==(const Totals&) const = default;
};

}  // namespace selvage::queue
