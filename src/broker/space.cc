// SPDX-License-Identifier: Apache-2.0
#include "broker/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace selvage::broker {
namespace {

std::string mebibytes(uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

bool has_outputs(const queue::HandOver& command) {
  return std::ranges::any_of(command.items, [](const auto& item) { return !item.outputs.empty(); });
}

}  // namespace

bool is_admitted(const queue::Command& command, Space space, bool creates) {
  if (space == Space::kAmple) return true;
  if (std::holds_alternative<queue::Send>(command)) return false;
  if (std::holds_alternative<queue::StartMove>(command)) return false;
  if (std::holds_alternative<queue::Edit>(command)) return false;
  if (std::holds_alternative<queue::CreateQueue>(command)) return !creates;
  const auto* const hand_over = std::get_if<queue::HandOver>(&command);
  return space != Space::kSpent || hand_over == nullptr || !has_outputs(*hand_over);
}

uint64_t bytes_of(const queue::Command& command) {
  uint64_t bytes = 0;
  if (const auto* const send = std::get_if<queue::Send>(&command))
    for (const auto& message : send->messages) bytes += message.size;
  if (const auto* const edit = std::get_if<queue::Edit>(&command)) bytes += edit->size;
  if (const auto* const hand_over = std::get_if<queue::HandOver>(&command))
    for (const auto& item : hand_over->items)
      for (const auto& output : item.outputs) bytes += output.message.size;
  return bytes;
}

std::string SpaceGuard::reason() const {
  if (level_ == Space::kAmple) return "";
  return fmt::format(
      "{} has {} left, less than the reserve of {}: messages are delivered and deleted, but no new "
      "ones are taken; free some space, or let consumers drain the queues (it goes on by itself "
      "from {} on)",
      room_->name(), mebibytes(free_), mebibytes(options_.reserve_bytes),
      mebibytes(options_.reserve_bytes / 2 * 3));
}

Instant SpaceGuard::next_look() const {
  return room_ == nullptr ? kNever : looked_ + options_.interval;
}

bool SpaceGuard::look_if_due(Instant now) {
  const bool is_due = now >= next_look() || taken_ >= options_.interval_bytes;
  return is_due && look(now);
}

bool SpaceGuard::look(Instant now) {
  if (room_ == nullptr) return false;
  looked_ = now;
  taken_ = 0;
  const auto free = room_->free_bytes();
  if (!free) return false;
  free_ = *free;
  return enter(next(*free));
}

void SpaceGuard::found_full() {
  if (room_ == nullptr) return;
  free_ = room_->free_bytes().value_or(0);
  enter(Space::kSpent);
}

// Each way back is farther than the way there, so that a disk at the limit does not flicker.
Space SpaceGuard::next(uint64_t free) const {
  const uint64_t reserve = options_.reserve_bytes;
  const bool was_ample = level_ == Space::kAmple;
  const bool was_spent = level_ == Space::kSpent;
  if (free >= (was_ample ? reserve : reserve / 2 * 3)) return Space::kAmple;
  if (free >= (was_spent ? reserve / 4 * 3 : reserve / 2)) return Space::kScarce;
  return Space::kSpent;
}

bool SpaceGuard::enter(Space level) {
  if (level == Space::kSpent) room_->release();
  if (level == Space::kAmple) room_->set_aside();
  return std::exchange(level_, level) != level;
}

}  // namespace selvage::broker
