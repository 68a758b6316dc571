// SPDX-License-Identifier: Apache-2.0
// Making, changing, listing, emptying and deleting queues.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_hold.h"

namespace selvage::queue {
namespace {

bool admits(const RedriveAllow& allow, const std::string& source) {
  switch (allow.permission) {
    case RedriveAllow::Permission::kAll:
      return true;
    case RedriveAllow::Permission::kNone:
      return false;
    case RedriveAllow::Permission::kByQueue:
      return std::ranges::find(allow.sources, source) != allow.sources.end();
  }
  return false;
}

}  // namespace

// A redrive policy is looked at when it is set: its target may go later, and messages stay then.
std::optional<Refusal> Engine::problem_of(const std::string& name, const QueueConfig& config,
                                          const std::optional<Redrive>& former) const {
  if (config.fifo && config.fifo->throughput_per_group && !config.fifo->deduplicates_per_group)
    return Refusal::kThroughputNeedsGroups;
  if (!config.redrive || config.redrive == former) return std::nullopt;
  const QueueConfig* const target = config_of(config.redrive->dead_letter_queue);
  if (target == nullptr) return Refusal::kNoDeadLetterQueue;
  if (target->fifo.has_value() != config.fifo.has_value()) return Refusal::kDeadLetterKind;
  if (!admits(target->redrive_allow, name)) return Refusal::kDeadLetterDenied;
  return std::nullopt;
}

Reply Engine::run(CreateQueue& c, Context& x) {
  if (const Queue* const existing = find(c.name)) {
    const QueueConfig& config = existing->record.config;
    if (c.given.applied_to(config) != config) return QueueConflict{info(*existing)};
    return info(*existing);
  }
  const auto deleted = deleted_.find(c.name);
  if (deleted != deleted_.end() && deleted->second + kQueuePause > x.now)
    return Refusal::kQueueDeletedRecently;
  const QueueConfig config = c.given.applied_to({});
  if (!config.fifo && c.given.names_fifo_settings()) return Refusal::kNotForStandard;
  if (const auto problem = problem_of(c.name, config, std::nullopt)) return *problem;
  if (c.tags.size() > kMaxTags) return Refusal::kTooManyTags;
  last_queue_.value += 1;
  restore({.id = last_queue_,
           .name = c.name,
           .config = config,
           .created = x.now,
           .modified = x.now,
           .last_seq = {},
           .totals = {},
           .tags = std::move(c.tags)});
  policies_changed_ |= !config.policy.empty();
  const Queue& queue = *find(c.name);
  x.out.emplace_back(PutQueue{queue.record});
  return info(queue);
}

Reply Engine::run(DeleteQueue& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  end_leases(*queue);
  stock_.clear(*queue);
  end_moves_of(c.queue, x);
  policies_changed_ |= !queue->record.config.policy.empty();
  const QueueId id = queue->record.id;
  x.out.emplace_back(
      DropQueue{id, queue->is_fifo() ? deduplication_.minutes() : std::vector<Minute>()});
  if (options_.aws_timers) {
    std::erase_if(deleted_, [&](const auto& d) { return d.second + kQueuePause <= x.now; });
    deleted_[c.queue] = x.now;
  }
  if (queue->wake != kNever) wakes_.erase({queue->wake, id});
  dirty_.erase(id);
  woken_.erase(id);
  by_id_.erase(id);
  by_name_.erase(c.queue);
  return Done{};
}

void Engine::end_leases(Queue& queue) {
  queue.messages.for_each([&](Seq seq, const MessageIndex::Entry&) { end_lease(queue, seq); });
}

Reply Engine::run(PurgeQueue& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  if (options_.aws_timers && queue->purged != Instant{} && queue->purged + kQueuePause > x.now)
    return Refusal::kPurgedRecently;
  queue->purged = x.now;
  queue->record.totals.deleted += queue->size();
  end_leases(*queue);
  stock_.clear(*queue);
  x.out.emplace_back(DropMessages{queue->record.id});
  touch(*queue);
  return Done{};
}

Reply Engine::run(EditTags& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  Tags tags = queue->record.tags;
  for (auto& [key, value] : c.put) tags.insert_or_assign(key, std::move(value));
  for (const std::string& key : c.remove) tags.erase(key);
  if (tags.size() > kMaxTags) return Refusal::kTooManyTags;
  queue->record.tags = std::move(tags);
  advance_queue(*queue, x);
  touch(*queue);
  return Done{};
}

Reply Engine::run(ListQueues& c, Context& x) {
  std::vector<QueueInfo> found;
  const std::string& from = std::max(c.prefix, c.after);
  for (auto at = by_name_.lower_bound(from); at != by_name_.end() && found.size() < c.max; ++at) {
    if (!at->first.starts_with(c.prefix)) break;
    if (at->first == c.after) continue;
    if (!c.dead_letter_queue.empty() &&
        !at->second->record.config.sends_dead_letters_to(c.dead_letter_queue))
      continue;
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
  if (c.if_policy && *c.if_policy != record.config.policy) return Refusal::kChanged;
  if (!record.config.fifo && c.patch.names_fifo_settings()) return Refusal::kNotForStandard;
  QueueConfig changed = c.patch.applied_to(record.config);
  const bool is_modified = changed != record.config;  // a gate is nothing that Amazon shows
  if (c.gate) changed.gate = {c.gate->most_in_flight, x.now + c.gate->lasts};
  if (changed == record.config) return Done{};
  if (const auto problem = problem_of(c.queue, changed, record.config.redrive)) return *problem;
  policies_changed_ |= changed.policy != record.config.policy;
  record.config = changed;
  if (is_modified) record.modified = x.now;
  if (record.config.fifo && c.patch.delay) apply_delay(*queue, x);
  advance_queue(*queue, x);
  touch(*queue);
  return Done{};
}

// A FIFO queue's delay counts for the messages that are there already too, as long as nobody has
// received them (SetQueueAttributes, DelaySeconds). Those that wait for it are counted from when
// they came, so they need no change; those that have vested wait again if they are in memory.
void Engine::apply_delay(Queue& queue, Context& x) {
  struct Changed {
    Seq seq;
    Place place;
    Message message;
  };
  std::vector<Changed> changed;
  queue.messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
    const Instant vest = entry.message.sent + queue.record.config.delay;
    const bool matters = entry.place.is_delayed() || vest > x.now;
    if (entry.place.is_held() || !matters || entry.message.vest == vest) return;
    changed.push_back({seq, entry.place, entry.message});
    changed.back().message.vest = vest;
  });
  for (auto& [seq, place, message] : changed) {
    const bool in_memory = queue.in_memory(seq) != nullptr;  // else another one has pushed it out
    stock_.set_delay(queue, {seq, place, nullptr, in_memory}, std::move(message), x);
  }
}

void Engine::count_empty_receive(const std::string& queue) {
  if (Queue* const found = find(queue)) ++found->record.totals.empty_receives;
}

QueueInfo Engine::info(const Queue& queue) const {
  Instant oldest = queue.window.oldest();
  if (const auto first = queue.messages.oldest()) oldest = std::min(oldest, first->first);
  return {.name = queue.record.name,
          .config = queue.record.config,
          .created = queue.record.created,
          .modified = queue.record.modified,
          .visible = queue.visible(),
          .in_flight = queue.messages.in_flight(),
          .delayed = queue.delayed(),
          .totals = queue.record.totals,
          .tags = queue.record.tags,
          .oldest = oldest};
}

}  // namespace selvage::queue
