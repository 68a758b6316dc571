// SPDX-License-Identifier: Apache-2.0
// Queues, time and recovery. Messages: engine_messages.cc; leases' ends: engine_leases.cc.
#include "queue/engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace selvage::queue {

Reply Engine::execute(Command&& command, Instant now, Mutations& out) {
  Context x{now, out};
  return std::visit([&](auto& c) { return run(c, x); }, command);
}

void Engine::restore(const QueueRecord& record) {
  auto queue = std::make_unique<Queue>();
  queue->record = record;
  Queue* const raw = queue.get();
  SELVAGE_CHECK(by_name_.emplace(record.name, std::move(queue)).second);
  SELVAGE_CHECK(by_id_.emplace(record.id, raw).second);
  last_queue_ = std::max(last_queue_, record.id);
}

void Engine::restore(QueueId id, Seq seq, Message message, Instant now) {
  Queue* const queue = find(id);
  SELVAGE_CHECK(queue != nullptr);
  if (message.session && message.leased && message.vest > now)
    sessions_[message.session].leases.emplace(message.leased_at, id, seq);
  queue->messages.insert(seq, std::move(message), now);
  reschedule(*queue);
}

void Engine::advance(Instant now, Mutations& out) {
  Context x{now, out};
  while (!wakes_.empty() && wakes_.begin()->first <= now)
    advance_queue(*by_id_.at(wakes_.begin()->second), x);
}

Instant Engine::next_event() const {
  return wakes_.empty() ? kNever : wakes_.begin()->first;
}

void Engine::flush(Mutations& out) {
  for (const QueueId id : std::exchange(dirty_, {}))
    if (Queue* const queue = find(id)) out.emplace_back(PutQueue{queue->record});
}

std::vector<QueueId> Engine::take_woken() {
  const std::set<QueueId> woken = std::exchange(woken_, {});
  return {woken.begin(), woken.end()};
}

std::string Engine::name_of(QueueId id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? "" : at->second->record.name;
}

const QueueConfig* Engine::config_of(const std::string& name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &at->second->record.config;
}

std::vector<SessionId> Engine::sessions() const {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  return ids;
}

std::set<ArtifactId> Engine::artifacts() const {
  std::set<ArtifactId> ids;
  for (const auto& [name, queue] : by_name_)
    queue->messages.for_each([&](Seq, const Message& message) {
      if (message.artifact) ids.insert(message.artifact);
    });
  return ids;
}

void Engine::audit(Instant now) const {
  SELVAGE_CHECK(by_name_.size() == by_id_.size());
  size_t booked = 0;
  for (const auto& [name, queue] : by_name_) {
    queue->messages.audit(now);
    queue->messages.for_each([&](Seq seq, const Message& message) {
      SELVAGE_CHECK(seq <= queue->record.last_seq);
      if (!message.session || !message.leased) return;
      ++booked;
      const auto session = sessions_.find(message.session);
      SELVAGE_CHECK(session != sessions_.end());
      SELVAGE_CHECK(session->second.leases.contains({message.leased_at, queue->record.id, seq}));
    });
  }
  for (const auto& [id, session] : sessions_) booked -= session.leases.size();
  SELVAGE_CHECK(booked == 0);
}

Engine::Queue* Engine::find(const std::string& name) {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second.get();
}

Engine::Queue* Engine::find(QueueId id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

void Engine::advance_queue(Queue& queue, Context& x) {
  for (const Seq seq : queue.messages.advance(x.now))
    if (queue.messages.find(seq)->session)
      fail(queue, seq, {.ended = x.now, .evidence = R"({"cause":"lease ran out"})"}, x);
  expire(queue, x);
  reschedule(queue);
}

void Engine::expire(Queue& queue, Context& x) {
  const Duration retention = queue.record.config.retention;
  for (auto oldest = queue.messages.oldest(); oldest && oldest->first + retention <= x.now;
       oldest = queue.messages.oldest()) {
    ++queue.record.totals.expired;
    remove(queue, oldest->second, x);
  }
}

void Engine::touch(Queue& queue) {
  dirty_.insert(queue.record.id);
  reschedule(queue);
}

void Engine::reschedule(Queue& queue) {
  const QueueId id = queue.record.id;
  if (queue.messages.visible() > 0) woken_.insert(id);
  Instant wake = queue.messages.next_vesting();
  if (const auto oldest = queue.messages.oldest())
    wake = std::min(wake, oldest->first + queue.record.config.retention);
  if (wake == queue.wake) return;
  if (queue.wake != kNever) wakes_.erase({queue.wake, id});
  if (wake != kNever) wakes_.emplace(wake, id);
  queue.wake = wake;
}

Reply Engine::run(CreateQueue& c, Context& x) {
  if (const Queue* const existing = find(c.name)) {
    const QueueConfig& config = existing->record.config;
    if (c.given.applied_to(config) != config) return Refusal::kQueueExists;
    return info(*existing);
  }
  last_queue_.value += 1;
  restore({.id = last_queue_,
           .name = c.name,
           .config = c.given.applied_to({}),
           .created = x.now,
           .modified = x.now,
           .last_seq = {},
           .totals = {}});
  const Queue& queue = *find(c.name);
  x.out.emplace_back(PutQueue{queue.record});
  return info(queue);
}

Reply Engine::run(DeleteQueue& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  queue->messages.for_each([&](Seq seq, const Message& message) {
    end_lease(*queue, seq);
    if (message.artifact) x.out.emplace_back(ReleaseArtifact{message.artifact});
  });
  const QueueId id = queue->record.id;
  x.out.emplace_back(DropQueue{id});
  if (queue->wake != kNever) wakes_.erase({queue->wake, id});
  dirty_.erase(id);
  woken_.erase(id);
  by_id_.erase(id);
  by_name_.erase(c.queue);
  return Done{};
}

Reply Engine::run(ListQueues& c, Context& x) {
  std::vector<QueueInfo> found;
  const std::string& from = std::max(c.prefix, c.after);
  for (auto at = by_name_.lower_bound(from); at != by_name_.end() && found.size() < c.max; ++at) {
    if (!at->first.starts_with(c.prefix)) break;
    if (at->first == c.after) continue;
    advance_queue(*at->second, x);
    found.push_back(info(*at->second));
  }
  return found;
}

Reply Engine::run(GetQueue& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  return info(*queue);
}

Reply Engine::run(SetQueue& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  QueueRecord& record = queue->record;
  const QueueConfig changed = c.patch.applied_to(record.config);
  if (changed == record.config) return Done{};
  record.config = changed;
  record.modified = x.now;
  advance_queue(*queue, x);
  touch(*queue);
  return Done{};
}

QueueInfo Engine::info(const Queue& queue) const {
  return {.name = queue.record.name,
          .config = queue.record.config,
          .created = queue.record.created,
          .modified = queue.record.modified,
          .visible = queue.messages.visible(),
          .in_flight = queue.messages.in_flight(),
          .delayed = queue.messages.delayed(),
          .totals = queue.record.totals};
}

}  // namespace selvage::queue
