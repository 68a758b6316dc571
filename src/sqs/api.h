// SPDX-License-Identifier: Apache-2.0
#pragma once
// The endpoint: Amazon's protocol and ours, told apart by X-Amz-Target. Start at actions.h.

#include "base/clock.h"
#include "http/server.h"
#include "sqs/backend.h"

namespace selvage::sqs {

// Thread-safe. `backend` must outlive it.
class Api final : public http::Handler {
 public:
  Api(Backend& backend, Identity identity) : backend_(backend), identity_(std::move(identity)) {}
  void handle(http::Request request, std::shared_ptr<http::Connection> connection,
              http::Responder responder) override;

 private:
  Backend& backend_;
  Identity identity_;
};

}  // namespace selvage::sqs
