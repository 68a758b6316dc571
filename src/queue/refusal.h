// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every no of the engine. It is part of the domain: it comes back as a value and leaves everything
// untouched.

#include <expected>

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
  kNotForStandard,     // a deduplication id, a FIFO setting
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
  kSameQueue,      // a move task's source and destination
  kNoDestination,  // a move task's destination does not exist
  // Not the engine's, but whoever keeps what it decided:
  kNoSpace,      // the disk is almost full: nothing new is taken
  kUnavailable,  // the store has failed and is being opened anew; whether it was done is not known
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

}  // namespace selvage::queue
