// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is asked of a server by those who operate it: /healthz, /readyz, /metrics. In front of the
// queues, or alone on an address of its own (docs/decisions/0009).

#include "app/monitor.h"
#include "app/readiness.h"
#include "http/server.h"
#include "sqs/guard.h"

namespace selvage::app {

// Thread-safe. Everything given must outlive it.
class Front final : public http::Handler {
 public:
  // Alone: answers whoever can reach it.
  Front(const Readiness& readiness, Monitor& monitor) : readiness_(readiness), monitor_(monitor) {}
  // In front of `next`, which has all other requests. /metrics names queues: with keys it is for
  // those who may do Selvage.Statistics.
  Front(const Readiness& readiness, Monitor& monitor, const sqs::Guard& guard, http::Handler& next)
      : readiness_(readiness), monitor_(monitor), guard_(&guard), next_(&next) {}

  void handle(const http::Request& request, std::shared_ptr<http::Connection> connection,
              http::Responder responder) override;

 private:
  bool may_see_queues(const http::Request& request, const http::Connection& connection) const;

  const Readiness& readiness_;
  Monitor& monitor_;
  const sqs::Guard* guard_ = nullptr;
  http::Handler* next_ = nullptr;
};

}  // namespace selvage::app
