// SPDX-License-Identifier: Apache-2.0
#include "supervisor/gates.h"

#include <utility>

#include "base/log.h"

namespace selvage::supervisor {

void BrokerGates::set(const std::string& queue, int most_in_flight, Duration lasts) {
  client_.set_gate(queue, most_in_flight, lasts, [this, queue](const Result<void>& set) {
    if (!set && set.error().code != ErrorCode::kRetry && !std::exchange(told_, true))
      log_error("cannot hold back queue {}: {}", queue, set.error().message);
    if (set) told_ = false;
  });
}

}  // namespace selvage::supervisor
