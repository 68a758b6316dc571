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
  const bool is_low = can_read && state.in_memory <= state.page / 2;
  const bool is_nearly_out = is_low && state.in_memory <= limits_->smallest_page / 2;
  is_low ? void(low_.insert(lane)) : void(low_.erase(lane));
  is_nearly_out ? void(nearly_out_.insert(lane)) : void(nearly_out_.erase(lane));
  std::optional<Instant> starving;
  if (can_read && state.in_memory == 0) starving = state.behind->time;
  if (starving == state.starving) return;
  if (state.starving) starving_.erase({*state.starving, lane});
  if (starving) starving_.emplace(*starving, lane);
  state.starving = starving;
}

bool Window::take_in(const Place& place, Seq seq, uint32_t most) {
  State& state = state_of(place.lane);
  const Position at{place.time, seq};
  if (state.behind) return at < *state.behind;
  const bool is_full = place.lane != kDelayedLane && state.in_memory >= std::min(state.page, most);
  if (!is_full || at < state.last) {
    state.last = std::max(state.last, at);
    return true;
  }
  leave_behind(place.lane, at, state.page);
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

void Window::leave_behind(Lane lane, Position from, std::optional<uint32_t> page) {
  State& state = state_of(lane);
  if (!state.behind) ++behind_;
  SELVAGE_CHECK(!state.behind || from <= *state.behind);
  state.page = page.value_or(limits_->first_page);
  state.behind = from;
  state.asked = false;
  file(lane, state);
}

bool Window::is_behind(const Place& place, Seq seq) const {
  const auto at = lanes_.find(place.lane);
  if (at == lanes_.end() || !at->second.behind) return false;
  return *at->second.behind <= Position{place.time, seq};
}

bool Window::has_behind_before(Lane lane, Seq seq) const {
  const auto at = lanes_.find(lane);
  return at != lanes_.end() && at->second.behind && at->second.behind->seq < seq;
}

uint32_t Window::in_memory(Lane lane) const {
  const auto at = lanes_.find(lane);
  return at == lanes_.end() ? 0 : at->second.in_memory;
}

Page Window::ask(Lane lane, State& state, uint32_t most) {
  const uint32_t limit = state.page;
  state.page = std::max(state.page, std::min(state.page * 2, most));
  state.asked = true;
  file(lane, state);
  return {.queue = {}, .lane = lane, .from = *state.behind, .limit = limit};
}

Page Window::ask_little(Lane lane, State& state) {
  Page page = ask(lane, state, 0);
  page.limit = limits_->smallest_page;
  return page;
}

std::optional<Page> Window::next_page(bool tight) {
  const std::set<Lane>& lanes = tight ? nearly_out_ : low_;
  if (lanes.empty()) return std::nullopt;
  const Lane lane = *lanes.begin();
  State& state = lanes_.at(lane);
  return tight ? ask_little(lane, state) : ask(lane, state, limits_->largest_page);
}

std::optional<Page> Window::page_of(Lane lane, bool tight) {
  const auto at = lanes_.find(lane);
  if (at == lanes_.end() || !at->second.behind || at->second.asked) return std::nullopt;
  return tight ? ask_little(lane, at->second) : ask(lane, at->second, limits_->largest_page);
}

std::optional<Page> Window::deeper_page() {
  if (behind_ == 0) return std::nullopt;
  Lane first = kDelayedLane;
  for (const auto& [lane, state] : lanes_) {
    if (!state.behind || state.asked || lane == kDelayedLane) continue;
    if (first == kDelayedLane || *state.behind < *lanes_.at(first).behind) first = lane;
  }
  if (first == kDelayedLane) return std::nullopt;
  return ask(first, lanes_.at(first), limits_->largest_page);
}

Instant Window::next_due(const Terms& terms) const {
  if (behind_ == 0) return kNever;
  Instant due = starving_.empty() ? kNever : starving_.begin()->first + terms.retention;
  const auto delayed = lanes_.find(kDelayedLane);
  if (delayed != lanes_.end() && delayed->second.behind && !delayed->second.asked)
    due = std::min(due, delayed->second.behind->time + terms.delay);
  return due;
}

std::optional<Page> Window::due_page(Instant now, const Terms& terms, bool tight) {
  if (next_due(terms) > now) return std::nullopt;
  const bool starves = !starving_.empty() && starving_.begin()->first + terms.retention <= now;
  const Lane lane = starves ? starving_.begin()->second : kDelayedLane;
  State& state = lanes_.at(lane);
  return tight ? ask_little(lane, state) : ask(lane, state, limits_->first_page);
}

bool Window::awaits(const Page& page) const {
  const auto at = lanes_.find(page.lane);
  return at != lanes_.end() && at->second.asked && at->second.behind == page.from;
}

void Window::loaded(Lane lane, Position next, bool has_more) {
  State& state = state_of(lane);
  SELVAGE_CHECK(state.behind.has_value() && *state.behind <= next);
  state.asked = false;
  state.last = next;
  if (has_more) {
    state.behind = next;
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
    if (state.behind) lowest = std::min(lowest, state.behind->time);
  return lowest;
}

}  // namespace selvage::queue
