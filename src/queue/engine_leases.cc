// SPDX-License-Identifier: Apache-2.0
// Sessions, hand-over and every way in which an attempt can end: our part of the engine.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_hold.h"

namespace selvage::queue {
namespace {

// The vesting time of a first redo: before everything that waits.
constexpr Instant kHead{};

using GroupAndId = std::pair<std::string, std::string>;

// An output that names no group goes on in its input's; it is the double of nothing but itself.
GroupAndId fifo_names(const NewMessage& output, const Message& input, size_t index) {
  GroupAndId names{output.group, output.deduplication_id};
  auto& [group, id] = names;
  if (group.empty()) group = input.group.empty() ? input.id.to_string() : input.group;
  if (id.empty()) id = input.id.to_string() + "/" + std::to_string(index);
  return names;
}

}  // namespace

Reply Engine::run(OpenSession& c, Context& x) {
  if (c.resume) {
    const auto known =
        c.may_be_new ? sessions_.try_emplace(c.resume).first : sessions_.find(c.resume);
    if (known == sessions_.end()) return Refusal::kNoSession;
    if (!c.holds_all) give_back_unknown(known->second, c.holding, x);
    return Opened{c.resume, ++known->second.generation};
  }
  const SessionId id{random_.next() | 1};
  return Opened{id, ++sessions_[id].generation};
}

void Engine::give_back_unknown(Session& session, const std::vector<Receipt>& holding, Context& x) {
  const auto leases = session.leases;
  for (const auto& [since, id, seq] : leases) {
    Queue& queue = *find(id);
    const Receipt lease{id, seq, queue.in_memory(seq)->token};
    if (std::ranges::find(holding, lease) != holding.end()) continue;
    ++queue.record.totals.returned;
    give_back(queue, seq, Duration{0}, x);
  }
}

// A consumer works its leases in the order in which it got them, so only the oldest can have been
// under way: that one loses an attempt, the others were deliveries that never started.
Reply Engine::run(CloseSession& c, Context& x) {
  const auto at = sessions_.find(c.session);
  if (at == sessions_.end() || c.generation < at->second.generation) return Refusal::kNoSession;
  bool under_way = !c.orderly;
  const auto leases = at->second.leases;
  for (const auto& [since, id, seq] : leases) {
    Queue& queue = *find(id);
    ++(c.orderly ? queue.record.totals.returned : queue.record.totals.revoked);
    if (under_way)
      fail(queue, seq, {.ended = x.now, .evidence = c.evidence, .died = true}, x);
    else
      give_back(queue, seq, Duration{0}, x);
    under_way = false;
  }
  sessions_.erase(c.session);
  return Done{};
}

Queue* Engine::holder_queue(const Receipt& receipt) {
  Queue* const queue = find(receipt.queue);
  if (queue == nullptr) return nullptr;
  const Message* const message = queue->in_memory(receipt.seq);
  if (message == nullptr || message->token != receipt.token || !receipt.token) return nullptr;
  // A lease of a session or of a FIFO queue is over when its time is; an ordinary one holds until
  // somebody else's.
  if ((message->session || queue->is_fifo()) && !message->leased) return nullptr;
  return queue;
}

void Engine::end_lease(Queue& queue, Seq seq) {
  const Message& message = *queue.in_memory(seq);
  if (!message.session) return;
  const auto session = sessions_.find(message.session);
  if (session != sessions_.end())
    session->second.leases.erase({message.leased_at, queue.record.id, seq});
}

void Engine::look_up_doubles(const HandOver& c, Reads& reads) {
  for (const HandOver::Item& item : c.items) {
    const Queue* const input = holder_queue(item.receipt);
    if (input == nullptr) continue;
    size_t index = 0;
    for (const HandOver::Output& output : item.outputs) {
      const size_t place = index++;
      const Queue* const target = find(output.queue);
      if (target == nullptr || !target->is_fifo()) continue;
      const Message& message = *input->in_memory(item.receipt.seq);
      const auto [group, id] = fifo_names(output.message, message, place);
      look_up_double(*target, group, id, reads);
    }
  }
}

Reply Engine::run(HandOver& c, Context& x) {
  ItemResults results;
  for (HandOver::Item& item : c.items) results.push_back(hand_over(item, x));
  return results;
}

OrRefusal<Done> Engine::hand_over(HandOver::Item& item, Context& x) {
  Queue* const input = holder_queue(item.receipt);
  if (input == nullptr) return std::unexpected(Refusal::kLeaseGone);
  if (item.refused) return std::unexpected(*item.refused);
  size_t index = 0;
  for (HandOver::Output& output : item.outputs) {
    const Queue* const target = find(output.queue);
    if (target == nullptr) return std::unexpected(Refusal::kNoSuchQueue);
    if (target->is_fifo())
      std::tie(output.message.group, output.message.deduplication_id) =
          fifo_names(output.message, *input->in_memory(item.receipt.seq), index);
    if (const auto problem = problem_of(*target, output.message)) return std::unexpected(*problem);
    ++index;
  }
  ++input->record.totals.handed_over;
  remove(*input, *Stock::locate(*input, item.receipt.seq, x), x);
  for (HandOver::Output& output : item.outputs)
    send(*find(output.queue), std::move(output.message), x);
  return Done{};
}

Reply Engine::run(Return& c, Context& x) {
  ItemResults results;
  for (const Return::Item& item : c.items) {
    Queue* const queue = holder_queue(item.receipt);
    if (queue == nullptr) {
      results.emplace_back(std::unexpected(Refusal::kLeaseGone));
      continue;
    }
    ++queue->record.totals.returned;
    give_back(*queue, item.receipt.seq, item.delay, x);
    results.emplace_back(Done{});
  }
  return results;
}

// Nothing is burnt: the delivery does not count. Without a delay the message stands where it stood
// before it was taken, ahead of what was sent later.
void Engine::give_back(Queue& queue, Seq seq, Duration delay, Context& x) {
  end_lease(queue, seq);
  hold(queue, seq, x, [&](Message& message) {
    message.taken -= message.taken > 0 ? 1 : 0;
    message.vest = delay > Duration{0} ? x.now + delay : message.sent;
    message.revoke();
  });
}

Reply Engine::run(Fail& c, Context& x) {
  std::vector<OrRefusal<Failed>> results;
  for (Fail::Item& item : c.items) {
    Queue* const queue = holder_queue(item.receipt);
    if (queue == nullptr)
      results.emplace_back(std::unexpected(Refusal::kLeaseGone));
    else
      results.emplace_back(
          fail(*queue, item.receipt.seq,
               {std::min(item.ended, x.now), std::move(item.evidence), item.poison, item.died}, x));
  }
  return results;
}

Failed Engine::fail(Queue& queue, Seq seq, Failure failure, Context& x) {
  end_lease(queue, seq);
  const Retry& retry = queue.record.config.retry;
  const uint32_t failed = queue.in_memory(seq)->failed + 1;
  const uint32_t deaths = queue.in_memory(seq)->deaths + (failure.died ? 1 : 0);
  ++queue.record.totals.failed;

  const bool kills = failure.died && deaths >= retry.deaths;
  const bool is_last = failure.poison || kills || failed >= retry.attempts;
  if (is_last && dead_letter(queue, seq, &failure, x)) return {true, Duration{0}};
  Duration delay = retry.backoff_max;
  if (!is_last) delay = failed == 1 ? Duration{0} : backoff(retry, failed);
  hold(queue, seq, x, [&](Message& message) {
    message.has_evidence = message.has_evidence || !failure.evidence.empty();
    message.freed = failure.ended;
    message.failed = failed;
    message.deaths = deaths;
    message.vest = delay > Duration{0} ? x.now + delay : kHead;
    message.revoke();
  });
  if (!failure.evidence.empty())
    x.out.emplace_back(AddEvidence{queue.id(), seq, failure.ended, std::move(failure.evidence)});
  return {false, delay};
}

bool Engine::dead_letter(Queue& queue, Seq seq, Failure* failure, Context& x) {
  const auto& redrive = queue.record.config.redrive;
  Queue* const target = redrive ? find(redrive->dead_letter_queue) : nullptr;
  if (target == nullptr || target == &queue) return false;
  if (target->is_fifo() != queue.is_fifo()) return false;

  const Standing from = *Stock::locate(queue, seq, x);
  if (from.place.is_held()) end_lease(queue, seq);
  Message message = *from.message;
  message.vest = x.now;
  message.taken_before += message.taken;
  message.taken = message.failed = message.deaths = 0;
  message.revoke();
  message.source = queue.record.name;
  if (target->is_fifo()) {
    // Two messages of one id both survive, and its age begins anew (the guide, dead-letter queues).
    message.deduplication_id = message.id.to_string();
    message.sent = message.retained_from = x.now;
  }
  if (failure != nullptr) {
    message.freed = failure->ended;
    message.has_evidence = message.has_evidence || !failure->evidence.empty();
  }
  ++queue.record.totals.dead_lettered;
  const Seq there = move({queue, from}, *target, std::move(message), x);
  if (failure != nullptr && !failure->evidence.empty())
    x.out.emplace_back(
        AddEvidence{target->id(), there, failure->ended, std::move(failure->evidence)});
  return true;
}

// Doubles from backoff_min with each failure after the second, up to backoff_max; the upper half of
// that is random, so that what failed together is not retried together.
Duration Engine::backoff(const Retry& retry, uint32_t failed) {
  Duration full = retry.backoff_min;
  for (uint32_t n = 2; n < failed && full < retry.backoff_max; ++n) full *= 2;
  full = std::min(full, retry.backoff_max);
  const auto half = static_cast<uint64_t>(full.count() / 2);
  return full - Duration(static_cast<int64_t>(random_.next() % (half + 1)));
}

}  // namespace selvage::queue
