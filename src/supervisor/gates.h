// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a stage is held back: of its queue at most so many messages are in flight, for a while.

#include <string>

#include "base/time.h"
#include "client/client.h"

namespace selvage::supervisor {

class Gates {
 public:
  virtual ~Gates() = default;
  // For `lasts` from now, instead of what was set before. It ends by itself.
  virtual void set(const std::string& queue, int most_in_flight, Duration lasts) = 0;
};

// Asks the broker to; what fails is told once and tried again with the next look.
class BrokerGates final : public Gates {
 public:
  explicit BrokerGates(client::Client& client) : client_(client) {}
  void set(const std::string& queue, int most_in_flight, Duration lasts) override;

 private:
  client::Client& client_;
  bool told_ = false;
};

}  // namespace selvage::supervisor
