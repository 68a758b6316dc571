// SPDX-License-Identifier: Apache-2.0
#pragma once
// The rare branches that a run over many seeds must reach: each is a line here, and a run of
// kSeedsForAllMarks seeds or more that missed one fails.

#include <array>
#include <cstddef>
#include <cstdint>

namespace selvage::sim {

#define SELVAGE_SIM_MARKS(X)                                           \
  X(kLostPrefix, "power loss kept a part of the unsynced log")         \
  X(kTornTail, "torn tail")                                            \
  X(kHole, "hole in the log")                                          \
  X(kFlippedTail, "flipped bit in the unsynced tail")                  \
  X(kKilled, "killed process, whole log kept")                         \
  X(kRotAtOpen, "flipped bit in a synced record found at open")        \
  X(kRotAtRead, "flipped bit in a synced record found at read")        \
  X(kBodyDamaged, "flipped bit in a synced body found at read")        \
  X(kDamageDead, "damaged bodies left over in the calm")               \
  X(kReadBack, "messages read back into memory")                       \
  X(kApplyFailed, "write failed")                                      \
  X(kSyncFailed, "sync failed")                                        \
  X(kDiskFull, "disk full")                                            \
  X(kTurnsDuringSync, "several turns during one sync")                 \
  X(kAnswersLost, "decided answers died with the broker")              \
  X(kStaleRefused, "stale owner refused")                              \
  X(kStaleAfterRead, "stale owner refused though it only read")        \
  X(kClockJump, "clock jump")                                          \
  X(kRequestLost, "request lost")                                      \
  X(kRequestTwice, "request arrived twice")                            \
  X(kRequestLate, "request arrived after its client had given up")     \
  X(kReplyLost, "reply lost")                                          \
  X(kResumed, "resumed after crash")                                   \
  X(kResumeRefused, "resumed too late")                                \
  X(kGraceOver, "session ended because nobody resumed it")             \
  X(kSurplusReturned, "resume returned a lease nobody knew of")        \
  X(kWorkerDied, "dead worker, lease revoked")                         \
  X(kWorkerHung, "hung worker")                                        \
  X(kLeaseRanOut, "lease of a session ran out")                        \
  X(kFenced, "hand-over refused, lease gone")                          \
  X(kHandOverDone, "hand-over to several queues")                      \
  X(kHandOverUnanswered, "unanswered hand-over that took place")       \
  X(kHandOverForgotten, "unanswered hand-over that left no trace")     \
  X(kPoison, "poison message to the dead letters")                     \
  X(kDeadByFailures, "dead letter after its last attempt")             \
  X(kDeadByReceives, "dead letter after too many receives")            \
  X(kDeadPath, "dead letter moved back and given again")               \
  X(kMoveResumed, "move task resumed after crash")                     \
  X(kMoveCancelled, "move task cancelled")                             \
  X(kFifoRetry, "FIFO retry held its group back")                      \
  X(kFifoBatch, "FIFO batch of one group")                             \
  X(kAttemptRepeated, "FIFO receive repeated by its attempt id")       \
  X(kDuplicate, "duplicate answered with the first")                   \
  X(kDuplicateAfterRestart, "duplicate recognised after a restart")    \
  X(kWindowOver, "same deduplication id taken again after its window") \
  X(kRetained, "message past its retention")                           \
  X(kPollServed, "long poll served by a message that came")            \
  X(kPollEmpty, "long poll over without a message")                    \
  X(kPollCancelled, "long poll cancelled")                             \
  X(kPollDismissed, "long poll ended with its queue")                  \
  X(kPurged, "queue with messages purged")                             \
  X(kCancelled, "message cancelled by an operator")                    \
  X(kMovedByHand, "message moved to another queue by an operator")

enum class Mark : uint8_t {
#define X(name, text) name,
  SELVAGE_SIM_MARKS(X)
#undef X
      kCount
};

// Fewer seeds may miss a rare branch by chance; so many have never missed one.
inline constexpr uint64_t kSeedsForAllMarks = 400;

class Marks {
 public:
  void hit(Mark mark) { ++hits_.at(static_cast<size_t>(mark)); }
  uint64_t hits(Mark mark) const { return hits_.at(static_cast<size_t>(mark)); }
  void add(const Marks& other) {
    for (size_t i = 0; i < hits_.size(); ++i) hits_.at(i) += other.hits_.at(i);
  }

 private:
  std::array<uint64_t, static_cast<size_t>(Mark::kCount)> hits_{};
};

const char* text_of(Mark mark);

}  // namespace selvage::sim
