// SPDX-License-Identifier: Apache-2.0
#include "queue/window.h"

#include <algorithm>

#include "base/check.h"

namespace selvage::queue {

Window::State& Window::state_of(Lane lane) {
  State& state = lanes_[lane];
  if (state.page == 0) state.page = limits_->first_page;
  return state;
}

void Window::file(Lane lane, State& state) {
  const bool can_read = state.behind && !state.asked && lane != kDelayedLane;
  if (can_read && state.in_memory <= state.page / 2)
    low_.insert(lane);
  else
    low_.erase(lane);
  std::optional<Instant> starving;
  if (can_read && state.in_memory == 0) starving = state.behind->oldest;
  if (starving == state.starving) return;
  if (state.starving) starving_.erase({*state.starving, lane});
  if (starving) starving_.emplace(*starving, lane);
  state.starving = starving;
}

bool Window::take_in(const Place& place, Seq seq, Instant retained_from, uint32_t most) {
  State& state = state_of(place.lane);
  const Position at{place.time, seq};
  if (state.behind) {
    if (at < state.behind->from) return true;
    state.behind->oldest = std::min(state.behind->oldest, retained_from);
    file(place.lane, state);
    return false;
  }
  const bool is_full = place.lane != kDelayedLane && state.in_memory >= std::min(state.page, most);
  if (!is_full || at < state.last) {
    state.last = std::max(state.last, at);
    return true;
  }
  leave_behind(place.lane, at, retained_from, state.page);
  return false;
}

void Window::entered(Lane lane) {
  State& state = state_of(lane);
  ++state.in_memory;
  if (state.behind) file(lane, state);
}

void Window::left(Lane lane) {
  const auto at = lanes_.find(lane);
  SELVAGE_CHECK(at != lanes_.end() && at->second.in_memory > 0);
  --at->second.in_memory;
  if (at->second.behind) file(lane, at->second);
}

void Window::leave_behind(Lane lane, Position from, Instant oldest, std::optional<uint32_t> page) {
  State& state = state_of(lane);
  if (!state.behind) ++behind_;
  SELVAGE_CHECK(!state.behind || from <= state.behind->from);
  state.page = page.value_or(limits_->first_page);
  state.behind = Behind{from, oldest};
  state.asked = false;
  file(lane, state);
}

bool Window::is_behind(const Place& place, Seq seq) const {
  const auto at = lanes_.find(place.lane);
  if (at == lanes_.end() || !at->second.behind) return false;
  return at->second.behind->from <= Position{place.time, seq};
}

uint32_t Window::in_memory(Lane lane) const {
  const auto at = lanes_.find(lane);
  return at == lanes_.end() ? 0 : at->second.in_memory;
}

Page Window::ask(Lane lane, State& state, uint32_t limit) {
  state.asked = true;
  file(lane, state);
  return {.queue = {}, .lane = lane, .from = state.behind->from, .limit = limit};
}

std::optional<Page> Window::next_page(bool tight) {
  for (const Lane lane : low_) {
    State& state = lanes_.at(lane);
    if (tight && state.in_memory > limits_->smallest_page / 2) continue;
    const uint32_t limit = tight ? limits_->smallest_page : state.page;
    if (!tight) state.page = std::min(state.page * 2, limits_->largest_page);
    return ask(lane, state, limit);
  }
  return std::nullopt;
}

std::optional<Page> Window::deeper_page() {
  if (behind_ == 0) return std::nullopt;
  for (auto& [lane, state] : lanes_)
    if (state.behind && !state.asked && lane != kDelayedLane) return ask(lane, state, state.page);
  return std::nullopt;
}

Instant Window::next_due(Duration retention, Duration delay) const {
  if (behind_ == 0) return kNever;
  Instant due = starving_.empty() ? kNever : starving_.begin()->first + retention;
  const auto delayed = lanes_.find(kDelayedLane);
  if (delayed != lanes_.end() && delayed->second.behind && !delayed->second.asked)
    due = std::min(due, delayed->second.behind->from.time + delay);
  return due;
}

std::optional<Page> Window::due_page(Instant now, Duration retention, Duration delay) {
  if (next_due(retention, delay) > now) return std::nullopt;
  const bool starves = !starving_.empty() && starving_.begin()->first + retention <= now;
  const Lane lane = starves ? starving_.begin()->second : kDelayedLane;
  State& state = lanes_.at(lane);
  return ask(lane, state, state.page);
}

bool Window::awaits(const Page& page) const {
  const auto at = lanes_.find(page.lane);
  return at != lanes_.end() && at->second.asked && at->second.behind &&
         at->second.behind->from == page.from;
}

void Window::loaded(Lane lane, Position next, bool has_more, Instant oldest) {
  State& state = state_of(lane);
  SELVAGE_CHECK(state.behind.has_value() && state.behind->from <= next);
  state.asked = false;
  state.last = next;
  if (has_more) {
    state.behind = Behind{next, oldest};
  } else {
    state.behind.reset();
    --behind_;
  }
  file(lane, state);
}

Instant Window::floor() const {
  Instant lowest = kNever;
  if (behind_ == 0) return lowest;
  for (const auto& [lane, state] : lanes_)
    if (state.behind) lowest = std::min(lowest, state.behind->from.time);
  return lowest;
}

}  // namespace selvage::queue
