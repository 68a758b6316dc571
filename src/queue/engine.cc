// SPDX-License-Identifier: Apache-2.0
// Time, recovery, books. Queues: engine_queues.cc; messages: engine_messages.cc; those that wait:
// engine_waiting.cc; the ends of leases: engine_leases.cc; move tasks: engine_moves.cc.
#include "queue/engine.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace selvage::queue {

namespace {

const Found kNothingFound;
constexpr std::string_view kLeaseRanOut =
    R"({"cause":"lease ran out","signature":"lease ran out"})";

}  // namespace

Reply Engine::execute(Command&& command, Instant now, Mutations& out, const Found& found) {
  Context x{now, out, found};
  return std::visit([&](auto& c) { return run(c, x); }, command);
}

Reads Engine::reads(const Command& command, Instant now, Mutations& out) {
  Reads reads;
  // What time has done is done first: it may leave behind what the command is about.
  const auto named = [&](const std::string& name) {
    Queue* const queue = find(name);
    Context x{now, out, kNothingFound};
    if (queue != nullptr) advance_queue(*queue, x);
    return queue;
  };
  // Also those in memory: what is done to one may push another out.
  const auto look_up = [&](const Queue& queue, MessageId id) {
    reads.messages.push_back({queue.id(), id, {}});
  };
  const auto look_up_receipt = [&](const Queue& queue, const Receipt& receipt) {
    if (queue.is_fifo()) return;  // only a held one goes by its receipt
    if (receipt.queue == queue.id() && queue.in_memory(receipt.seq) == nullptr)
      reads.messages.push_back({queue.id(), {}, receipt.seq});
  };
  if (const auto* const send = std::get_if<Send>(&command)) {
    look_up_doubles(*send, reads);
  } else if (const auto* const hand_over = std::get_if<HandOver>(&command)) {
    look_up_doubles(*hand_over, reads);
  } else if (const auto* const deletion = std::get_if<Delete>(&command)) {
    if (const Queue* const queue = named(deletion->queue))
      for (const Receipt& receipt : deletion->receipts) look_up_receipt(*queue, receipt);
  } else if (const auto* const change = std::get_if<ChangeVisibility>(&command)) {
    if (const Queue* const queue = named(change->queue))
      for (const auto& item : change->items) look_up_receipt(*queue, item.receipt);
  } else if (const auto* const cancel = std::get_if<Cancel>(&command)) {
    if (const Queue* const queue = named(cancel->queue))
      for (const MessageId id : cancel->ids) look_up(*queue, id);
  } else if (const auto* const later = std::get_if<Reschedule>(&command)) {
    if (const Queue* const queue = named(later->queue))
      for (const auto& item : later->items) look_up(*queue, item.id);
  } else if (const auto* const edit = std::get_if<Edit>(&command)) {
    if (const Queue* const queue = named(edit->queue)) look_up(*queue, edit->id);
  } else if (const auto* const peek = std::get_if<Peek>(&command)) {
    const Queue* const queue = named(peek->queue);
    if (queue != nullptr && peek->id) look_up(*queue, *peek->id);
    if (queue != nullptr && !peek->id) list_pages(*queue, *peek, reads);
  }
  return reads;
}

std::optional<Page> Engine::page_before(const Command& command) {
  const auto* const c = std::get_if<Receive>(&command);
  if (c == nullptr) return std::nullopt;
  if (Queue* const queue = find(c->queue))
    if (auto page = stock_.page_before_taking(*queue, c->max)) return page;
  for (const std::string& name : c->then_from)
    if (Queue* const queue = find(name))
      if (auto page = stock_.page_before_taking(*queue, c->max)) return page;
  return std::nullopt;
}

void Engine::load(const Page& page, std::vector<Located> records, Instant now) {
  Queue* const queue = find(page.queue);
  if (queue == nullptr) return;
  stock_.load(*queue, page, std::move(records), now);
  reschedule(*queue);
  for (const QueueId id : stock_.take_shrunk())
    if (Queue* const shrunk = find(id)) reschedule(*shrunk);
}

void Engine::restore(const QueueRecord& record) {
  auto queue = std::make_unique<Queue>(record, options_.memory);
  Queue* const raw = queue.get();
  SELVAGE_CHECK(by_name_.emplace(record.name, std::move(queue)).second);
  SELVAGE_CHECK(by_id_.emplace(record.id, raw).second);
  last_queue_ = std::max(last_queue_, record.id);
  stock_.open(*raw);
  // No id came later than the last message.
  const Instant last = record.extent.last_time;
  if (raw->is_fifo() && last != Instant{}) deduplication_.restore(last);
  reschedule(*raw);
}

void Engine::restore(QueueId id, Seq seq, Message message, Instant now) {
  Queue* const queue = find(id);
  SELVAGE_CHECK(queue != nullptr);
  if (message.session && message.leased && message.vest > now)
    sessions_[message.session].leases.emplace(message.leased_at, id, seq);
  queue->messages.insert(seq, {std::move(message), kHeldPlace}, now);
  reschedule(*queue);
}

void Engine::restore(const std::map<SessionId, uint64_t>& sessions) {
  for (const auto& [id, generation] : sessions) sessions_[id].generation = generation;
}

void Engine::restore(const MoveTask& task, Instant now) {
  SELVAGE_CHECK(moves_.emplace(task.id, task).second);
  // Not at once: what recovery found can be looked at as it was.
  if (task.status == MoveTask::Status::kRunning) move_steps_.emplace(now + Duration(1), task.id);
}

void Engine::advance(Instant now, Mutations& out) {
  Context x{now, out, kNothingFound};
  while (!wakes_.empty() && wakes_.begin()->first <= now)
    advance_queue(*by_id_.at(wakes_.begin()->second), x);
  if (const auto first_left = deduplication_.expire(now))
    out.emplace_back(DropDeduplications{*first_left});
  advance_moves(x);
}

Instant Engine::next_event() const {
  const Instant wake = wakes_.empty() ? kNever : wakes_.begin()->first;
  const Instant step = move_steps_.empty() ? kNever : move_steps_.begin()->first;
  return std::min({wake, step, deduplication_.next_expiry()});
}

void Engine::flush(Mutations& out) {
  for (const QueueId id : std::exchange(dirty_, {}))
    if (Queue* const queue = find(id)) {
      Stock::raise_floor(*queue);
      out.emplace_back(PutQueue{queue->record});
    }
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

std::shared_ptr<const Policies> Engine::take_policies() {
  if (!std::exchange(policies_changed_, false)) return nullptr;
  Policies policies;
  for (const auto& [name, queue] : by_name_)
    if (!queue->record.config.policy.empty()) policies[name] = queue->record.config.policy;
  return std::make_shared<const Policies>(std::move(policies));
}

std::vector<SessionId> Engine::sessions() const {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  return ids;
}

void Engine::audit(Instant now) const {
  SELVAGE_CHECK(by_name_.size() == by_id_.size());
  size_t booked = 0;
  size_t wakes = 0;
  for (const auto& [name, queue] : by_name_) {
    SELVAGE_CHECK(queue->record.name == name && by_id_.at(queue->record.id) == queue.get());
    SELVAGE_CHECK(queue->wake == wake_of(*queue));
    wakes += queue->wake == kNever ? 0 : 1;
    SELVAGE_CHECK(queue->wake == kNever || wakes_.contains({queue->wake, queue->record.id}));
    SELVAGE_CHECK(queue->record.id <= last_queue_);
    queue->messages.audit(now);
    queue->messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
      const Message& message = entry.message;
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
  stock_.audit();
  deduplication_.audit();
  SELVAGE_CHECK(wakes == wakes_.size());
  size_t running = 0;
  for (const auto& [id, task] : moves_) {
    SELVAGE_CHECK(task.id == id && by_name_.contains(task.source));
    running += task.status == MoveTask::Status::kRunning ? 1 : 0;
  }
  for (const auto& [at, id] : move_steps_)
    SELVAGE_CHECK(moves_.at(id).status == MoveTask::Status::kRunning);
  SELVAGE_CHECK(running == move_steps_.size());
}

Queue* Engine::find(const std::string& name) {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second.get();
}

Queue* Engine::find(QueueId id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

void Engine::advance_queue(Queue& queue, Context& x) {
  queue.turn_gate(x.now);
  const MessageIndex::Vested vested = queue.messages.advance(x.now);
  for (const Seq seq : vested.delays_over) stock_.end_delay(queue, seq, x);
  if (!vested.delays_over.empty()) dirty_.insert(queue.id());
  for (const Seq seq : vested.run_out)
    if (queue.in_memory(seq)->session)
      fail(queue, seq, {.ended = x.now, .evidence = std::string(kLeaseRanOut)}, x);
  expire(queue, x);
  if (stock_.put_idle_back(queue, x)) dirty_.insert(queue.id());
  stock_.want_due_pages(queue, x.now);
  reschedule(queue);
}

void Engine::expire(Queue& queue, Context& x) {
  const Duration retention = queue.record.config.retention;
  for (auto oldest = queue.messages.oldest(); oldest && oldest->first + retention <= x.now;
       oldest = queue.messages.oldest()) {
    ++queue.record.totals.expired;
    remove(queue, *Stock::locate(queue, oldest->second, x), x);
  }
}

void Engine::touch(Queue& queue) {
  dirty_.insert(queue.record.id);
  reschedule(queue);
}

Instant Engine::wake_of(const Queue& queue) {
  Instant wake = queue.messages.next_vesting();
  if (const auto oldest = queue.messages.oldest())
    wake = std::min(wake, oldest->first + queue.record.config.retention);
  if (queue.most_in_flight < kMaxInFlight) wake = std::min(wake, queue.record.config.gate.until);
  return std::min(wake, queue.window.next_due(queue.terms()));
}

void Engine::reschedule(Queue& queue) {
  const QueueId id = queue.record.id;
  if (queue.messages.first_ready() && queue.has_room_in_flight()) woken_.insert(id);
  const Instant wake = wake_of(queue);
  if (wake == queue.wake) return;
  if (queue.wake != kNever) wakes_.erase({queue.wake, id});
  if (wake != kNever) wakes_.emplace(wake, id);
  queue.wake = wake;
}

}  // namespace selvage::queue
