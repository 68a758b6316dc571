// SPDX-License-Identifier: Apache-2.0
#pragma once
// One request of a client on its way through: what came, where it may go, how to answer.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/function_ref.h"
#include "http/server.h"
#include "sqs/backend.h"
#include "sqs/error.h"
#include "wire/json.h"

namespace selvage::sqs {

// A request as it came in.
struct Incoming {
  http::Request request;
  std::shared_ptr<http::Connection> connection;
  http::Responder responder;
  std::string request_id;
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Backend& backend, const Identity& identity, Incoming incoming)
      : backend_(backend), identity_(identity), in_(std::move(incoming)) {}

  const std::string& body() const { return in_.request.body; }
  const Identity& identity() const { return identity_; }
  http::Connection& connection() { return *in_.connection; }
  Backend& backend() { return backend_; }
  std::string queue_url(const std::string& queue) const;

  // Exactly one of these, once.
  void answer(std::string json);
  void answer_queue_url(const std::string& queue);
  void refuse(const ApiError& error);

  // Submits and hands the reply to `render` if it is an R; a Refusal is answered as its error.
  template <typename R>
  Backend::Ticket submit(queue::Command command, std::function<void(Call&, R)> render) {
    return backend_.submit(std::move(command),
                           [self = shared_from_this(), render = std::move(render)](queue::Reply r) {
                             if (auto* const wanted = std::get_if<R>(&r))
                               return render(*self, std::move(*wanted));
                             self->refuse_reply(r);
                           });
  }
  // As submit(), for a receive that may wait: cancelled when the client goes away meanwhile.
  template <typename R>
  void submit_cancellable(queue::Command command, std::function<void(Call&, R)> render) {
    // Both the ticket and the callback belong to the thread that handles this connection.
    const auto ticket = std::make_shared<Backend::Ticket>(0);
    in_.connection->on_abandoned([&backend = backend_, ticket] { backend.cancel(*ticket); });
    *ticket = submit<R>(std::move(command), std::move(render));
  }

 private:
  void refuse_reply(const queue::Reply& reply);

  Backend& backend_;
  const Identity& identity_;
  Incoming in_;
};

using CallPtr = std::shared_ptr<Call>;
using Action = void (*)(const CallPtr& call);

// ---- reading a request's JSON
using Members = FunctionRef<bool(std::string_view key, wire::JsonValue& value)>;

// Calls `each` for every member of the object `json`; false from it says that the value is of the
// wrong kind. Unknown members are skipped.
OrError<void> read_members(std::string_view json, Members each);

// Fills `out` from a value; false when the value is of another kind. A JSON null leaves it absent.
bool take(wire::JsonValue& value, std::string& out);
bool take(wire::JsonValue& value, std::optional<std::string>& out);
bool take(wire::JsonValue& value, std::optional<int64_t>& out);
bool take(wire::JsonValue& value, bool& out);
bool take(wire::JsonValue& value, std::vector<std::string>& out);

// The queue's name: the last part of its URL (which names no host that we would have to check).
OrError<std::string> queue_of(const std::string& url);

// `value` if it is in [min, max], else InvalidParameterValue in the service's words.
OrError<int64_t> in_range(std::string_view parameter, int64_t value, int64_t min, int64_t max);

}  // namespace selvage::sqs

// Answers the call with the error of an OrError and leaves the action.
#define SELVAGE_ANSWER_ERROR(call, expected)                    \
  do {                                                          \
    if (!(expected)) return (call)->refuse((expected).error()); \
  } while (false)
