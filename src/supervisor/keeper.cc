// SPDX-License-Identifier: Apache-2.0
#include "supervisor/keeper.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace selvage::supervisor {
namespace {

// By pidfd: the process may be nobody's child that could be waited for.
void send_signal(const process::Child& child, int signal) {
  syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0);
}

}  // namespace

Keeper::~Keeper() {
  reactor_.cancel(timer_);
  if (child_.pidfd) reactor_.unwatch(child_.pidfd.get());
}

void Keeper::start() {
  SELVAGE_CHECK(!is_running());
  timer_ = 0;
  since_ = clock_.now();
  auto child = process::spawn(callbacks_.request());
  if (!child) {
    log_error("cannot start {}: {}", name_, child.error().message);
    return wait_and_start();
  }
  child_ = *std::move(child);
  adopted_ = false;
  ++starts_;
  watch();
  callbacks_.started();
}

bool Keeper::adopt(pid_t pid) {
  process::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return false;
  child_ = {pid, std::move(pidfd)};
  since_ = clock_.now();
  adopted_ = true;
  watch();
  return true;
}

void Keeper::watch() {
  reactor_.watch(child_.pidfd.get(), EPOLLIN, [this](uint32_t) { ended(); });
}

void Keeper::stop(Duration limit) {
  stopping_ = true;
  reactor_.cancel(std::exchange(timer_, 0));
  if (!is_running()) return callbacks_.stopped();
  send_signal(child_, SIGTERM);
  timer_ = reactor_.after(limit, [this] {
    log_warn("{} did not end in time; killing it", name_);
    send_signal(child_, SIGKILL);
  });
}

void Keeper::ended() {
  std::optional<process::Ended> how;
  // An adopted process is another's child: that one reaps it.
  if (!adopted_) {
    how = process::reap(child_);
    if (!how) return;
  }
  reactor_.unwatch(child_.pidfd.get());
  child_ = {};
  reactor_.cancel(std::exchange(timer_, 0));
  if (stopping_) return callbacks_.stopped();
  if (callbacks_.died(how)) wait_and_start();
}

void Keeper::wait_and_start() {
  const Duration wait = backoff_.after(clock_.now() - since_);
  if (wait > Duration{0})
    log_warn("{} ended soon after its start; starting it again in {} ms", name_,
             wait / std::chrono::milliseconds(1));
  timer_ = reactor_.after(wait, [this] { start(); });
}

}  // namespace selvage::supervisor
