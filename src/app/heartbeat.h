// SPDX-License-Identifier: Apache-2.0
#pragma once
// Feeds systemd's watchdog for as long as the broker decides and syncs, and no longer.

#include <atomic>
#include <memory>
#include <optional>

#include "app/notify.h"
#include "sqs/backend.h"

namespace selvage::app {

// A beat is a question to the broker that changes nothing. It goes the way of every command:
// decided by one thread, answered by the other once its syncs are done. Only the answer feeds the
// watchdog, so a broker that hangs in either, or a disk that does, is noticed.
class Heartbeat {
 public:
  // Both outlive every beat's answer.
  Heartbeat(sqs::Backend& backend, const Notifier& notifier)
      : backend_(backend), notifier_(notifier) {}

  // How often to beat: three times within the watchdog's patience. Nothing: there is no watchdog.
  std::optional<Duration> period() const {
    const auto patience = notifier_.watchdog();
    return patience ? std::optional(*patience / 3) : std::nullopt;
  }
  // From one thread. Does nothing while the beat before is unanswered.
  void beat() {
    if (waiting_->exchange(true)) return;
    backend_.submit(queue::GetQueue{.queue = ""},
                    [&notifier = notifier_, waiting = waiting_](const queue::Reply&) {
                      *waiting = false;
                      notifier.tell("WATCHDOG=1");
                    });
  }

 private:
  sqs::Backend& backend_;
  const Notifier& notifier_;
  std::shared_ptr<std::atomic<bool>> waiting_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace selvage::app
