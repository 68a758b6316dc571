// SPDX-License-Identifier: Apache-2.0
#include "runner/program.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "process/tree.h"

namespace selvage::runner {

using process::Fd;

Program::~Program() {
  if (state_ == State::kDown) return;
  reactor_.cancel(timer_);
  reactor_.unwatch(child_.pidfd.get());
  drop(in_);
  drop(out_);
  drop(err_);
  process::kill_strays();
}

Result<void> Program::start(process::SpawnRequest request, Callbacks callbacks) {
  SELVAGE_CHECK(state_ == State::kDown);
  process::Pipe in = process::make_pipe(false, true);
  process::Pipe out = process::make_pipe(true, false);
  process::Pipe err = process::make_pipe(true, false);
  request.in = in.read.get();
  request.out = callbacks.output ? out.write.get() : err.write.get();
  request.err = err.write.get();
  request.death_signal = SIGKILL;
  auto child = process::spawn(request);
  if (!child) return std::unexpected(std::move(child).error());

  child_ = *std::move(child);
  callbacks_ = std::move(callbacks);
  in_ = std::move(in.write);
  if (callbacks_.output) out_ = std::move(out.read);
  err_ = std::move(err.read);
  unwritten_.clear();
  left_in_pipe_ = 0;
  errors_.clear();
  close_when_written_ = in_is_watched_ = hung_ = false;
  state_ = State::kRunning;
  reactor_.watch(child_.pidfd.get(), EPOLLIN, [this](uint32_t) { on_exit(); });
  if (out_) reactor_.watch(out_.get(), EPOLLIN, [this](uint32_t events) { on_output(events); });
  reactor_.watch(err_.get(), EPOLLIN, [this](uint32_t events) { on_errors(events); });
  return {};
}

void Program::write(std::string_view bytes) {
  unwritten_ += bytes;
  feed();
}

void Program::close_input() {
  close_when_written_ = true;
  feed();
}

// A program that does not read, or has closed its input, keeps nothing waiting but its own bytes.
void Program::feed() {
  while (in_ && !unwritten_.empty()) {
    const ssize_t written = ::write(in_.get(), unwritten_.data(), unwritten_.size());
    if (written > 0) {
      unwritten_.erase(0, static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return end_input();
    if (!std::exchange(in_is_watched_, true))
      reactor_.watch(in_.get(), EPOLLOUT, [this](uint32_t) { feed(); });
    return;
  }
  if (in_is_watched_) reactor_.unwatch(in_.get());
  in_is_watched_ = false;
  if (close_when_written_) drop(in_);
}

void Program::end_input() {
  int bytes = 0;
  if (in_ && ::ioctl(in_.get(), FIONREAD, &bytes) == 0) left_in_pipe_ = static_cast<size_t>(bytes);
  drop(in_);
}

void Program::set_deadline(Duration duration) {
  if (state_ != State::kRunning) return;
  reactor_.cancel(timer_);
  timer_ = reactor_.after(duration, [this] { deadline_passed(); });
}

void Program::clear_deadline() {
  if (state_ == State::kRunning) reactor_.cancel(std::exchange(timer_, 0));
}

void Program::deadline_passed() {
  hung_ = true;
  state_ = State::kTerminating;
  SELVAGE_CHECK(child_.pid > 1);
  ::kill(-child_.pid, SIGTERM);
  timer_ = reactor_.after(grace_, [this] { grace_over(); });
}

void Program::grace_over() {
  timer_ = 0;
  kill();
}

void Program::kill() {
  if (state_ == State::kDown || state_ == State::kKilling) return;
  state_ = State::kKilling;
  // Not reaped yet, so the pid is still its own. Its descendants follow when it has ended.
  SELVAGE_CHECK(child_.pid > 1);
  ::kill(child_.pid, SIGKILL);
}

bool Program::has_ended() const {
  pollfd look{child_.pidfd.get(), POLLIN, 0};
  return state_ == State::kDown || poll(&look, 1, 0) == 1;
}

const std::string& Program::errors() {
  if (err_ && !drain_errors()) drop(err_);
  return errors_;
}

void Program::on_exit() {
  const auto ended = process::reap(child_);
  if (!ended) return;
  how_ = *ended;
  reactor_.cancel(std::exchange(timer_, 0));
  reactor_.unwatch(child_.pidfd.get());
  child_ = {};
  // Down already for whoever is called from here on: nothing is left to be killed or given time.
  state_ = State::kDown;
  end_input();
  if (!process::childless()) process::kill_strays();
  // Nobody is left who could write: what is in the pipes is all.
  if (out_) drain_output();
  if (err_) drain_errors();
  drop(out_);
  drop(err_);
  const auto ended_callback = std::exchange(callbacks_, {}).ended;
  ended_callback();
}

void Program::on_output(uint32_t) {
  if (!drain_output()) drop(out_);
}

void Program::on_errors(uint32_t) {
  if (!drain_errors()) drop(err_);
}

namespace {

constexpr size_t kReadSize = 64 << 10;
// Per wake-up, so that endless output of a program cannot keep its deadline from being noticed.
constexpr int kReadsAtOnce = 16;

template <typename Take>
bool drain(const Fd& fd, Take&& take) {
  static std::array<char, kReadSize> buffer;  // one reactor, one thread
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size == 0) return false;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    take(std::string_view(buffer.data(), static_cast<size_t>(size)));
    if (static_cast<size_t>(size) < buffer.size()) return true;
  }
  return true;
}

}  // namespace

bool Program::drain_output() {
  return drain(out_, [this](std::string_view bytes) { callbacks_.output(bytes); });
}

bool Program::drain_errors() {
  return drain(err_, [this](std::string_view bytes) { keep_errors(bytes); });
}

void Program::keep_errors(std::string_view bytes) {
  if (callbacks_.errors) callbacks_.errors(bytes);
  errors_ += bytes;
  if (errors_.size() > kErrorTail) errors_.erase(0, errors_.size() - kErrorTail);
}

void Program::drop(Fd& fd) {
  if (fd) reactor_.unwatch(fd.get());
  fd.reset();
}

}  // namespace selvage::runner
