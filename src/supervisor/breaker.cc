// SPDX-License-Identifier: Apache-2.0
#include "supervisor/breaker.h"

#include <algorithm>

namespace selvage::supervisor {

Breaker::View Breaker::decide(Instant now, const Ends& ends) {
  const State before = state_;
  switch (state_) {
    case State::kClosed:
      remember(ends);
      if (failed_ > kTolerated) open(now);
      break;
    case State::kOpen:
      // What ends now was begun before: it says nothing new.
      if (now >= until_) state_ = State::kProbing;
      break;
    case State::kProbing:
      if (ends.done > 0) {
        close(now);
      } else if (ends.failed > 0) {
        ++probes_;
        open(now);
      }
      break;
  }
  return view(now, before);
}

// Of many at once, as many as count, in the same proportion.
void Breaker::remember(const Ends& ends) {
  const auto most = static_cast<int64_t>(kAttempts);
  const int64_t all = ends.attempts();
  const int64_t taken = std::min(all, most);
  const int64_t bad = all > 0 ? (ends.failed * taken + all / 2) / all : 0;
  for (int64_t n = 0; n < taken; ++n) {
    last_.push_back(n >= taken - bad);
    failed_ += last_.back() ? 1 : 0;
    if (last_.size() <= kAttempts) continue;
    failed_ -= last_.front() ? 1 : 0;
    last_.pop_front();
  }
}

void Breaker::open(Instant now) {
  const bool was_well = state_ == State::kClosed && now - closed_ >= wait_ * kPatience;
  wait_ = was_well ? kFirstWait : std::clamp(wait_ * 2, kFirstWait, kLongestWait);
  if (state_ == State::kClosed) probes_ = 0;
  until_ = now + wait_;
  state_ = State::kOpen;
}

void Breaker::close(Instant now) {
  state_ = State::kClosed;
  closed_ = now;
  last_.clear();
  failed_ = 0;
}

Breaker::View Breaker::view(Instant now, State before) const {
  return {.state = state_,
          .failed = static_cast<int>(failed_),
          .attempts = static_cast<int>(last_.size()),
          .wait = state_ == State::kOpen ? until_ - now : wait_,
          .probes = probes_,
          .changed = state_ != before};
}

std::optional<int> gate_of(Breaker::State state) {
  switch (state) {
    case Breaker::State::kClosed:
      return std::nullopt;
    case Breaker::State::kOpen:
      return 0;
    case Breaker::State::kProbing:
      return 1;
  }
  return std::nullopt;
}

}  // namespace selvage::supervisor
