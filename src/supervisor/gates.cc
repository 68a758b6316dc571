// SPDX-License-Identifier: Apache-2.0
#include "supervisor/gates.h"

#include <utility>

#include "base/log.h"
#include "wire/json.h"

namespace selvage::supervisor {

void BrokerGates::set(const std::string& queue, int most_in_flight, Duration lasts) {
  std::string body;
  wire::JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue)
      .field("MostInFlight", int64_t{most_in_flight})
      .field("ForMs", int64_t{lasts / std::chrono::milliseconds(1)})
      .end_object();
  client_.call("Selvage.SetGate", std::move(body), [this, queue](const Result<std::string>& set) {
    if (!set && set.error().code != ErrorCode::kRetry && !std::exchange(told_, true))
      log_error("cannot hold back queue {}: {}", queue, set.error().message);
    if (set) told_ = false;
  });
}

}  // namespace selvage::supervisor
