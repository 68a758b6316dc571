// SPDX-License-Identifier: Apache-2.0
#include "broker/waiters.h"

#include "base/check.h"

namespace selvage::broker {
namespace {

template <typename Each>
void for_each_queue(const queue::Receive& command, Each&& each) {
  each(command.queue);
  for (const std::string& queue : command.then_from) each(queue);
}

}  // namespace

void Waiters::park(Ticket ticket, Waiter waiter) {
  for_each_queue(waiter.command, [&](const std::string& queue) { lines_[queue].insert(ticket); });
  by_deadline_.emplace(waiter.deadline, ticket);
  SELVAGE_CHECK(waiters_.emplace(ticket, std::move(waiter)).second);
}

Waiter Waiters::take(Ticket ticket) {
  const auto at = waiters_.find(ticket);
  SELVAGE_CHECK(at != waiters_.end());
  Waiter waiter = std::move(at->second);
  waiters_.erase(at);
  by_deadline_.erase({waiter.deadline, ticket});
  for_each_queue(waiter.command, [&](const std::string& queue) {
    const auto line = lines_.find(queue);
    if (line == lines_.end()) return;  // named twice
    line->second.erase(ticket);
    if (line->second.empty()) lines_.erase(line);
  });
  return waiter;
}

std::optional<Ticket> Waiters::first_for(const std::string& queue) const {
  const auto line = lines_.find(queue);
  if (line == lines_.end()) return std::nullopt;
  return *line->second.begin();
}

std::vector<Ticket> Waiters::all_for(const std::string& queue) const {
  const auto line = lines_.find(queue);
  if (line == lines_.end()) return {};
  return {line->second.begin(), line->second.end()};
}

std::vector<Ticket> Waiters::all_of(SessionId session) const {
  std::vector<Ticket> found;
  for (const auto& [ticket, waiter] : waiters_)
    if (waiter.command.session == session) found.push_back(ticket);
  return found;
}

std::optional<Ticket> Waiters::first_due(Instant now) const {
  if (by_deadline_.empty() || by_deadline_.begin()->first > now) return std::nullopt;
  return by_deadline_.begin()->second;
}

Instant Waiters::next_deadline() const {
  return by_deadline_.empty() ? kNever : by_deadline_.begin()->first;
}

}  // namespace selvage::broker
