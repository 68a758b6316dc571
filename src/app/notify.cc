// SPDX-License-Identifier: Apache-2.0
#include "app/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "process/fd.h"

namespace selvage::app {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<int64_t> number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Notifier Notifier::from_environment() {
  std::optional<Duration> watchdog;
  const std::string pid = variable("WATCHDOG_PID");
  const bool is_ours = pid.empty() || number(pid) == getpid();
  if (const auto usec = number(variable("WATCHDOG_USEC")); is_ours && usec && *usec > 0)
    watchdog = Duration(*usec);
  return {variable("NOTIFY_SOCKET"), watchdog};
}

void Notifier::tell(std::string_view state) const {
  sockaddr_un to{};
  if (address_.size() < 2 || address_.size() >= sizeof to.sun_path) return;
  if (address_[0] != '/' && address_[0] != '@') return;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (address_[0] == '@') to.sun_path[0] = '\0';  // abstract: its length counts, no end
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const process::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  [[maybe_unused]] const ssize_t sent =
      ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), length);
}

void Notifier::tell_reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                   int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000));
}

}  // namespace selvage::app
