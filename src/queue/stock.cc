// SPDX-License-Identifier: Apache-2.0
#include "queue/stock.h"

#include <algorithm>

#include "base/check.h"
#include "queue/message_id.h"

namespace selvage::queue {
namespace {

// A place's time is never before its message's retention began (see raise_floor()), and later only
// by a delay or, on a FIFO queue, by what it waited elsewhere: so the front of a lane tells how old
// the lane is, and what is behind expires in time, or later by that.
Instant time_of(const Message& message, Instant now) {
  return message.vest > now ? std::max(message.vest, message.retained_from) : message.retained_from;
}

Position position_of(const Place& place, Seq seq) {
  return {place.time, seq};
}

}  // namespace

Place Stock::home_of(const Message& message, const Place& place) {
  return {lane_of(message.group), place.time};
}

Place Stock::place_for(Queue& queue, const Message& message, Instant now) {
  Place place{message.vest > now ? kDelayedLane : lane_of(message.group), time_of(message, now)};
  if (queue.is_fifo()) {
    Instant& last = queue.record.extent.last_time;
    place.time = last = std::max(last, message.sent);
  }
  return place;
}

void Stock::count(Queue& queue, const Place& place, int by) {
  Extent& extent = queue.record.extent;
  if (place.is_held()) return;
  if (by > 0 && extent.visible + extent.delayed == 0) {  // from here on
    extent.floor = place.time;
    extent.lanes.reset();
  }
  (place.is_delayed() ? extent.delayed : extent.visible) += by;
  if (by < 0) return;
  if (!place.is_delayed()) extent.lanes.set(place.lane);
  extent.floor = std::min(extent.floor, place.time);
}

void Stock::enter(Queue& queue, Seq seq, MessageIndex::Entry entry, Context& x) {
  const auto& [message, place] = entry;
  x.out.emplace_back(PutMessage{queue.id(), seq, place, message});
  count(queue, place, 1);
  if (queue.window.take_in(place, seq, room())) remember(queue, seq, std::move(entry), x.now);
  const uint32_t most_delayed = std::min(limits_.first_page, room());
  if (queue.window.in_memory(kDelayedLane) > 2 * most_delayed) shrink_delayed(queue, most_delayed);
  // Those that stand before what is behind are taken in, as many as come: dead letters, which may
  // be older than those that are there.
  if (in_memory_of(queue) > 2 * limits_.most) shrink(queue);
}

void Stock::leave(Queue& queue, const Standing& from, Context& x) {
  const Place place = from.place;
  x.out.emplace_back(DropMessage{queue.id(), from.seq, place});
  count(queue, place, -1);
  ++queue.left_since_floor;
  if (!x.found.messages.empty()) x.left.emplace_back(queue.id(), from.seq);
  if (!from.in_memory) return;
  if (place.is_held())
    queue.messages.remove(from.seq);
  else
    forget(queue, from.seq, place.lane);
}

void Stock::relocate(Queue& queue, const Standing& from, Message message, Context& x) {
  leave(queue, from, x);
  const Place to = place_for(queue, message, x.now);
  x.out.emplace_back(PlacePayload{queue.id(), from.seq, home_of(message, to)});
  enter(queue, from.seq, {std::move(message), to}, x);
}

void Stock::replace(Queue& queue, const Standing& from, Message message, Context& x) {
  const Place place = from.place;
  leave(queue, from, x);
  enter(queue, from.seq, {std::move(message), place}, x);
}

void Stock::end_delay(Queue& queue, Seq seq, Context& x) {
  const auto* const entry = queue.messages.find(seq);
  if (entry == nullptr) return;  // pushed out meanwhile, it comes with the next page
  const auto& [message, place] = *entry;
  const Place home = home_of(message, place);
  Message vested = message;
  leave(queue, {seq, place, &message}, x);
  enter(queue, seq, {std::move(vested), home}, x);
}

void Stock::set_delay(Queue& queue, const Standing& from, Message message, Context& x) {
  const Place place{message.vest > x.now ? kDelayedLane : lane_of(message.group), from.place.time};
  leave(queue, from, x);
  enter(queue, from.seq, {std::move(message), place}, x);
}

bool Stock::put_idle_back(Queue& queue, Context& x) {
  const MessageIndex& messages = queue.messages;
  const uint64_t idle = messages.held() - messages.in_flight() - messages.retrying();
  // On a FIFO queue they are the first of their groups, so they are the next to be taken.
  if (queue.is_fifo() || idle <= limits_.idle_held) return false;
  std::vector<std::pair<Instant, Seq>> back;  // those that somebody lost by death stay the first
  messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
    const Instant vest = entry.message.vest;
    if (entry.place.is_held() && vest <= x.now && vest != Instant{}) back.emplace_back(vest, seq);
  });
  std::ranges::sort(back, std::greater());
  back.resize(std::min<size_t>(back.size(), idle - limits_.idle_held / 2));
  for (const auto& [vest, seq] : back) {
    Message message = *queue.in_memory(seq);
    const Place place{lane_of(message.group), message.retained_from};  // so it expires in time
    leave(queue, {seq, kHeldPlace, nullptr}, x);
    x.out.emplace_back(PlacePayload{queue.id(), seq, place});
    enter(queue, seq, {std::move(message), place}, x);
  }
  shrink(queue);
  return !back.empty();
}

void Stock::clear(Queue& queue) {
  in_memory_ -= in_memory_of(queue);
  queue.messages.clear();
  queue.window.clear();
  const Instant last_time = queue.record.extent.last_time;
  queue.record.extent = {};
  queue.record.extent.last_time = last_time;
  dismiss(queue);
}

void Stock::dismiss(Queue& queue) {
  forget_use(queue);
  low_.erase(queue.id());
  std::erase_if(due_, [&](const Page& page) { return page.queue == queue.id(); });
}

void Stock::raise_floor(Queue& queue) {
  Extent& extent = queue.record.extent;
  // As many as there are lanes to look at: so it costs each message that leaves the same.
  if (queue.left_since_floor < std::max<size_t>(1, queue.window.lanes())) return;
  queue.left_since_floor = 0;
  Instant floor = queue.window.floor();
  if (const auto oldest = queue.messages.oldest()) floor = std::min(floor, oldest->first);
  if (floor != kNever) extent.floor = floor;
  extent.lanes.reset();
  queue.window.for_each_lane([&](Lane lane) {
    if (lane < kVisibleLanes) extent.lanes.set(lane);
  });
}

std::optional<Standing> Stock::locate(const Queue& queue, Seq seq, const Context& x) {
  if (const auto* const entry = queue.messages.find(seq))
    return Standing{seq, entry->place, &entry->message};
  if (std::ranges::find(x.left, std::pair(queue.id(), seq)) != x.left.end()) return std::nullopt;
  for (const Located& located : x.found.messages)
    if (located.queue == queue.id() && located.seq == seq) {
      // Held, and not by us: the shard has another owner, and nothing we decide will come true.
      if (located.place.is_held()) return std::nullopt;
      return Standing{seq, located.place, &located.message, false};
    }
  return std::nullopt;
}

std::optional<Standing> Stock::locate(const Queue& queue, MessageId id, const Context& x) {
  if (auto at = locate(queue, place_of(id), x); at && at->message->id == id) return at;
  for (const Located& located : x.found.messages)
    if (located.queue == queue.id() && located.message.id == id)
      return locate(queue, located.seq, x);
  return std::nullopt;
}

void Stock::open(Queue& queue) {
  const Extent& extent = queue.record.extent;
  const auto is_in_store = [&](Lane lane) {
    queue.window.leave_behind(lane, {extent.floor, Seq{}}, limits_.smallest_page);
  };
  if (extent.delayed > 0) is_in_store(kDelayedLane);
  if (extent.visible == 0) return;
  for (Lane lane = 0; lane < kVisibleLanes; ++lane)
    if (extent.lanes.test(lane)) is_in_store(lane);
}

std::optional<Page> Stock::page_before_taking(Queue& queue, uint32_t wanted) {
  if (queue.window.is_complete()) return std::nullopt;
  const auto first = queue.messages.first_ready();
  const bool is_stuck = !first;
  const bool is_early = first && may_be_preceded(queue, *first);
  const bool is_enough = queue.is_fifo() || queue.messages.in_line() >= wanted;
  if (!is_stuck && !is_early && is_enough) return std::nullopt;
  const auto asked = std::ranges::find(due_, queue.id(), &Page::queue);
  if (asked != due_.end()) {
    const Page page = *asked;
    due_.erase(asked);
    return page;
  }
  auto page = is_early ? queue.window.page_of(lane_of(queue.in_memory(*first)->group), is_tight())
                       : queue.window.next_page(is_tight());
  if (!page && is_stuck && !is_tight()) page = queue.window.deeper_page();
  if (page) page->queue = queue.id();
  return page;
}

bool Stock::may_be_preceded(const Queue& queue, Seq seq) {
  if (!queue.is_fifo() || queue.window.is_complete()) return false;
  return queue.window.has_behind_before(lane_of(queue.in_memory(seq)->group), seq);
}

void Stock::want_page(Queue& queue, uint32_t wanted) {
  if (const auto page = page_before_taking(queue, wanted)) due_.push_back(*page);
}

void Stock::want_due_pages(Queue& queue, Instant now) {
  while (auto page = queue.window.due_page(now, queue.terms(), is_tight())) {
    page->queue = queue.id();
    due_.push_back(*page);
  }
}

std::vector<Page> Stock::take_pages() {
  const size_t due = std::min(due_.size(), kMaxPagesAtOnce);
  std::vector<Page> pages(due_.begin(), due_.begin() + static_cast<ptrdiff_t>(due));
  due_.erase(due_.begin(), due_.begin() + static_cast<ptrdiff_t>(due));
  while (!low_.empty() && pages.size() < kMaxPagesAtOnce) {
    const QueueId id = *low_.begin();
    if (auto page = queues_.at(id)->window.next_page(is_tight())) {
      page->queue = id;
      pages.push_back(*page);
    } else {
      low_.erase(id);
    }
  }
  return pages;
}

void Stock::load(Queue& queue, const Page& page, std::vector<Located> records, Instant now) {
  if (!queue.window.awaits(page)) return;
  use(queue);
  Position next = page.from;
  const bool has_more = records.size() >= page.limit;
  for (Located& record : records) {
    next = position_of(record.place, {record.seq.value + 1});
    if (queue.in_memory(record.seq) != nullptr) continue;  // only with another owner, as above
    if (record.place.is_delayed() && queue.is_fifo())
      record.message.vest = record.place.time + queue.delay_ahead();
    remember(queue, record.seq, {std::move(record.message), record.place}, now);
  }
  queue.window.loaded(page.lane, next, has_more);
  make_room(queue);
}

void Stock::remember(Queue& queue, Seq seq, MessageIndex::Entry entry, Instant now) {
  if (queue.used == 0) use(queue);
  queue.window.entered(entry.place.lane);
  ++in_memory_;
  queue.messages.insert(seq, std::move(entry), now);
}

void Stock::forget(Queue& queue, Seq seq, Lane lane) {
  queue.messages.remove(seq);
  queue.window.left(lane);
  --in_memory_;
  if (!queue.window.is_complete()) low_.insert(queue.id());
}

void Stock::shrink_delayed(Queue& queue, size_t keep) {
  Position last;
  while (queue.window.in_memory(kDelayedLane) > keep) {
    last = queue.messages.last_delayed().value();
    forget(queue, last.seq, kDelayedLane);
  }
  queue.window.leave_behind(kDelayedLane, last);
}

void Stock::shrink(Queue& queue) {
  struct Part {
    Position from{kNever, Seq{}};
    std::vector<Seq> messages;
  };
  std::map<Lane, Part> parts;
  queue.messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
    if (entry.place.is_held()) return;
    Part& part = parts[entry.place.lane];
    part.from = std::min(part.from, position_of(entry.place, seq));
    part.messages.push_back(seq);
  });
  for (const auto& [lane, part] : parts) {
    for (const Seq seq : part.messages) forget(queue, seq, lane);
    queue.window.leave_behind(lane, part.from, limits_.smallest_page);
  }
  forget_use(queue);
  shrunk_.push_back(queue.id());
  low_.erase(queue.id());  // not before somebody asks for its messages again
}

void Stock::make_room(const Queue& user) {
  while (in_memory_ > limits_.most && !by_use_.empty()) {
    Queue& least = *queues_.at(by_use_.begin()->second);
    if (&least == &user) return;
    shrink(least);
  }
}

void Stock::use(Queue& queue) {
  forget_use(queue);
  queue.used = ++uses_;
  by_use_.emplace(queue.used, queue.id());
}

void Stock::forget_use(Queue& queue) {
  if (queue.used != 0) by_use_.erase({std::exchange(queue.used, 0), queue.id()});
}

void Stock::audit() const {
  size_t in_memory = 0;
  for (const auto& [id, queue] : queues_) {
    const Extent& extent = queue->record.extent;
    std::map<Lane, uint32_t> lanes;
    queue->messages.for_each([&](Seq seq, const MessageIndex::Entry& entry) {
      const Place& place = entry.place;
      if (place.is_held()) return;
      ++lanes[place.lane];
      SELVAGE_CHECK(!queue->window.is_behind(place, seq));
      SELVAGE_CHECK(place.time >= extent.floor);
      SELVAGE_CHECK(place.is_delayed() || extent.lanes.test(place.lane));
    });
    size_t here = 0;
    for (const auto& [lane, count] : lanes) here += count;
    for (const auto& [lane, count] : lanes) SELVAGE_CHECK(queue->window.in_memory(lane) == count);
    queue->window.for_each_lane(
        [&](Lane lane) { SELVAGE_CHECK(queue->window.in_memory(lane) == lanes[lane]); });
    SELVAGE_CHECK(here <= extent.visible + extent.delayed);
    if (queue->window.is_complete()) SELVAGE_CHECK(here == extent.visible + extent.delayed);
    SELVAGE_CHECK(here == 0 || by_use_.contains({queue->used, id}));
    in_memory += here;
  }
  SELVAGE_CHECK(in_memory == in_memory_);
}

uint32_t Stock::room() const {
  if (!is_tight()) return limits_.largest_page;
  return in_memory_ < limits_.most ? limits_.smallest_page : 1;
}

}  // namespace selvage::queue
