// SPDX-License-Identifier: Apache-2.0
#pragma once
// What bench/backlog asks of a server: fill its queues, work on top of them, drain them; and the
// ledger of every message.

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "bench/pump.h"

namespace selvage::bench {

// The queues of one server, and which of its messages are where. A message begins with its number.
struct Stock {
  std::vector<std::string> queues;
  bool is_fifo = false;
  int64_t groups = 0;
  std::vector<int64_t> held;  // messages that each queue must have now
  // By number: what became of it.
  enum class State : uint8_t { kAsked, kSent, kReceived, kDeleted };
  std::vector<State> messages;
  // Delayed messages: between which two moments (now_ns()) each becomes visible.
  std::vector<std::pair<int64_t, int64_t>> vests;
  int64_t deleted = 0;
  int64_t duplicated = 0;  // received again

  int64_t total() const;
};

// Requests of up to ten messages for a Stock, and what their answers say about it.
class Desk {
 public:
  static constexpr int kMostMessages = 10;
  enum Kind : int { kSend, kReceive, kDelete };  // of requests
  struct Delivered {
    int64_t number;
    std::string receipt;
  };
  Desk(Stock& stock, size_t body_bytes);

  // Sends `count` new messages to a queue; returns the first one's number. With `spread_ms` each is
  // delayed by a random part of it.
  int64_t write_sends(Outbox& out, size_t queue, int count, int64_t spread_ms = 0);
  void read_sent(std::string_view json, size_t queue, int64_t first, int count);
  void write_receive(Outbox& out, size_t queue, int count);
  std::vector<Delivered> read_received(std::string_view json);
  void write_delete(Outbox& out, size_t queue, const std::vector<Delivered>& work);
  void read_deleted(std::string_view json, size_t queue, const std::vector<Delivered>& work);

  Stock& stock() { return stock_; }
  std::minstd_rand& chance() { return chance_; }

 private:
  void write_body(std::string& json, int64_t number);

  Stock& stock_;
  size_t body_bytes_;
  std::minstd_rand chance_{4711};
  std::string text_;  // bodies are slices of it: random, so that they do not compress
};

// Sends so many messages to the queues in turn, in batches of ten, several under way on each
// connection.
class Fill final : public Work {
 public:
  static constexpr int kDepth = 4;
  Fill(Desk& desk, int64_t count, int64_t spread_ms)
      : desk_(desk), left_(count), spread_ms_(spread_ms) {}
  void refill(size_t connection, Outbox& out) override;
  void reply(size_t connection, const Reply& reply) override;

 private:
  struct Batch {
    size_t queue;
    int64_t first;
    int count;
  };
  Desk& desk_;
  int64_t left_;
  const int64_t spread_ms_;
  size_t next_queue_ = 0;
  std::vector<std::deque<Batch>> batches_;  // by connection
};

// Send, receive, delete: each connection one request after the other, until so many messages were
// deleted. Measures every request.
class Lifecycles final : public Work {
 public:
  Lifecycles(Desk& desk, int64_t count, int batch, Sample& latencies_ms)
      : desk_(desk),
        goal_(desk.stock().deleted + count),
        batch_(batch),
        latencies_ms_(latencies_ms) {}
  void refill(size_t connection, Outbox& out) override;
  void reply(size_t connection, const Reply& reply) override;

 private:
  struct Place {
    Desk::Kind next = Desk::kSend;
    size_t queue = 0;
    int64_t first = 0;
    std::vector<Desk::Delivered> work;
  };
  Desk& desk_;
  const int64_t goal_;
  const int batch_;
  Sample& latencies_ms_;
  std::vector<Place> places_;  // by connection
};

// Receives and deletes until the queues say that they are empty.
class Drain final : public Work {
 public:
  explicit Drain(Desk& desk) : desk_(desk) {}
  void refill(size_t connection, Outbox& out) override;
  void reply(size_t connection, const Reply& reply) override;

 private:
  struct Place {
    std::optional<size_t> queue;
    std::vector<Desk::Delivered> received, deleting;
  };
  Desk& desk_;
  size_t next_queue_ = 0;
  std::vector<Place> places_;
};

// Any calls of one action, several under way on each connection.
class Calls final : public Work {
 public:
  Calls(std::string action, std::vector<std::string> requests)
      : action_(std::move(action)), requests_(std::move(requests)), replies_(requests_.size()) {}
  void refill(size_t connection, Outbox& out) override;
  void reply(size_t connection, const Reply& reply) override;
  const std::vector<std::string>& replies() const { return replies_; }

 private:
  const std::string action_;
  const std::vector<std::string> requests_;
  std::vector<std::string> replies_;
  size_t next_ = 0;
};

}  // namespace selvage::bench
