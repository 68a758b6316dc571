// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a message's record stands in the store. The records of messages that wait stand in lanes,
// each in the order in which they are taken, so that the head of each lane can be read without what
// lies behind it:
//
//   lane 0            ▒▒▒▒▒▒▒▒▒▒▒▒▒▒   messages without a group
//   lanes 1 to 1023   ▒▒▒▒▒  ▒▒  ▒▒▒   those with one: a group has one lane, a lane many groups
//   kDelayedLane      ▒▒▒▒▒▒▒▒▒▒       not vested yet, never received, whatever their group
//   kHeldLane         ▒▒▒              received before: by seq alone, all of them in memory
//
// A noisy group fills its own lane only; what shares it is next to it there (McKenney 1990 hashes
// flows to queues for the same reason).

#include <bitset>
#include <compare>
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

namespace selvage::queue {

using Lane = uint16_t;
inline constexpr Lane kVisibleLanes = 1024;
inline constexpr Lane kDelayedLane = kVisibleLanes;
inline constexpr Lane kHeldLane = kVisibleLanes + 1;
using LaneSet = std::bitset<kVisibleLanes>;

// The lane of a group's messages once they have vested. Part of the format of what is stored.
Lane lane_of(std::string_view group);

// Within a lane records are ordered by (time, seq).
struct Place {
  Lane lane = 0;
  // Standard: when its retention began, or its delay ends; FIFO: when it came. Of no meaning in
  // kHeldLane.
  Instant time{};
  auto operator<=>(const Place&) const = default;
  bool is_held() const { return lane == kHeldLane; }
  bool is_delayed() const { return lane == kDelayedLane; }
};
inline constexpr Place kHeldPlace{kHeldLane, Instant{}};

// A position in a lane: that of a record, or just before one.
struct Position {
  Instant time{};
  Seq seq;
  auto operator<=>(const Position&) const = default;
};

// The records of one lane of one queue from a position on, no more than `limit`.
struct Page {
  QueueId queue;
  Lane lane = 0;
  Position from;
  uint32_t limit = 0;
};

}  // namespace selvage::queue
