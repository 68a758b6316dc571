// SPDX-License-Identifier: Apache-2.0
#pragma once
// Refuses in time what a disk that runs full could not keep, so that what gives space back can go
// on within the reserve. Pure but for the port store::Room.
//
//                free < reserve               free < reserve/2, or a write found no space
//        ample ───────────────────▶ scarce ───────────────────────────────────────▶ spent
//              ◀───────────────────        ◀───────────────────────────────────────
//                free ≥ 3/2 reserve           free ≥ 3/4 reserve

#include <cstdint>

#include "base/time.h"
#include "queue/command.h"
#include "store/room.h"

namespace selvage::broker {

enum class Space : uint8_t {
  kAmple,   // everything is taken
  kScarce,  // nothing new: no message, no queue, no move task
  kSpent,   // nor a hand-over with outputs. What was set aside is released
};

struct SpaceOptions {
  uint64_t reserve_bytes = 256 << 20;  // 0: never refuse
  Duration interval = std::chrono::seconds(1);
  uint64_t interval_bytes = 4 << 20;  // look sooner when so much was taken since
};
// A full disk writes at most some hundred MB a second: between two looks a reserve does not vanish.
static_assert(SpaceOptions{}.interval_bytes * 16 <= SpaceOptions{}.reserve_bytes);

// Whether a command can be decided at this level. `creates`: it is a CreateQueue of a queue that is
// not there yet.
bool is_admitted(const queue::Command& command, Space space, bool creates);
// How much a command makes the store grow, roughly.
uint64_t bytes_of(const queue::Command& command);

// Not thread-safe.
class SpaceGuard {
 public:
  // `room` may be null: space never ends.
  SpaceGuard(store::Room* room, const SpaceOptions& options) : room_(room), options_(options) {}

  Space level() const { return level_; }
  // What people should know and do; empty while space is ample.
  std::string reason() const;

  // So much was taken.
  void took(uint64_t bytes) { taken_ += bytes; }
  Instant next_look() const;
  // Looks when it is time to. True: the level has changed.
  bool look_if_due(Instant now);
  bool look(Instant now);
  // A write found no space, whatever the room says.
  void found_full();

 private:
  Space next(uint64_t free) const;
  bool enter(Space level);

  store::Room* room_;
  const SpaceOptions options_;
  Space level_ = Space::kAmple;
  uint64_t free_ = 0;  // at the last look
  uint64_t taken_ = 0;
  Instant looked_{};
};

}  // namespace selvage::broker
