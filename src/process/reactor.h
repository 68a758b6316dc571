// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thread's loop over file descriptors and deadlines (epoll): what runners, the supervisor and
// the root are built on. The broker's HTTP server has its own.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "process/fd.h"

namespace selvage::process {

using TimerId = uint64_t;  // 0 is no timer

// Not thread-safe: everything happens on the thread that calls run().
// 1. A callback may watch, unwatch, start and cancel anything, its own watch included.
// 2. A cancelled timer and an unwatched descriptor never call back afterwards.
// 3. Deadlines are monotonic: a change of the wall clock moves none of them.
// 4. When events and timers are due together, events call first.
class Reactor {
 public:
  using Callback = std::function<void()>;
  using EventCallback = std::function<void(uint32_t epoll_events)>;

  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Calls back while `fd` has one of `epoll_events` (EPOLLIN, EPOLLOUT; level-triggered; errors and
  // hang-ups always). The caller keeps the descriptor and unwatches it before closing it. At most
  // one watch per descriptor; epoll takes no regular file and no /dev/null.
  void watch(int fd, uint32_t epoll_events, EventCallback callback);
  void change(int fd, uint32_t epoll_events);  // of a watched descriptor
  void unwatch(int fd);                        // unknown descriptors are fine

  // Calls back once, not before `delay` (a negative one is 0) has passed and never from within
  // after(). Late by up to a millisecond, the unit of epoll_wait(2).
  TimerId after(Duration delay, Callback callback);
  void cancel(TimerId timer);  // 0 and past timers are fine

  // Blocks `signals` for the whole process and calls back once for each that arrives (the kernel
  // merges equal ones that are pending). They stay blocked after the reactor is gone.
  // Call before threads exist and before children are spawned (spawn() unblocks them in the child).
  void on_signal(std::initializer_list<int> signals, std::function<void(int signal)> callback);

  // Runs until stop(). Callbacks happen inside.
  void run();
  // Runs callbacks that are due now, waiting at most `at_most` for the first. False after stop().
  bool run_once(Duration at_most);
  // Nothing calls back after it, nor in a later run().
  void stop() { stopped_ = true; }

 private:
  struct Watch {
    std::shared_ptr<EventCallback> callback;  // shared with the call that is under way
    uint32_t generation;                      // of its latest watch() or change()
  };
  using TimerKey = std::pair<int64_t, TimerId>;  // monotonic microseconds, then order of creation

  void control(int operation, int fd, uint32_t epoll_events, uint32_t generation);
  void dispatch(uint64_t tag, uint32_t epoll_events);
  void run_due_timers();
  int wait_millis(Duration at_most) const;

  Fd epoll_;
  std::vector<Fd> signals_;  // one signalfd per on_signal()
  std::unordered_map<int, Watch> watches_;
  std::map<TimerKey, Callback> timers_;
  std::unordered_map<TimerId, int64_t> timer_deadlines_;
  TimerId next_timer_ = 1;
  uint32_t next_generation_ = 1;
  bool stopped_ = false;
};

}  // namespace selvage::process
