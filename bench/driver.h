// SPDX-License-Identifier: Apache-2.0
#pragma once
// Producers and consumers of a server over HTTP, on one thread. Each connection has one request
// under way at a time, as an SDK's has.
//
//   producer:  send (1 or 10 messages) ──▶ answer ──▶ send …
//   consumer:  receive ──▶ what came ──▶ delete it ──▶ answer ──▶ receive …
//
// A message's body begins with its number in the ledger.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/figures.h"
#include "bench/ledger.h"
#include "bench/peer.h"
#include "http/client.h"
#include "process/fd.h"

namespace selvage::bench {

struct DriverSettings {
  http::Endpoint endpoint;
  std::vector<std::string> queues = {"load"};  // message n goes to queue n modulo their count
  int producers = 22;                          // connections
  int consumers = 42;
  int batch = 1;  // messages per request; 1: the actions without Batch
  size_t body_bytes = 1024;
  // Sends begin at this rate whatever the answers do, and are measured from when they should have
  // begun. 0: each producer sends as fast as it is answered.
  double sends_per_second = 0;
  // Messages that may be begun and not deleted: producers wait for consumers. 0: any number.
  int64_t window = 512;
  // Further members of a message, by its number: `,"DelaySeconds":5`. Empty: none.
  std::function<std::string(int64_t number)> members = {};
};

class Driver {
 public:
  // Milliseconds, of requests that were answered while measuring, and of messages from when their
  // send was begun until a consumer had them.
  struct Latencies {
    Sample send, receive, remove, end_to_end;
  };
  struct Answered {  // requests
    int64_t sends = 0, receives = 0, empty_receives = 0, deletes = 0;
    int64_t all() const { return sends + receives + deletes; }
  };

  explicit Driver(DriverSettings settings);

  void create_queues(std::string_view attributes = R"({"VisibilityTimeout":"600"})");

  // Each drives what was left under way by the one before, and leaves its own under way.
  void run_for(std::chrono::nanoseconds time);
  void send_only(int64_t count);  // producers, until so many more messages are acknowledged
  void run_to(int64_t count);     // until so many more messages went their whole way
  // Producers rest, consumers go on until everything acknowledged is deleted, or nothing has come
  // for `patience`. False: something is missing.
  bool settle(std::chrono::nanoseconds patience = std::chrono::seconds(10));

  void set_rate(double sends_per_second) { settings_.sends_per_second = sends_per_second; }
  void forget_latencies() { latencies_ = {}; }
  const Latencies& latencies() const { return latencies_; }
  const Answered& answered() const { return answered_; }
  const Ledger& ledger() const { return ledger_; }

 private:
  enum class Doing { kNothing, kSend, kReceive, kDelete };
  struct Connection {
    Peer peer;
    bool is_producer = false;
    Doing doing = Doing::kNothing;
    int64_t begun_ns = 0;
    size_t queue = 0;                   // consumers: where the latest receive went
    std::vector<int64_t> numbers;       // of the messages that are being sent
    std::vector<std::string> receipts;  // of those that are being deleted
  };
  template <typename Condition>
  void drive_while(Condition&& condition);
  void start_idle();
  void wait(std::chrono::nanoseconds at_most);
  void on_answer(Connection& connection, const Answer& answer);
  bool may_send() const;
  void send(Connection& connection);
  void receive(Connection& connection);
  void remove(Connection& connection);
  void on_sent(Connection& connection, std::string_view body);
  void on_received(Connection& connection, std::string_view body);
  void on_deleted(Connection& connection, std::string_view body);
  int64_t next_due() const;
  void append_message(int64_t number);

  DriverSettings settings_;
  process::Fd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  Ledger ledger_;
  Latencies latencies_;
  Answered answered_;
  std::string json_;  // the request that is being written
  std::string filler_;
  bool sending_ = false;
  bool consuming_ = false;
  int64_t may_begin_ = INT64_MAX;  // messages, in the ledger's count
  int64_t stretch_begun_ns_ = 0;   // when run_for() was called
  int64_t scheduled_ = 0;          // send requests since then
};

}  // namespace selvage::bench
