// SPDX-License-Identifier: Apache-2.0
// Sending, receiving, deleting: Amazon's part of the engine.
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_change.h"

namespace selvage::queue {

Sent Engine::add(Queue& queue, NewMessage&& message, Context& x) {
  const Seq seq{++queue.record.last_seq.value};
  Message stored;
  stored.id = Uuid::from_random(random_.next(), random_.next());
  stored.sent = x.now;
  stored.vest = x.now + message.delay.value_or(queue.record.config.delay);
  stored.size = message.size;
  stored.artifact = message.artifact;
  x.out.emplace_back(PutPayload{queue.record.id, seq, std::move(message.payload)});
  x.out.emplace_back(PutMessage{queue.record.id, seq, stored});
  if (stored.artifact) x.out.emplace_back(KeepArtifact{stored.artifact});
  queue.messages.insert(seq, stored, x.now);
  ++queue.record.totals.sent;
  touch(queue);
  return {stored.id, seq};
}

void Engine::remove(Queue& queue, Seq seq, Context& x) {
  end_lease(queue, seq);
  const Message& message = *queue.messages.find(seq);
  x.out.emplace_back(DropMessage{queue.record.id, seq, message.vest});
  x.out.emplace_back(DropPayload{queue.record.id, seq, message.has_evidence});
  if (message.artifact) x.out.emplace_back(ReleaseArtifact{message.artifact});
  queue.messages.remove(seq);
  touch(queue);
}

Reply Engine::run(Send& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  std::vector<OrRefusal<Sent>> results;
  for (NewMessage& message : c.messages) {
    if (message.size > queue->record.config.max_message_bytes)
      results.emplace_back(std::unexpected(Refusal::kTooLarge));
    else
      results.emplace_back(add(*queue, std::move(message), x));
  }
  return results;
}

Reply Engine::run(Receive& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  if (c.session && !sessions_.contains(c.session)) return Refusal::kNoSession;
  advance_queue(*queue, x);
  if (queue->messages.in_flight() >= kMaxInFlight) return Refusal::kOverLimit;

  std::vector<Delivery> deliveries;
  while (deliveries.size() < c.max) {
    const auto seq = queue->messages.first_ready();
    if (!seq) break;
    const auto& redrive = queue->record.config.redrive;
    if (redrive && queue->messages.find(*seq)->taken >= redrive->max_receives &&
        dead_letter(*queue, *seq, x))
      continue;
    deliveries.push_back(lease(*queue, *seq, c, x));
    if (queue->messages.in_flight() >= kMaxInFlight) break;
  }
  return deliveries;
}

Delivery Engine::lease(Queue& queue, Seq seq, const Receive& c, Context& x) {
  const Duration visibility = c.visibility.value_or(queue.record.config.visibility);
  LeaseToken token{random_.next() | 1};  // never none
  change(queue, seq, x, [&](Message& message) {
    if (message.first_received == Instant{}) message.first_received = x.now;
    ++message.taken;
    message.vest = x.now + visibility;
    message.leased_at = x.now;
    message.token = token;
    message.session = c.session;
    message.leased = visibility > Duration{0};
  });
  if (c.session) sessions_.at(c.session).leases.emplace(x.now, queue.record.id, seq);
  ++queue.record.totals.received;
  return {.receipt = {queue.record.id, seq, token},
          .message = *queue.messages.find(seq),
          .payload = {},
          .evidence = {}};
}

Reply Engine::run(Delete& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  ItemResults results;
  for (const Receipt& receipt : c.receipts) {
    if (receipt.queue != queue->record.id) {
      results.emplace_back(std::unexpected(Refusal::kForeignReceipt));
      continue;
    }
    // A receipt that is not the newest succeeds and deletes nothing, as the service's does.
    const Message* const message = queue->messages.find(receipt.seq);
    if (message != nullptr && message->token == receipt.token) {
      ++queue->record.totals.deleted;
      remove(*queue, receipt.seq, x);
    }
    results.emplace_back(Done{});
  }
  return results;
}

Reply Engine::run(ChangeVisibility& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  ItemResults results;
  for (const ChangeVisibility::Item& item : c.items)
    results.push_back(change_visibility(*queue, item, x));
  return results;
}

OrRefusal<Done> Engine::change_visibility(Queue& queue, const ChangeVisibility::Item& item,
                                          Context& x) {
  if (item.receipt.queue != queue.record.id) return std::unexpected(Refusal::kForeignReceipt);
  const Message* const message = queue.messages.find(item.receipt.seq);
  if (message == nullptr || !message->leased || message->token != item.receipt.token)
    return std::unexpected(Refusal::kNotInFlight);
  if (x.now + item.timeout > message->leased_at + kMaxLease)
    return std::unexpected(Refusal::kLeaseTooLong);
  if (item.timeout <= Duration{0}) end_lease(queue, item.receipt.seq);
  change(queue, item.receipt.seq, x, [&](Message& m) { m.vest = x.now + item.timeout; });
  return Done{};
}

}  // namespace selvage::queue
