// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words that a service says to systemd (sd_notify(3)), spoken over its socket without its
// library.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace selvage::app {

// Thread-safe.
class Notifier {
 public:
  // From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Without a socket nothing is ever said.
  static Notifier from_environment();
  Notifier() = default;
  // `address`: a path, or '@' and an abstract name.
  Notifier(std::string address, std::optional<Duration> watchdog)
      : address_(std::move(address)), watchdog_(watchdog) {}

  // As "READY=1", or several lines. Never blocks for long; what cannot be said is dropped.
  void tell(std::string_view state) const;
  // SIGHUP was taken: the time lets systemd know that this reload is the one it asked for.
  void tell_reloading() const;
  // How long systemd waits for WATCHDOG=1 before it kills us; nothing: for ever.
  std::optional<Duration> watchdog() const { return watchdog_; }

 private:
  std::string address_;
  std::optional<Duration> watchdog_;
};

}  // namespace selvage::app
