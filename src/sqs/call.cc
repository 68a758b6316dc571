// SPDX-License-Identifier: Apache-2.0
#include "sqs/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/clock.h"
#include "http/date.h"
#include "sqs/queue_attributes.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

// The queue that a URL's path names, as /123456789012/orders; empty when it names none.
std::string_view path_queue(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return std::ranges::count(path, '/') < 2 ? std::string_view() : path;
}

OrError<void> wrong_kind(std::string_view name) {
  return refuse(kSerialization, fmt::format("The value of '{}' has the wrong type.", name));
}

}  // namespace

std::string Call::queue_url(const std::string& queue) const {
  if (!identity().public_url.empty())
    return fmt::format("{}/{}/{}", identity().public_url, identity().account, queue);
  return fmt::format("{}://{}/{}/{}", in_.connection->secure() ? "https" : "http",
                     in_.host.empty() ? "localhost" : in_.host, identity().account, queue);
}

// ---- who, and what it is about

OrError<void> Call::identify() {
  if (world_.guard.is_open_to(request())) {
    caller_.unchecked = true;
    return {};
  }
  auto caller = world_.guard.identify(request(), *in_.connection, SystemClock().now());
  if (!caller) return std::unexpected(std::move(caller).error());
  caller_ = *std::move(caller);
  return {};
}

OrError<void> Call::admit(const std::string& queue, std::string_view action) const {
  return world_.guard.admit(caller_, action.empty() ? granted_ : action, queue);
}

OrError<std::string> Call::queue_of(const std::string& url, std::string_view action) const {
  if (url.empty()) return missing_parameter("QueueUrl");
  std::string queue = url.substr(url.rfind('/') + 1);
  const auto is_of_name = [](char c) { return is_name_character(c) || c == '.'; };
  if (queue.empty() || !std::ranges::all_of(queue, is_of_name))
    return sqs::refuse(kInvalidAddress,
                       fmt::format("The address {} is not valid for this endpoint.", url));
  if (auto admitted = admit(queue, action); !admitted)
    return std::unexpected(std::move(admitted).error());
  return queue;
}

// ---- reading

OrError<void> Call::read(Members each) {
  return in_.dialect == Dialect::kJson ? read_json(each) : read_form(each);
}

OrError<void> Call::read_json(Members each) {
  std::string wrong;
  const auto parsed = wire::read_json(request().body, [&](wire::JsonValue& root) {
    return Value(root).object([&](std::string_view name, Value& value) {
      if (each(name, value)) return true;
      wrong = name;
      return false;
    });
  });
  if (!wrong.empty()) return wrong_kind(wrong);
  if (!parsed) return sqs::refuse(kSerialization, parsed.error().message);
  return {};
}

OrError<void> Call::read_form(Members each) {
  std::string_view wrong;
  bool has_url = false;
  Value(in_.form.root()).object([&](std::string_view name, Value& value) {
    has_url |= name == "QueueUrl";
    if (each(name, value)) return true;
    wrong = name;
    return false;
  });
  if (!wrong.empty()) return wrong_kind(wrong);
  const std::string_view path = path_queue(request().target);
  if (has_url || path.empty()) return {};
  const wire::FormField from_path[] = {{"QueueUrl", path}};
  Value url(wire::FormNode(from_path, from_path[0].name.size() + 1));
  each("QueueUrl", url);
  return {};
}

// ---- submitting

Backend::Ticket Call::submit_then(queue::Command command, Then then) {
  then_ = std::move(then);
  return backend().submit(std::move(command),
                          [self = shared_from_this()](queue::Reply reply) mutable {
                            self->reply_ = std::move(reply);
                            http::Connection& connection = *self->in_.connection;
                            connection.run(std::move(self));
                          });
}

void Call::run() {
  Then then = std::move(then_);  // it may submit again
  queue::Reply reply = std::move(reply_);
  then(this, reply);
}

namespace {

ApiError describe_receiving(const queue::Reply& reply, const std::string& attempt) {
  const auto refusal = std::get<queue::Refusal>(reply);
  ApiError error = describe(refusal);
  if (refusal != queue::Refusal::kAttemptChanged) return error;
  return invalid_value(attempt, "ReceiveRequestAttemptId", error.message).error();
}

queue::Return to_return(const Call::Deliveries& deliveries) {
  queue::Return command;
  command.items.reserve(deliveries.size());
  for (const queue::Delivery& d : deliveries) command.items.push_back({d.receipt});
  return command;
}

}  // namespace

void Call::begin_receive(const queue::Receive& command) {
  in_.connection->on_abandoned([self = shared_from_this()] { self->abandon(); });
  // An attempt with an id is asked for again by its client, who then gets the same: it keeps what
  // it took.
  keeps_ = is_fifo_name(command.queue) && !command.attempt.empty();
}

// What is to be shown; null when the call has been answered, or has nobody left to be shown it to.
const Call::Deliveries* Call::end_receive(const queue::Reply& reply, const std::string& attempt) {
  const auto* const found = std::get_if<Deliveries>(&reply);
  if (found == nullptr) {
    refuse(describe_receiving(reply, attempt));
    return nullptr;
  }
  if (!keeps_) taken_ = to_return(*found);
  if (!abandoned_) return found;
  give_back(std::exchange(taken_, {}));
  return nullptr;
}

// The client has gone: before the reply came, or when the answer was about to be written.
void Call::abandon() {
  abandoned_ = true;
  backend().cancel(waiting_);
  give_back(std::exchange(taken_, {}));
}

void Call::give_back(queue::Return taken) {
  if (!taken.items.empty()) backend().submit(std::move(taken), [](const queue::Reply&) {});
}

// ---- answering

namespace {

// An answer's memory beyond this is given back.
constexpr size_t kKeptBody = 256 << 10;

// Written anew once a second, not with every answer.
const std::string& date_now() {
  thread_local std::time_t second = -1;
  thread_local std::string date;
  const std::time_t present = std::time(nullptr);
  if (present != second) {
    second = present;
    date = http::http_date(Instant(std::chrono::seconds(present)));
  }
  return date;
}

}  // namespace

// Every answer of a thread is made in the same memory: it is sent as soon as it is made.
http::Response& Call::begin_answer(int status) const {
  thread_local http::Response answer;
  answer.status = status;
  answer.content_type = content_type(in_.dialect);
  answer.headers.resize(2);
  answer.headers[0].first = "x-amzn-RequestId";
  answer.headers[0].second = in_.request_id;
  answer.headers[1].first = "Date";
  answer.headers[1].second = date_now();
  answer.body.clear();
  if (answer.body.capacity() > kKeptBody) answer.body.shrink_to_fit();
  return answer;
}

void Call::send(const http::Response& answer) {
  if (world_.requests != nullptr) {
    const auto took = std::chrono::steady_clock::now() - began_;
    world_.requests->record(place_, answer.status, std::chrono::duration_cast<Duration>(took));
  }
  in_.responder.send(answer);
}

void Call::answer() {
  http::Response& answer = begin_answer(200);
  answer.body = empty_result(in_.dialect, action_, in_.request_id);
  send(answer);
}

void Call::answer(FunctionRef<void(Result& out)> write) {
  http::Response& answer = begin_answer(200);
  Result out(answer.body, in_.dialect, action_);
  write(out);
  out.finish(in_.request_id);
  send(answer);
}

void Call::answer_json(std::string json) {
  SELVAGE_CHECK(in_.dialect == Dialect::kJson);
  http::Response& answer = begin_answer(200);
  answer.body = std::move(json);
  send(answer);
}

void Call::refuse(const ApiError& error) {
  http::Response& answer = begin_answer(error.kind.status);
  answer.body = error_body(in_.dialect, error, in_.request_id);
  // The service sends none with an operation that it does not know.
  if (in_.dialect == Dialect::kJson && error.kind != kUnknownOperation)
    answer.headers.emplace_back("x-amzn-query-error",
                                fmt::format("{};{}", error.kind.query, error.kind.fault()));
  send(answer);
}

void Call::refuse_reply(const queue::Reply& reply) {
  const auto* const refusal = std::get_if<queue::Refusal>(&reply);
  SELVAGE_CHECK(refusal != nullptr);
  refuse(describe(*refusal));
}

}  // namespace selvage::sqs
