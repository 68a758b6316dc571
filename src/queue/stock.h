// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the messages of all queues stand: each one's record in the store, those that may be next in
// memory too. A message enters a lane, is held by a consumer, and leaves; the mutations, the counts
// of the queue's Extent, its index and its window change together, here only.
//
//   enter ──▶ lane ──── hold ───▶ held ──▶ leave
//              ▲  │                 │
//   relocate ──┘  └──▶ leave        └── put_idle_back ──▶ lane

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "queue/engine_limits.h"
#include "queue/queue_state.h"

namespace selvage::queue {

// 1. What is in memory is as the store has it after the mutations so far.
// 2. The waiting messages in memory are bounded, whatever waits: see MemoryLimits.
// Not thread-safe.
class Stock {
 public:
  // Both outlive it; the queues are the engine's.
  Stock(const std::map<QueueId, Queue*>& queues, const MemoryLimits& limits)
      : queues_(queues), limits_(limits) {}

  // A new or newly vested message takes its place among those that wait.
  void enter(Queue& queue, Seq seq, MessageIndex::Entry entry, Context& x);
  // It is gone from there. The payload is the caller's.
  void leave(Queue& queue, const Standing& from, Context& x);
  // A message in memory is with a consumer, or was: `edit` changes it. The usual way of a message
  // from its lane to the held ones.
  template <typename Edit>
  void hold(Queue& queue, Seq seq, Context& x, Edit&& edit);
  // One that waits becomes `message`, in another place; its payload is told.
  void relocate(Queue& queue, const Standing& from, Message message, Context& x);
  // The same where it stands: only what is not a matter of place has changed.
  void replace(Queue& queue, const Standing& from, Message message, Context& x);
  // Its delay is over: the same, within the place that its payload knows.
  void end_delay(Queue& queue, Seq seq, Context& x);
  // The delay of one that waits on a FIFO queue has changed: `message` as it is now.
  void set_delay(Queue& queue, const Standing& from, Message message, Context& x);
  // What its payload says of a message's place: the lane that it has when its delay is over.
  static Place home_of(const Message& message, const Place& place);
  // Where this message stands as it is, when it waits.
  static Place place_for(Queue& queue, const Message& message, Instant now);

  // Those held by nobody that are too many to be kept in memory wait in the store again.
  // False: there are none, and nothing has changed.
  bool put_idle_back(Queue& queue, Context& x);
  void clear(Queue& queue);  // forgets every message of it; the mutation is the caller's
  static void raise_floor(Queue& queue);  // the place to look from after a restart

  static std::optional<Standing> locate(const Queue& queue, Seq seq, const Context& x);
  static std::optional<Standing> locate(const Queue& queue, MessageId id, const Context& x);

  // ---- pages
  void open(Queue& queue);  // a queue of before: all that waits is in the store
  std::optional<Page> page_before_taking(Queue& queue, uint32_t wanted);
  // FIFO: whether an earlier one of its group may stand in the store only. One that is held, or was
  // moved here without a delay that others have, can be in memory before them.
  static bool may_be_preceded(const Queue& queue, Seq seq);
  // The same for later: with the next take_pages().
  void want_page(Queue& queue, uint32_t wanted);
  // What has to be looked at by now.
  void want_due_pages(Queue& queue, Instant now);
  std::vector<Page> take_pages();  // to be loaded before anything else happens
  bool wants_pages() const { return !due_.empty() || !low_.empty(); }
  bool wants_due_pages() const { return !due_.empty(); }
  void load(Queue& queue, const Page& page, std::vector<Located> records, Instant now);

  // Queues that had to give up memory since the last call: they have something else to wait for.
  std::vector<QueueId> take_shrunk() { return std::exchange(shrunk_, {}); }

  size_t in_memory() const { return in_memory_; }  // waiting messages, of all queues
  void audit() const;                              // CHECKs the invariants

 private:
  void remember(Queue& queue, Seq seq, MessageIndex::Entry entry, Instant now);
  void forget(Queue& queue, Seq seq, Lane lane);
  void dismiss(Queue& queue);
  void count(Queue& queue, const Place& place, int by);
  void shrink_delayed(Queue& queue, size_t keep);
  void shrink(Queue& queue);
  void make_room(const Queue& user);
  void use(Queue& queue);
  void forget_use(Queue& queue);
  static size_t in_memory_of(const Queue& queue) {  // of those that wait
    return queue.messages.size() - queue.messages.held();
  }
  bool is_tight() const { return in_memory_ >= limits_.most / 2; }
  uint32_t room() const;

  const std::map<QueueId, Queue*>& queues_;
  const MemoryLimits& limits_;
  size_t in_memory_ = 0;                           // waiting messages, of all queues
  std::set<std::pair<uint64_t, QueueId>> by_use_;  // queues that have some, least lately used first
  uint64_t uses_ = 0;
  std::vector<QueueId> shrunk_;
  std::vector<Page> due_;  // asked for by time
  std::set<QueueId> low_;  // queues of which a lane may have run low
};

template <typename Edit>
void Stock::hold(Queue& queue, Seq seq, Context& x, Edit&& edit) {
  const Place from = queue.messages.find(seq)->place;
  queue.messages.update(seq, x.now, [&](MessageIndex::Entry& entry) {
    entry.place = kHeldPlace;
    edit(entry.message);
  });
  if (!from.is_held()) {
    x.out.emplace_back(DropMessage{queue.id(), seq, from});
    count(queue, from, -1);
    queue.window.left(from.lane);
    --in_memory_;
    if (!queue.window.is_complete()) low_.insert(queue.id());
  }
  x.out.emplace_back(PutMessage{queue.id(), seq, kHeldPlace, *queue.in_memory(seq)});
}

}  // namespace selvage::queue
