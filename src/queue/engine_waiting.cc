// SPDX-License-Identifier: Apache-2.0
// Messages that nobody holds: looking at them, taking them back, moving them in time or elsewhere.
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_change.h"

namespace selvage::queue {
namespace {

MessageState state_of(const Message& message, Instant now) {
  if (message.leased) return MessageState::kInFlight;
  return message.vest > now ? MessageState::kDelayed : MessageState::kVisible;
}

// A page looks at no more messages than this to find those of a state: it may then be short.
constexpr size_t kMaxLookedAt = 10'000;

}  // namespace

Reply Engine::run(Peek& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  Peeked page;
  const auto add = [&](Seq seq, const Message& message) {
    page.messages.push_back(show(*queue, seq));
    page.messages.back().receipt.token = {};
    page.messages.back().state = state_of(message, x.now);
  };
  if (c.id) {
    Seq seq;
    if (const Message* const message = queue->messages.find(*c.id, seq)) add(seq, *message);
    return page;
  }
  std::optional<std::pair<Instant, Seq>> after;
  if (c.after) after.emplace(c.after->retained_from, c.after->seq);
  std::optional<PeekPlace> last;
  size_t looked_at = 0;
  queue->messages.walk(after, [&](Seq seq, const Message& message) {
    const bool is_wanted = !c.state || state_of(message, x.now) == *c.state;
    const bool is_full = is_wanted && page.messages.size() == c.max;
    if (is_full || looked_at++ == kMaxLookedAt) {
      page.next = last;
      return false;
    }
    last = {message.retained_from, seq};
    if (is_wanted) add(seq, message);
    return true;
  });
  return page;
}

Reply Engine::run(Cancel& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  ItemResults results;
  for (const MessageId id : c.ids) {
    Seq seq;
    const Message* const message = queue->messages.find(id, seq);
    if (message == nullptr || message->leased) {
      results.emplace_back(
          std::unexpected(message == nullptr ? Refusal::kNoMessage : Refusal::kHeld));
      continue;
    }
    ++queue->record.totals.deleted;
    remove(*queue, seq, x);
    results.emplace_back(Done{});
  }
  return results;
}

Reply Engine::run(Reschedule& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  ItemResults results;
  for (const Reschedule::Item& item : c.items) results.push_back(reschedule(*queue, item, x));
  return results;
}

OrRefusal<Done> Engine::reschedule(Queue& queue, const Reschedule::Item& item, Context& x) {
  Queue* const target = item.to.empty() ? &queue : find(item.to);
  if (target == nullptr) return std::unexpected(Refusal::kNoDestination);
  if (item.delay && target->is_fifo()) return std::unexpected(Refusal::kNotForFifo);
  Seq seq;
  const Message* const found = queue.messages.find(item.id, seq);
  if (found == nullptr) return std::unexpected(Refusal::kNoMessage);
  if (found->leased) return std::unexpected(Refusal::kHeld);
  if (target->is_fifo() != queue.is_fifo()) return std::unexpected(Refusal::kDeadLetterKind);
  if (found->size > target->record.config.max_message_bytes)
    return std::unexpected(Refusal::kTooLarge);
  Message edited = *found;
  if (item.delay) {
    edited.vest = x.now + *item.delay;
    edited.retained_from = std::max(edited.retained_from, edited.vest);
  }
  if (target == &queue) {
    change(queue, seq, x, [&](Message& message) { message = edited; });
    return Done{};
  }
  ++queue.record.totals.moved;
  move({&queue, seq}, *target, std::move(edited), x);
  return Done{};
}

Engine::Place Engine::move(Place place, Queue& to, Message edited, Context& x) {
  auto& [queue, seq] = place;
  Queue& from = *queue;
  const Message& former = *from.messages.find(seq);
  SELVAGE_CHECK(&from != &to && !edited.leased);
  const Seq moved{++to.record.last_seq.value};
  x.out.emplace_back(DropMessage{from.record.id, seq, former.vest});
  x.out.emplace_back(MovePayload{from.record.id, seq, to.record.id, moved, former.has_evidence});
  from.messages.remove(seq);
  touch(from);
  x.out.emplace_back(PutMessage{to.record.id, moved, edited});
  to.messages.insert(moved, std::move(edited), x.now);
  ++to.record.totals.sent;
  touch(to);
  return {&to, moved};
}

}  // namespace selvage::queue
