// SPDX-License-Identifier: Apache-2.0
#include "app/front.h"

#include <utility>

#include "base/clock.h"

namespace selvage::app {

void Front::handle(const http::Request& request, std::shared_ptr<http::Connection> connection,
                   http::Responder responder) {
  const bool is_asked = request.method == "GET" || request.method == "HEAD";
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  if (is_asked && path == "/healthz") return responder.send(http::plain_text(200, "ok"));
  if (is_asked && path == "/readyz") {
    const Readiness::State state = readiness_.state();
    return responder.send(http::plain_text(state == Readiness::State::kReady ? 200 : 503,
                                           Readiness::describe(state)));
  }
  if (is_asked && path == "/metrics") {
    if (may_see_queues(request, *connection)) return monitor_.answer(std::move(responder));
    return responder.send(http::plain_text(
        403,
        "Metrics name every queue: sign the request with a key that may do Selvage.Statistics on "
        "all queues, or ask at the address of --metrics-listen, which needs no key."));
  }
  if (next_ != nullptr) return next_->handle(request, std::move(connection), std::move(responder));
  responder.send(http::plain_text(404, "Here are /healthz, /readyz and /metrics."));
}

bool Front::may_see_queues(const http::Request& request, const http::Connection& connection) const {
  if (guard_ == nullptr) return true;
  const auto caller = guard_->identify(request, connection, SystemClock().now());
  return caller && guard_->admit(*caller, "Selvage.Statistics", "");
}

}  // namespace selvage::app
