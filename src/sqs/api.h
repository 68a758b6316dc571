// SPDX-License-Identifier: Apache-2.0
#pragma once
// The endpoint: Amazon's protocol and ours, told apart by X-Amz-Target. Start at actions.h.

#include "base/clock.h"
#include "http/server.h"
#include "sqs/call.h"

namespace selvage::sqs {

// Thread-safe. What is in `world` must outlive it.
class Api final : public http::Handler {
 public:
  explicit Api(const World& world) : world_(world) {}
  void handle(const http::Request& request, std::shared_ptr<http::Connection> connection,
              http::Responder responder) override;

 private:
  const World world_;
};

}  // namespace selvage::sqs
