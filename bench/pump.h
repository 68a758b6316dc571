// SPDX-License-Identifier: Apache-2.0
#pragma once
// Many requests a second from one thread: connections on which requests are pipelined. It runs on
// the cores of the server that it loads, so it does as little as it can: no client library, no JSON
// reader, one system call for several requests.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "process/fd.h"

namespace selvage::bench {

// Where a Work writes the next requests of one connection. They are sent together, and answered in
// order.
class Outbox {
 public:
  explicit Outbox(std::string authority) : authority_(std::move(authority)) {}

  // The JSON of the next request, empty; to be written, then sent. `kind` comes back with the
  // reply; `action` is a whole X-Amz-Target.
  std::string& json() { return json_; }
  void send(int kind, std::string_view action);
  int under_way() const { return static_cast<int>(sent_.size()); }

 private:
  friend class Pump;
  struct Sent {
    int kind;
    int64_t begun_ns;
  };
  std::string authority_, json_;
  std::string bytes_;  // not yet given to the socket
  std::deque<Sent> sent_;
};

struct Reply {
  int kind = 0;
  int64_t begun_ns = 0;
  std::string_view json;  // until the call that got it returns
};

// What is to be asked; one object for all connections.
class Work {
 public:
  virtual ~Work() = default;
  // Writes what this connection is to ask next; nothing: it rests until its next reply, and for
  // good when none is under way.
  virtual void refill(size_t connection, Outbox& out) = 0;
  // A reply, with status 200. refill() follows.
  virtual void reply(size_t connection, const Reply& reply) = 0;
};

class Pump {
 public:
  // Connects. A failure here or later, and an answer other than 200, end the program.
  Pump(const http::Endpoint& endpoint, size_t connections);
  ~Pump();
  // Returns when every connection rests and every request is answered.
  void run(Work& work);

 private:
  struct Connection;
  void flush(Connection& connection);
  void take(size_t index, Work& work);

  std::vector<std::unique_ptr<Connection>> connections_;
  process::Fd epoll_;
  int64_t under_way_ = 0;
};

}  // namespace selvage::bench
