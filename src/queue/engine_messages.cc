// SPDX-License-Identifier: Apache-2.0
// Sending, receiving, deleting: Amazon's part of the engine.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_hold.h"
#include "queue/message_id.h"

namespace selvage::queue {
namespace {

// SQS: a message's delay is 15 minutes at most. Ours may be longer, and then its retention begins
// when it is over: nothing may expire before it could be received.
constexpr Duration kAmazonsLongestDelay = std::chrono::minutes(15);
// A lease of no time still lets one receive take a message once only.
constexpr Duration kShortestLease = std::chrono::microseconds(1);

const std::string& id_of(const NewMessage& message) {
  return message.deduplication_id.empty() ? message.content_digest : message.deduplication_id;
}

// The store has no other than reads() has asked for, but for what this command has sent itself.
std::optional<Sent> first_of(QueueId queue, const std::string& key, const Context& x) {
  const auto is_it = [&](const PutDeduplication& first) {
    return first.at.queue == queue && first.at.key == key && first.until > x.now;
  };
  const auto sent = [](const PutDeduplication& first) {
    return Sent{first.id, place_of(first.id)};
  };
  for (const PutDeduplication& first : x.found.ids)
    if (is_it(first)) return sent(first);
  for (const size_t i : x.remembered)
    if (const auto& first = std::get<PutDeduplication>(x.out[i]); is_it(first)) return sent(first);
  return std::nullopt;
}

}  // namespace

bool Engine::is_throttled(Queue& queue, Throttle::Action action, Instant now) const {
  if (!options_.aws_timers || !queue.is_fifo()) return false;
  if (queue.record.config.fifo->throughput_per_group) return false;
  return queue.throttle.is_over(action, kFifoCallsPerSecond, now);
}

std::optional<Refusal> Engine::problem_of(const Queue& queue, const NewMessage& message) const {
  const QueueConfig& config = queue.record.config;
  if (message.size > config.max_message_bytes) return Refusal::kTooLarge;
  if (!config.fifo)
    return message.deduplication_id.empty() ? std::nullopt
                                            : std::optional(Refusal::kNotForStandard);
  if (message.group.empty()) return Refusal::kNoGroup;
  if (message.delay.value_or(Duration{0}) > Duration{0}) return Refusal::kNotForFifo;
  const bool by_content =
      config.fifo->content_based_deduplication && !message.content_digest.empty();
  if (message.deduplication_id.empty() && !by_content) return Refusal::kNoDeduplicationId;
  return std::nullopt;
}

void Engine::look_up_doubles(const Send& c, Reads& reads) {
  const Queue* const queue = find(c.queue);
  if (queue == nullptr || !queue->is_fifo()) return;
  for (const NewMessage& message : c.messages)
    look_up_double(*queue, message.group, id_of(message), reads);
}

void Engine::look_up_double(const Queue& queue, std::string_view group, std::string_view id,
                            Reads& reads) const {
  if (id.empty()) return;  // it will be refused
  deduplication_.look_up(queue.id(), Deduplication::key(*queue.record.config.fifo, group, id),
                         reads.ids);
}

Sent Engine::send(Queue& queue, NewMessage&& message, Context& x) {
  if (!queue.is_fifo()) return add(queue, std::move(message), x);
  if (message.deduplication_id.empty()) message.deduplication_id = message.content_digest;
  std::string key =
      Deduplication::key(*queue.record.config.fifo, message.group, message.deduplication_id);
  if (const auto first = first_of(queue.id(), key, x)) return *first;
  message.delay.reset();  // a FIFO queue's is for all
  const Sent sent = add(queue, std::move(message), x);
  SELVAGE_CHECK(place_of(sent.id) == sent.seq);
  IdPlace at = deduplication_.remember(queue.id(), std::move(key), x.now);
  x.remembered.push_back(x.out.size());
  x.out.emplace_back(PutDeduplication{std::move(at), sent.id, x.now + kDeduplicationWindow});
  return sent;
}

Sent Engine::add(Queue& queue, NewMessage&& message, Context& x) {
  const Seq seq{++queue.record.last_seq.value};
  const Duration delay = message.delay.value_or(queue.record.config.delay);
  Message stored;
  stored.id = make_message_id(seq, random_.next());
  stored.sent = x.now;
  stored.vest = x.now + delay;
  stored.retained_from = delay > kAmazonsLongestDelay ? stored.vest : x.now;
  stored.size = message.size;
  stored.artifact = message.artifact;
  stored.group = std::move(message.group);
  stored.deduplication_id = std::move(message.deduplication_id);
  const Sent sent{stored.id, seq};
  const Place place = Stock::place_for(queue, stored, x.now);
  x.out.emplace_back(PutPayload{queue.id(), seq, Stock::home_of(stored, place),
                                std::move(message.payload), stored.artifact});
  stock_.enter(queue, seq, {std::move(stored), place}, x);
  ++queue.record.totals.sent;
  touch(queue);
  return sent;
}

void Engine::remove(Queue& queue, const Standing& at, Context& x) {
  if (at.place.is_held()) end_lease(queue, at.seq);
  const Message& message = *at.message;
  x.out.emplace_back(
      DropPayload{queue.id(), at.seq, message.id, message.has_evidence, message.artifact});
  stock_.leave(queue, at, x);
  touch(queue);
}

Reply Engine::run(Send& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  if (is_throttled(*queue, Throttle::kSend, x.now)) return Refusal::kThrottled;
  std::vector<OrRefusal<Sent>> results;
  for (NewMessage& message : c.messages) {
    if (const auto problem = problem_of(*queue, message))
      results.emplace_back(std::unexpected(*problem));
    else
      results.emplace_back(send(*queue, std::move(message), x));
  }
  return results;
}

Reply Engine::run(Receive& c, Context& x) {
  std::vector<Queue*> queues = {find(c.queue)};
  for (const std::string& name : c.then_from) queues.push_back(find(name));
  if (std::ranges::find(queues, nullptr) != queues.end()) return Refusal::kNoSuchQueue;
  if (c.session && !sessions_.contains(c.session)) return Refusal::kNoSession;
  std::vector<Delivery> deliveries;
  std::optional<Refusal> refusal;
  for (Queue* const queue : queues)
    if (const auto problem = receive(*queue, c, deliveries, x)) refusal = problem;
  if (refusal && deliveries.empty()) return *refusal;
  return deliveries;
}

// Takes what there is, up to c.max together with what `deliveries` has already.
std::optional<Refusal> Engine::receive(Queue& queue, const Receive& c,
                                       std::vector<Delivery>& deliveries, Context& x) {
  if (!c.again && is_throttled(queue, Throttle::kReceive, x.now)) return Refusal::kThrottled;
  advance_queue(queue, x);
  const bool is_attempt = queue.is_fifo() && !c.attempt.empty();
  if (is_attempt) {
    const auto repeated = repeat(queue, c, deliveries, x);
    if (!repeated) return repeated.error();
    if (*repeated) return std::nullopt;
  }
  if (!queue.has_room_in_flight())
    return queue.most_in_flight < kMaxInFlight || queue.is_fifo()
               ? std::nullopt
               : std::optional(Refusal::kOverLimit);

  Attempts::Leases leases;
  const auto& redrive = queue.record.config.redrive;
  auto seq = queue.messages.first_ready();
  while (seq && deliveries.size() < c.max && queue.has_room_in_flight()) {
    if (Stock::may_be_preceded(queue, *seq)) break;
    const Message& message = *queue.in_memory(*seq);
    const std::string group = message.group;
    const bool is_spent = redrive && message.taken >= redrive->max_receives;
    if (!is_spent || !dead_letter(queue, *seq, nullptr, x)) {
      deliveries.push_back(lease(queue, *seq, c, x));
      const Delivery& given = deliveries.back();
      if (is_attempt) leases.push_back({*seq, given.receipt.token, given.message.vest});
    }
    seq = queue.messages.next_ready(group);
  }
  if (!leases.empty()) queue.attempts.remember(c.attempt, std::move(leases), x.now);
  return std::nullopt;
}

// Gives what the attempt was given before, its leases begun anew. False when there is none, or its
// leases ran out: then it is a receive like any other.
OrRefusal<bool> Engine::repeat(Queue& queue, const Receive& c, std::vector<Delivery>& deliveries,
                               Context& x) {
  const Attempts::Leases* const known = queue.attempts.find(c.attempt, x.now);
  if (known == nullptr) return false;
  for (const Attempts::Lease& lease : *known) {
    const Message* const m = queue.in_memory(lease.seq);
    if (m == nullptr) return std::unexpected(Refusal::kAttemptChanged);
    if (m->token != lease.token) return false;  // run out, and leased anew
    if (m->vest != lease.until) return std::unexpected(Refusal::kAttemptChanged);
    if (!m->leased) return false;
  }
  Attempts::Leases leases = *known;
  const Duration visibility = c.visibility.value_or(queue.record.config.visibility);
  for (Attempts::Lease& lease : leases) {
    lease.until = x.now + std::max(visibility, kShortestLease);
    hold(queue, lease.seq, x, [&](Message& message) { message.vest = lease.until; });
    deliveries.push_back(show(queue, lease.seq, *queue.in_memory(lease.seq)));
  }
  queue.attempts.renew(c.attempt, std::move(leases));
  return true;
}

Delivery Engine::lease(Queue& queue, Seq seq, const Receive& c, Context& x) {
  const Duration visibility = c.visibility.value_or(queue.record.config.visibility);
  const LeaseToken token = next_token(queue.in_memory(seq)->token, random_.next());
  queue.messages.charge(seq);
  hold(queue, seq, x, [&](Message& message) {
    if (message.first_received == Instant{}) message.first_received = x.now;
    ++message.taken;
    message.vest = x.now + std::max(visibility, kShortestLease);
    message.leased_at = x.now;
    message.token = token;
    message.session = c.session;
    message.leased = true;
  });
  if (c.session) sessions_.at(c.session).leases.emplace(x.now, queue.record.id, seq);
  ++queue.record.totals.received;
  return show(queue, seq, *queue.in_memory(seq));
}

Delivery Engine::show(const Queue& queue, Seq seq, const Message& message) {
  return {.receipt = {queue.record.id, seq, message.token},
          .message = message,
          .payload = {},
          .evidence = {},
          .queue = queue.record.name};
}

Reply Engine::run(Delete& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  if (is_throttled(*queue, Throttle::kDelete, x.now)) return Refusal::kThrottled;
  advance_queue(*queue, x);
  ItemResults results;
  for (const Receipt& receipt : c.receipts) results.push_back(settle(*queue, receipt, x));
  return results;
}

// On a standard queue a receipt of an earlier lease does it too, as at the service: its work is
// done. A FIFO queue refuses it, because its group may have gone on. One that was revoked deletes
// nothing.
OrRefusal<Done> Engine::settle(Queue& queue, const Receipt& receipt, Context& x) {
  if (receipt.queue != queue.record.id) return std::unexpected(Refusal::kForeignReceipt);
  const auto at = Stock::locate(queue, receipt.seq, x);
  if (!at) return Done{};
  const Message* const message = at->message;
  if (queue.is_fifo() && (message->token != receipt.token || !message->leased))
    return std::unexpected(Refusal::kLeaseExpired);
  if (!precedes(receipt.token, message->token)) return Done{};
  ++queue.record.totals.deleted;
  remove(queue, *at, x);
  return Done{};
}

Reply Engine::run(ChangeVisibility& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  if (is_throttled(*queue, Throttle::kChangeVisibility, x.now)) return Refusal::kThrottled;
  advance_queue(*queue, x);
  ItemResults results;
  for (const ChangeVisibility::Item& item : c.items)
    results.push_back(change_visibility(*queue, item, x));
  return results;
}

OrRefusal<Done> Engine::change_visibility(Queue& queue, const ChangeVisibility::Item& item,
                                          Context& x) {
  if (item.receipt.queue != queue.record.id) return std::unexpected(Refusal::kForeignReceipt);
  const auto at = Stock::locate(queue, item.receipt.seq, x);
  if (!at) return std::unexpected(Refusal::kNoMessage);
  const Message* const message = at->message;
  const bool is_holder = queue.is_fifo() ? message->token == item.receipt.token
                                         : precedes(item.receipt.token, message->token);
  if (!at->in_memory || !message->leased || !is_holder)
    return std::unexpected(queue.is_fifo() ? Refusal::kLeaseExpired : Refusal::kNotInFlight);
  if (x.now + item.timeout > message->leased_at + kMaxLease)
    return std::unexpected(Refusal::kLeaseTooLong);
  if (item.timeout <= Duration{0}) end_lease(queue, item.receipt.seq);
  hold(queue, item.receipt.seq, x, [&](Message& m) { m.vest = x.now + item.timeout; });
  return Done{};
}

}  // namespace selvage::queue
