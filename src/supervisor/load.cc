// SPDX-License-Identifier: Apache-2.0
#include "supervisor/load.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace selvage::supervisor {
namespace {

// The weight of one attempt in the mean: about the last twenty count.
constexpr double kAttemptWeight = 0.1;
// How many looks at the total of arrivals are kept for the age of the oldest message.
constexpr int kLooks = 128;

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

void approach(double& mean, double value, double weight) {
  mean += weight * (value - mean);
}

Ends ends_between(const worker::Card& before, const worker::Card& now) {
  return {.done = now.done - before.done,
          .failed = now.failed + now.died - before.failed - before.died,
          .busy = now.busy - before.busy,
          .cpu = now.cpu - before.cpu};
}

}  // namespace

Ends Tally::since_last(const std::string& worker, const worker::Card& card) {
  const auto [at, is_new] = seen_.try_emplace(worker, begun_ ? worker::Card{} : card);
  const worker::Card before = std::exchange(at->second, card);
  if (before.runner != card.runner) return ends_between({}, card);
  return ends_between(before, card);
}

LoadMeter::LoadMeter(const Settings& settings) : settings_(settings) {
  if (settings_.expect > Duration{0}) load_.attempt_seconds = seconds(settings_.expect);
}

void LoadMeter::observe(Instant now, const QueueCounts& counts, const Ends& ends) {
  SELVAGE_CHECK(!begun_ || now > last_);
  load_.visible = counts.visible;
  load_.in_flight = counts.in_flight;
  observe_arrivals(now, counts.sent);
  observe_attempts(now, ends);
  load_.too_old = waits_too_long(now);
  begun_ = true;
  last_ = now;
}

void LoadMeter::observe_arrivals(Instant now, int64_t sent) {
  // Of a queue that was made anew everything is new.
  const int64_t came = sent < last_sent_ ? sent : sent - last_sent_;
  last_sent_ = sent;
  if (begun_) {
    const double passed = seconds(now - last_);
    const double rate = static_cast<double>(came) / passed;
    approach(load_.arrivals_fast, rate, 1 - std::exp(-passed / seconds(kFast)));
    approach(load_.arrivals_slow, rate, 1 - std::exp(-passed / seconds(kSlow)));
  }
  if (sent_.empty() || now - sent_.back().first >= settings_.age / kLooks)
    sent_.emplace_back(now, sent);
  while (sent_.size() > 1 && sent_[1].first <= now - settings_.age) sent_.pop_front();
}

// Messages are taken in the order in which they came, nearly: when more of them wait than came
// within the target's age, the first of them has waited for longer.
bool LoadMeter::waits_too_long(Instant now) const {
  const auto& [then, sent] = sent_.front();
  return then <= now - settings_.age && load_.visible > last_sent_ - sent;
}

void LoadMeter::observe_attempts(Instant now, const Ends& ends) {
  if (const int64_t count = ends.attempts(); count > 0) {
    const double weight =
        samples_ == 0 ? 1 : 1 - std::pow(1 - kAttemptWeight, static_cast<double>(count));
    approach(mean_seconds_, seconds(ends.busy) / static_cast<double>(count), weight);
    approach(mean_cpu_, seconds(ends.cpu) / static_cast<double>(count), weight);
    samples_ += count;
    ended_.push_back({now, count, ends.done});
    window_attempts_ += count;
    window_done_ += ends.done;
  }
  for (; !ended_.empty() && ended_.front().at <= now - kRetryWindow; ended_.pop_front()) {
    window_attempts_ -= ended_.front().attempts;
    window_done_ -= ended_.front().done;
  }
  const auto attempts = static_cast<double>(std::max<int64_t>(window_attempts_, 1));
  const auto done = static_cast<double>(std::max<int64_t>(window_done_, 1));
  load_.attempts_per_success = std::clamp(attempts / done, 1.0, kMostRetries);
  load_.measured = samples_ >= kSamples;
  if (load_.measured) load_.attempt_seconds = mean_seconds_;
  if (mean_seconds_ > 0) load_.cpus = mean_cpu_ / mean_seconds_;
}

}  // namespace selvage::supervisor
