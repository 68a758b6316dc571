// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which of a queue's waiting messages are in memory. Of each lane it is the beginning: everything
// before the first record that was left behind in the store, and nothing from there on.
//
//   lane  [ in memory ][ left behind ............................ ]
//                      ▲ behind
//
// So what is in memory says who is next, whatever the length of the rest. A lane that runs low asks
// for its next page, of twice the size each time: a queue that is worked on reads far ahead, one
// that only fills keeps little.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "queue/engine_limits.h"
#include "queue/place.h"

namespace selvage::queue {

// 1. A record is in memory exactly when its lane has nothing behind or it stands before that.
// 2. in_memory(lane) counts the records of the lane that are.
// Not thread-safe. It holds no message: the index does.
class Window {
 public:
  struct Terms {  // of a queue
    Duration retention;
    Duration delay;  // what a time of the delayed lane lacks to the vesting time
  };

  explicit Window(const MemoryLimits& limits) : limits_(&limits) {}  // which outlive it

  // A record is about to be put at this place: whether it has to be in memory too. Otherwise the
  // lane's end has been left behind from there: a visible lane that has `most` takes no more at its
  // end. What the delayed one has too much of is the caller's to leave behind.
  bool take_in(const Place& place, Seq seq, uint32_t most);
  // One that is in memory comes or goes.
  void entered(Lane lane);
  void left(Lane lane);
  // From here on the lane is in the store only; the caller takes it out of memory. `page`: of the
  // next read, if not the first.
  void leave_behind(Lane lane, Position from, std::optional<uint32_t> page = {});
  void clear() { *this = Window(*limits_); }

  bool is_complete() const { return behind_ == 0; }  // all that waits is in memory
  bool is_behind(const Place& place, Seq seq) const;
  // FIFO, where a lane is in the order of the seqs: whether the lane may have one before this that
  // is not in memory.
  bool has_behind_before(Lane lane, Seq seq) const;
  uint32_t in_memory(Lane lane) const;
  size_t lanes() const { return lanes_.size(); }  // that were ever used

  // The next page of a lane that runs low. A page is asked for once, until it is loaded.
  std::optional<Page> next_page(bool tight);
  // The next page of this lane, whatever of it is in memory.
  std::optional<Page> page_of(Lane lane, bool tight);
  // The page that came first of all that is behind: what is in memory cannot be taken now.
  std::optional<Page> deeper_page();
  // When the first of what is behind may vest (its time and `delay` later) or is past its
  // retention; kNever when the page that will tell has been asked for.
  Instant next_due(const Terms& terms) const;
  // The page to look at when that time has come.
  std::optional<Page> due_page(Instant now, const Terms& terms, bool tight);
  // Of the lanes that have nothing in memory, the time at which the first one begins; kNever if
  // there are none. Where their messages did not wait for a delay, it is the oldest one's.
  Instant oldest() const { return starving_.empty() ? kNever : starving_.begin()->first; }
  // Whether this page is still the one that was asked for.
  bool awaits(const Page& page) const;
  // A page was brought, up to `next`; whether more lies behind.
  void loaded(Lane lane, Position next, bool has_more);

  // Before everything that is behind, in all lanes; kNever when nothing is.
  Instant floor() const;
  template <typename Each>
  void for_each_lane(Each&& each) const {
    for (const auto& [lane, state] : lanes_)
      if (state.in_memory > 0 || state.behind) each(lane);
  }

 private:
  struct State {
    uint32_t in_memory = 0;
    uint32_t page = 0;                     // 0: not looked at yet
    std::optional<Position> behind;        // from here on it is in the store only
    bool asked = false;                    // a page is under way
    Position last = {};                    // nothing in memory stands after this
    std::optional<Instant> starving = {};  // its entry in starving_
  };
  // What is asked for next is twice as much, up to `most`.
  Page ask(Lane lane, State& state, uint32_t most);
  Page ask_little(Lane lane, State& state);  // memory is short
  State& state_of(Lane lane);
  void file(Lane lane, State& state);  // into the sets below, after every change

  const MemoryLimits* limits_;
  std::map<Lane, State> lanes_;
  size_t behind_ = 0;                            // lanes with something behind
  std::set<Lane> low_;                           // visible ones that should read their next page
  std::set<Lane> nearly_out_;                    // of them, also when memory is short
  std::set<std::pair<Instant, Lane>> starving_;  // nothing in memory: where what is behind begins
};

}  // namespace selvage::queue
