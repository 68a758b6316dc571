// SPDX-License-Identifier: Apache-2.0
#pragma once
// One request of a client on its way through: what came, where it may go, how to answer.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/function_ref.h"
#include "base/ids.h"
#include "http/server.h"
#include "metrics/requests.h"
#include "sqs/backend.h"
#include "sqs/error.h"
#include "sqs/guard.h"
#include "sqs/result.h"
#include "sqs/value.h"

namespace selvage::sqs {

// A request as it came in.
struct Incoming {
  const http::Request* request;  // the connection's: null once Api::handle() has returned
  std::shared_ptr<http::Connection> connection;
  http::Responder responder;
  UuidText request_id;
  std::string host;  // that it was sent to, as the client names it; "" when it does not say
  Dialect dialect = Dialect::kJson;
  wire::Form form = {};  // of a Query request: its parameters, from the URL and the body
};

// What an endpoint works with; all of it outlives its calls.
struct World {
  Backend& backend;
  const Identity& identity;
  const Guard& guard;
  metrics::Requests* requests = nullptr;  // of all_actions(), in their order; null: not counted
};

// All of it happens on the connection's thread: a reply of the backend is carried there.
class Call final : public http::Task, public std::enable_shared_from_this<Call> {
 public:
  Call(const World& world, Incoming incoming) : world_(world), in_(std::move(incoming)) {}
  void forget_request() { in_.request = nullptr; }

  // Which action it is, as what it is granted (constants), and its place in all_actions(). Known
  // before the action runs, as is who calls.
  void set_action(std::string_view name, std::string_view granted, size_t place) {
    action_ = name;
    granted_ = granted.empty() ? name : granted;
    place_ = place;
  }
  OrError<void> identify();

  // Whether the caller may do this (or `action`) to the queue; "" if it is about no queue.
  OrError<void> admit(const std::string& queue, std::string_view action = {}) const;
  // The queue's name, the last part of its URL (which names no host that we would have to check),
  // if the caller may do this (or `action`) to it.
  OrError<std::string> queue_of(const std::string& url, std::string_view action = {}) const;

  // Calls `each` for every parameter by its JSON name; false from it says that the value is of the
  // wrong kind. Unknown ones are for it to skip. In Query, the queue's own path stands for a
  // QueueUrl that is not given. Failure: SerializationException, or MalformedInput.
  using Members = FunctionRef<bool(std::string_view name, Value& value)>;
  OrError<void> read(Members each);
  // Who it is in the SenderId of messages: the key's id, or the account where nobody is asked.
  const std::string& sender() const {
    return caller_.key ? caller_.key->id : world_.identity.account;
  }
  const Caller& caller() const { return caller_; }
  SessionKeys* session_keys() { return world_.guard.session_keys(); }  // null: there are none
  // Of the request; only before Api::handle() returns.
  std::string_view header(std::string_view name) const { return request().header(name); }
  const Identity& identity() const { return world_.identity; }
  http::Connection& connection() { return *in_.connection; }
  Backend& backend() { return world_.backend; }
  std::string queue_url(const std::string& queue) const;

  // Exactly one of these, once.
  void answer();                                      // it was done; there is nothing to say
  void answer(FunctionRef<void(Result& out)> write);  // writes what there is to say
  void answer_json(std::string json);                 // our own actions, which speak only JSON
  void refuse(const ApiError& error);
  void refuse_reply(const queue::Reply& reply);  // one that is a Refusal

  // Submits and hands the reply to `render`, whatever it is: void(Call&, const queue::Reply&).
  template <typename Render>
  Backend::Ticket submit_for_any(queue::Command command, Render render) {
    return submit_then(std::move(command),
                       [render = std::move(render)](Call* call, queue::Reply& reply) mutable {
                         render(*call, std::as_const(reply));
                       });
  }
  // Submits and hands the reply to `render` if it is an R: void(Call&, R). A Refusal is answered as
  // its error.
  template <typename R, typename Render>
  Backend::Ticket submit(queue::Command command, Render render) {
    return submit_then(std::move(command),
                       [render = std::move(render)](Call* call, queue::Reply& reply) mutable {
                         if (auto* const wanted = std::get_if<R>(&reply))
                           return render(*call, std::move(*wanted));
                         call->refuse_reply(reply);
                       });
  }
  // As submit(), for a receive: when the client goes away before the answer is written, it is
  // cancelled, or what it took goes back to its place.
  using Deliveries = std::vector<queue::Delivery>;
  template <typename Render>
  void submit_receive(queue::Receive command, Render render) {
    begin_receive(command);
    std::string attempt = command.attempt;
    waiting_ =
        submit_then(std::move(command), [attempt = std::move(attempt), render = std::move(render)](
                                            Call* call, queue::Reply& reply) mutable {
          if (const Deliveries* const taken = call->end_receive(reply, attempt))
            render(*call, *taken);
        });
  }

 private:
  OrError<void> read_json(Members each);
  OrError<void> read_form(Members each);
  // Pointers, because g++ 12 asks here for the size of what a reference refers to.
  using Then = std::move_only_function<void(Call*, queue::Reply&)>;
  Backend::Ticket submit_then(queue::Command command, Then then);
  void begin_receive(const queue::Receive& command);
  const Deliveries* end_receive(const queue::Reply& reply, const std::string& attempt);
  void run() override;  // a reply has come
  void abandon();
  void give_back(queue::Return taken);
  const http::Request& request() const {
    SELVAGE_CHECK(in_.request != nullptr);
    return *in_.request;
  }
  http::Response& begin_answer(int status) const;
  void send(const http::Response& answer);

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const World world_;
  Incoming in_;
  Caller caller_;
  std::string_view action_;
  std::string_view granted_;
  size_t place_ = SIZE_MAX;  // of no action
  Then then_;                // what the present reply is for
  queue::Reply reply_;       // written by the backend's thread before it hands the call over
  // Of a receive:
  Backend::Ticket waiting_ = 0;
  queue::Return taken_;  // what the answer carries, until it is written
  bool keeps_ = false;   // its client will ask for the same again
  bool abandoned_ = false;
};

using CallPtr = std::shared_ptr<Call>;
using Action = void (*)(const CallPtr& call);

}  // namespace selvage::sqs

// Answers the call with the error of an OrError and leaves the action.
#define SELVAGE_ANSWER_ERROR(call, expected)                    \
  do {                                                          \
    if (!(expected)) return (call)->refuse((expected).error()); \
  } while (false)
