// SPDX-License-Identifier: Apache-2.0
#pragma once
// One queue as the engine has it, and what its commands pass around. Private to this folder.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/attempts.h"
#include "queue/message_index.h"
#include "queue/mutation.h"
#include "queue/reads.h"
#include "queue/window.h"

namespace selvage::queue {

struct Queue {
  Queue(QueueRecord r, const MemoryLimits& limits)
      : record(std::move(r)), messages(is_fifo()), window(limits) {}
  QueueId id() const { return record.id; }
  bool is_fifo() const { return record.config.fifo.has_value(); }
  // What a time of the delayed lane lacks to the vesting time.
  Duration delay_ahead() const { return is_fifo() ? record.config.delay : Duration{0}; }
  Window::Terms terms() const { return {record.config.retention, delay_ahead()}; }
  uint64_t visible() const {
    return record.extent.visible + messages.held() - messages.in_flight() - messages.retrying();
  }
  uint64_t delayed() const { return record.extent.delayed + messages.retrying(); }
  uint64_t size() const { return record.extent.visible + record.extent.delayed + messages.held(); }
  void turn_gate(Instant now) {
    const Gate& gate = record.config.gate;
    most_in_flight =
        gate.until > now ? std::min<uint64_t>(gate.most_in_flight, kMaxInFlight) : kMaxInFlight;
  }
  bool has_room_in_flight() const { return messages.in_flight() < most_in_flight; }
  const Message* in_memory(Seq seq) const {
    const auto* const entry = messages.find(seq);
    return entry == nullptr ? nullptr : &entry->message;
  }

  QueueRecord record;
  MessageIndex messages;
  Window window;
  Attempts attempts;  // FIFO
  Throttle throttle;  // FIFO, with Amazon's timers
  // Amazon's limit, or what the gate lets through: nothing until somebody has looked at the time.
  uint64_t most_in_flight = record.config.gate.until == Instant{} ? kMaxInFlight : 0;
  Instant purged{};
  Instant wake = kNever;          // its entry in the engine's wakes_
  uint64_t used = 0;              // its entry in the stock's by_use_; 0: none
  uint32_t left_since_floor = 0;  // see Stock::raise_floor()
};

// What one command works with.
struct Context {
  Instant now;
  Mutations& out;
  const Found& found;                              // as reads() asked for
  std::vector<std::pair<QueueId, Seq>> left = {};  // of those, the ones that stand there no more
  std::vector<size_t> remembered = {};             // PutDeduplications in `out`
};

// Where a message was found; `message` is valid until something changes.
struct Standing {
  Seq seq;
  Place place;
  const Message* message = nullptr;
  bool in_memory = true;
};

}  // namespace selvage::queue
