// SPDX-License-Identifier: Apache-2.0
#pragma once
// The C++ client: Amazon's actions that a runtime needs, and ours, on one kept connection.

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/time.h"
#include "http/client.h"

namespace selvage::client {

// What a message carries besides its body.
struct MessageAttribute {
  std::string name;
  std::string type = "String";
  std::string value;  // of a Binary one: as base64
};

// A message that was received.
struct Message {
  std::string id;
  std::string receipt;
  std::string queue;  // its URL; empty when the broker did not say
  std::string body;
  int64_t failed = 0;  // attempts that failed before this one
  Instant sent{};
  Instant freed{};  // when a former worker lost it; the epoch: never
  ArtifactId artifact;
  std::vector<MessageAttribute> attributes;
  std::string group;
};

struct Output {
  std::string queue;
  std::string body;
  ArtifactId artifact;
};
struct HandOver {
  std::string receipt;
  std::vector<Output> outputs;
};
struct Return {
  std::string receipt;
  Duration delay{0};
};
struct Fail {
  std::string receipt;
  Instant ended{};
  std::string evidence;  // a JSON object
  bool poison = false;
  bool died = false;  // the worker did not survive it
};

// What became of a settled lease: "Done", "Retry", "Dead", or why not ("LeaseGone", "TooLarge", …).
using Outcomes = std::vector<std::string>;

// What requests are signed with.
struct Credentials {
  std::string id;
  std::string secret;
};

struct ClientOptions {
  std::optional<Credentials> credentials = {};  // absent: requests are not signed
  // After which an unanswered request fails; longer than any long poll. Absent: never.
  std::optional<Duration> deadline = {};
};

struct QueueSettings {
  std::string name;
  std::string dead_letter_queue = {};  // empty: none
  int attempts = 5;
  int deaths = 5;
  Duration backoff_min{0};
  Duration backoff_max{0};
};

struct QueueStatistics {
  std::string name;
  int64_t visible = 0, in_flight = 0, delayed = 0;
  int64_t sent = 0, received = 0, deleted = 0, handed_over = 0, returned = 0;
  int64_t failed = 0, revoked = 0, dead_lettered = 0, expired = 0;
  Instant oldest = kNever;     // when the oldest message was sent; kNever: there is none
  int64_t most_in_flight = 0;  // until then; see set_gate()
  Instant gate_until = {};     // maybe in the past
};

// Why the broker refused: the error's name, "QueueDoesNotExist"; empty when there was no answer, or
// not one that a broker gives. A part of the error's message.
std::string_view refusal_of(const Error& error);

// Requests are answered in order, through callbacks of the reactor. Errors: kRetry when the broker
// is away or answered 5xx (whether a broken request took effect is unknown), kGiveUp when it
// refused, with "Type: message".
class Client {
 public:
  template <typename T>
  using Callback = std::function<void(Result<T>)>;

  Client(process::Reactor& reactor, const http::Endpoint& endpoint, ClientOptions options = {});

  void on_lost(std::function<void()> callback) { connection_->on_lost(std::move(callback)); }
  void close() { connection_->close(); }

  // ---- queues
  void create_queue(const std::string& name, Callback<void> done);
  // Creates the queue if needed and gives it these settings; the dead-letter queue must exist.
  void configure_queue(const QueueSettings& settings, Callback<void> done);
  // For so long at most so many of its messages are in flight; a `lasts` of zero opens it.
  void set_gate(const std::string& queue, int most_in_flight, Duration lasts, Callback<void> done);
  void send(const std::string& queue, const std::string& body,
            Callback<std::string> done);  // its id
  void statistics(Callback<std::vector<QueueStatistics>> done);

  // ---- sessions
  // `resume` empty: a new one. Else that one, with the receipts that are held in it: the broker
  // takes back what it leased to the session and is not among them. It lives as long as this
  // connection.
  struct OpenSession {
    std::string worker;  // for the evidence of its death
    std::string resume;
    std::vector<std::string> holding;
    // A queue: the session gets a key for a program that works on it by itself. Then it keeps all
    // its leases when it is resumed, whatever `holding` says.
    std::string key_for = {};
    Duration visibility{
        0};  // of that program's receives; whole milliseconds; zero: the queue's own
  };
  struct Session {
    std::string id;
    Credentials key;  // empty unless it was asked for, as the rest
    std::string region;
    std::string account;
  };
  void open_session(const OpenSession& request, Callback<Session> done);
  // With evidence (a JSON object) its worker has died: the oldest lease loses an attempt.
  void close_session(const std::string& session, Callback<void> done,
                     const std::string& evidence = {});
  struct Receive {
    std::string queue = {};
    std::string session = {};  // empty: the leases belong to none, and run out by time only
    int max = 1;
    Duration wait{0};                      // whole seconds
    Duration visibility{0};                // whole milliseconds; zero: the queue's own
    std::vector<std::string> queues = {};  // instead of `queue`: several, in order of preference
  };
  void receive(const Receive& request, Callback<std::vector<Message>> done);
  void extend(const std::string& queue, const std::string& receipt, Duration visibility,
              Callback<void> done);
  void hand_over(const std::vector<HandOver>& items, Callback<Outcomes> done);
  void give_back(const std::vector<Return>& items, Callback<Outcomes> done);
  void fail(const std::vector<Fail>& items, Callback<Outcomes> done);

  // ---- any action: queues.h and messages.h are made of it
  // `target` as X-Amz-Target, `body` and the answer as JSON.
  void call(std::string_view target, std::string body, Callback<std::string> done);

 private:
  const std::string authority_;
  const ClientOptions options_;
  std::unique_ptr<http::ClientConnection> connection_;
};

// For programs that do one thing after another: runs the reactor until the call was answered.
template <typename T>
Result<T> wait_for(process::Reactor& reactor,
                   const std::function<void(Client::Callback<T>)>& start) {
  std::optional<Result<T>> answer;
  start([&](Result<T> result) { answer = std::move(result); });
  while (!answer) reactor.run_once(std::chrono::seconds(1));
  return *std::move(answer);
}

}  // namespace selvage::client
