// SPDX-License-Identifier: Apache-2.0
#pragma once
// One kept HTTP/1.1 connection on a Reactor: requests are answered in order; a lost connection is
// told at once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "http/message.h"
#include "process/reactor.h"

namespace selvage::http {

struct Endpoint {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  // "http://host:port", "host:port"; port 0 means any free one, to a server only.
  // Failure (kSettings) says what a valid one looks like.
  static Result<Endpoint> parse(std::string_view text);
  std::string authority() const;  // "host:port", an IPv6 host in brackets
};

// 1. Connects by itself when the first request is made; after a loss, when the next one is made.
// 2. At most one request is on the wire; further ones wait in order.
// 3. When the connection breaks (or cannot be made) every outstanding request fails with kRetry, in
//    order, and then on_lost is called. Whether the broken one took effect is unknown to us.
// 4. With a deadline: an answer that has not come whole within it, counted from when its request
//    became the first in line (so connecting counts), breaks the connection.
// 5. Destroying it closes the socket and forgets outstanding requests without calling back. It may
//    be destroyed inside a callback of its own.
class ClientConnection {
 public:
  using Callback = std::function<void(Result<Response>)>;
  static constexpr size_t kMostBody = 256 << 20;
  // The deadline must be longer than any long poll that is asked for. An answer whose body has more
  // than `most_body` bytes is no valid one.
  static std::unique_ptr<ClientConnection> create(process::Reactor& reactor, Endpoint endpoint,
                                                  std::optional<Duration> deadline = {},
                                                  size_t most_body = kMostBody);
  virtual ~ClientConnection() = default;
  virtual void request(Request request, Callback callback) = 0;
  // Told when an established connection ends, also between requests.
  virtual void on_lost(std::function<void()> callback) = 0;
  virtual void close() = 0;  // as if lost, but on_lost is not called
};

}  // namespace selvage::http
