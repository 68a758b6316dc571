// SPDX-License-Identifier: Apache-2.0
// Messages that nobody holds: looking at them, taking them back, moving them in time or elsewhere.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/engine_hold.h"

namespace selvage::queue {
namespace {

// A page looks at no more messages than this to find those of a state: it may then be short.
constexpr uint32_t kMaxLookedAt = 10'000;

MessageState state_of(const Message& message, Instant now) {
  if (message.leased) return MessageState::kInFlight;
  return message.vest > now ? MessageState::kDelayed : MessageState::kVisible;
}

// Messages are looked at by when they came, or when their delay ends: in the order of the lanes.
PeekPlace place_of(const Place& place, Seq seq, const Message& message) {
  return {place.is_held() ? message.sent : place.time, seq};
}

bool is_after(const PeekPlace& place, const std::optional<PeekPlace>& after) {
  return !after || std::pair(after->time, after->seq) < std::pair(place.time, place.seq);
}

// In another queue its retention begins anew, or it might expire by being moved. One that comes
// back to where it died is no dead letter any more.
void begin_anew(Message& message, const Queue& target, Instant now) {
  message.retained_from = std::max(message.retained_from, now);
  if (target.is_fifo()) message.sent = message.retained_from = now;  // in line by when it came
  if (message.source != target.record.name) return;
  message.source.clear();
  message.taken_before += message.taken;
  message.taken = message.failed = 0;
}

}  // namespace

// What is held is in memory; of each lane the next page is enough to find the next messages of all.
void Engine::list_pages(const Queue& queue, const Peek& c, Reads& reads) const {
  const Extent& extent = queue.record.extent;
  Position from;
  if (c.after) from = {c.after->time, {c.after->seq.value + 1}};
  const uint32_t limit = std::min(c.max, kMaxLookedAt) + 1;
  const auto add = [&](Lane lane) { reads.pages.push_back({queue.id(), lane, from, limit}); };
  const auto is_wanted = [&](MessageState state) { return !c.state || *c.state == state; };
  if (extent.delayed > 0 && is_wanted(MessageState::kDelayed)) add(kDelayedLane);
  if (extent.visible == 0 || !is_wanted(MessageState::kVisible)) return;
  for (Lane lane = 0; lane < kVisibleLanes; ++lane)
    if (extent.lanes.test(lane)) add(lane);
}

Reply Engine::run(Peek& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  std::vector<Standing> found;
  const auto consider = [&](const std::optional<Standing>& at) {
    if (!at || (c.state && state_of(*at->message, x.now) != *c.state)) return;
    if (c.id || is_after(place_of(at->place, at->seq, *at->message), c.after)) found.push_back(*at);
  };
  if (c.id) {
    consider(Stock::locate(*queue, *c.id, x));
  } else {
    for (const Located& located : x.found.messages) consider(Stock::locate(*queue, located.seq, x));
    queue->messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
      if (entry.place.is_held()) consider(Standing{seq, entry.place, &entry.message});
    });
  }
  const auto order = [](const Standing& at) {
    const PeekPlace place = place_of(at.place, at.seq, *at.message);
    return std::pair(place.time, place.seq);
  };
  std::ranges::sort(found, {}, order);
  Peeked page;
  PeekPlace last;
  for (const Standing& at : found) {
    if (page.messages.size() == c.max) {
      page.next = last;
      break;
    }
    page.messages.push_back(show(*queue, at.seq, *at.message));
    page.messages.back().receipt.token = {};
    page.messages.back().state = state_of(*at.message, x.now);
    last = place_of(at.place, at.seq, *at.message);
  }
  return page;
}

Reply Engine::run(Cancel& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  ItemResults results;
  for (const MessageId id : c.ids) {
    const auto at = Stock::locate(*queue, id, x);
    if (!at || at->message->leased) {
      results.emplace_back(std::unexpected(at ? Refusal::kHeld : Refusal::kNoMessage));
      continue;
    }
    ++queue->record.totals.deleted;
    remove(*queue, *at, x);
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
  const auto at = Stock::locate(queue, item.id, x);
  if (!at) return std::unexpected(Refusal::kNoMessage);
  const Message& message = *at->message;
  if (message.leased) return std::unexpected(Refusal::kHeld);
  if (target->is_fifo() != queue.is_fifo()) return std::unexpected(Refusal::kDeadLetterKind);
  if (message.size > target->record.config.max_message_bytes)
    return std::unexpected(Refusal::kTooLarge);
  Message edited = message;
  if (item.delay) {
    edited.vest = x.now + *item.delay;
    edited.retained_from = edited.vest;  // nothing expires before it can be received
  }
  if (target != &queue) {
    begin_anew(edited, *target, x.now);
    // A FIFO queue has one delay for all, from when they came; what it waited for is over.
    const Instant came = std::max(target->record.extent.last_time, edited.sent);
    if (target->is_fifo() && edited.vest > x.now) edited.vest = came + target->record.config.delay;
    ++queue.record.totals.moved;
    move({queue, *at}, *target, std::move(edited), x);
  } else if (item.delay) {
    stock_.relocate(queue, *at, std::move(edited), x);
    touch(queue);
  }
  return Done{};
}

Reply Engine::run(Edit& c, Context& x) {
  Queue* const queue = find(c.queue);
  if (queue == nullptr) return Refusal::kNoSuchQueue;
  advance_queue(*queue, x);
  const auto at = Stock::locate(*queue, c.id, x);
  if (!at) return Refusal::kNoMessage;
  if (at->message->leased) return Refusal::kHeld;
  if (c.size > queue->record.config.max_message_bytes) return Refusal::kTooLarge;
  const Seq seq = at->seq;
  if (at->place.is_held()) {
    hold(*queue, seq, x, [&](Message& message) { message.size = c.size; });
  } else {
    Message edited = *at->message;
    edited.size = c.size;
    stock_.replace(*queue, *at, std::move(edited), x);
    touch(*queue);
  }
  x.out.emplace_back(ReplacePayload{queue->id(), seq, std::move(c.payload)});
  return Done{};
}

Seq Engine::move(const Origin& origin, Queue& to, Message edited, Context& x) {
  const auto& [queue, from] = origin;
  SELVAGE_CHECK(&queue != &to && !edited.leased);
  const Seq moved{++to.record.last_seq.value};
  const Place place = Stock::place_for(to, edited, x.now);
  x.out.emplace_back(MovePayload{queue.id(), from.seq, from.message->id, to.id(), moved, edited.id,
                                 Stock::home_of(edited, place), from.message->has_evidence,
                                 edited.artifact});
  stock_.leave(queue, from, x);
  touch(queue);
  stock_.enter(to, moved, {std::move(edited), place}, x);
  ++to.record.totals.sent;
  touch(to);
  return moved;
}

}  // namespace selvage::queue
