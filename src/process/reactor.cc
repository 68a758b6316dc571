// SPDX-License-Identifier: Apache-2.0
#include "process/reactor.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include "base/check.h"

namespace selvage::process {
namespace {

int64_t monotonic_micros() {
  // libstdc++ reads CLOCK_MONOTONIC here.
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Duration>(since_boot).count();
}

// What epoll carries for us: which descriptor, and which of its watches asked.
uint64_t tag_of(int fd, uint32_t generation) {
  return uint64_t{generation} << 32 | static_cast<uint32_t>(fd);
}

}  // namespace

Reactor::Reactor() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  SELVAGE_CHECK(epoll_);
}

Reactor::~Reactor() = default;

void Reactor::control(int operation, int fd, uint32_t epoll_events, uint32_t generation) {
  epoll_event event{};
  event.events = epoll_events;
  event.data.u64 = tag_of(fd, generation);
  SELVAGE_CHECK(epoll_ctl(epoll_.get(), operation, fd, &event) == 0);
}

void Reactor::watch(int fd, uint32_t epoll_events, EventCallback callback) {
  const uint32_t generation = next_generation_++;
  const bool added =
      watches_.emplace(fd, Watch{std::make_shared<EventCallback>(std::move(callback)), generation})
          .second;
  SELVAGE_CHECK(added);
  control(EPOLL_CTL_ADD, fd, epoll_events, generation);
}

void Reactor::change(int fd, uint32_t epoll_events) {
  const auto found = watches_.find(fd);
  SELVAGE_CHECK(found != watches_.end());
  // A new generation: what was already fetched answers the old question. It is reported again.
  found->second.generation = next_generation_++;
  control(EPOLL_CTL_MOD, fd, epoll_events, found->second.generation);
}

void Reactor::unwatch(int fd) {
  // Fails for a descriptor that was closed first: epoll might go on reporting a duplicate of it.
  if (watches_.erase(fd) != 0) control(EPOLL_CTL_DEL, fd, 0, 0);
}

TimerId Reactor::after(Duration delay, Callback callback) {
  const int64_t now = monotonic_micros();
  const int64_t wait = std::clamp<int64_t>(delay.count(), 0, INT64_MAX - now);
  const TimerId id = next_timer_++;
  timers_.emplace(TimerKey{now + wait, id}, std::move(callback));
  timer_deadlines_.emplace(id, now + wait);
  return id;
}

void Reactor::cancel(TimerId timer) {
  const auto found = timer_deadlines_.find(timer);
  if (found == timer_deadlines_.end()) return;
  timers_.erase({found->second, timer});
  timer_deadlines_.erase(found);
}

void Reactor::on_signal(std::initializer_list<int> signals,
                        std::function<void(int signal)> callback) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  SELVAGE_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  const int fd = signals_.emplace_back(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)).get();
  SELVAGE_CHECK(fd >= 0);
  watch(fd, EPOLLIN, [fd, callback = std::move(callback)](uint32_t) {
    signalfd_siginfo info;
    // One at a time; the rest is reported again, unless the callback stopped the loop.
    if (read(fd, &info, sizeof(info)) == sizeof(info)) callback(static_cast<int>(info.ssi_signo));
  });
}

void Reactor::run() {
  while (run_once(Duration::max())) {
  }
}

bool Reactor::run_once(Duration at_most) {
  if (stopped_) return false;
  std::array<epoll_event, 64> events;
  const int ready = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               wait_millis(at_most));
  SELVAGE_CHECK(ready >= 0 || errno == EINTR);
  // Events before timers: after a pause of the whole process (SIGSTOP, a suspended laptop) the
  // answer that came in time wins over the deadline that passed meanwhile.
  for (int i = 0; i < ready && !stopped_; i++) dispatch(events[i].data.u64, events[i].events);
  run_due_timers();
  return !stopped_;
}

void Reactor::dispatch(uint64_t tag, uint32_t epoll_events) {
  const auto found = watches_.find(static_cast<int>(static_cast<uint32_t>(tag)));
  // An earlier callback of this round may have unwatched it, and a new descriptor its number.
  if (found == watches_.end() || found->second.generation != tag >> 32) return;
  const std::shared_ptr<EventCallback> alive = found->second.callback;
  (*alive)(epoll_events);
}

void Reactor::run_due_timers() {
  // Timers that callbacks start now wait for the next round, so that descriptors get their turn.
  // They sort behind all older ones that are due.
  const int64_t now = monotonic_micros();
  const TimerId limit = next_timer_;
  while (!stopped_ && !timers_.empty()) {
    const auto first = timers_.begin();
    if (first->first.first > now || first->first.second >= limit) return;
    const Callback callback = std::move(first->second);
    timer_deadlines_.erase(first->first.second);
    timers_.erase(first);
    callback();
  }
}

int Reactor::wait_millis(Duration at_most) const {
  int64_t micros = std::max<int64_t>(at_most.count(), 0);
  if (!timers_.empty()) {
    const int64_t left = timers_.begin()->first.first - monotonic_micros();
    micros = std::clamp<int64_t>(left, 0, micros);
  }
  // Rounded up: waking early would spin until the deadline.
  const int64_t millis = micros / 1000 + (micros % 1000 != 0);
  return static_cast<int>(std::min<int64_t>(millis, INT_MAX));
}

}  // namespace selvage::process
