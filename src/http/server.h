// SPDX-License-Identifier: Apache-2.0
#pragma once
// An HTTP/1.1 server: an io_context per thread, keep-alive and pipelining, answers whenever they
// are ready and from any thread. What runs the sockets is named in the .cc files only.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/time.h"
#include "http/message.h"

namespace selvage::http {

// PEM files. The certificate's may hold the chain up to the authority: ours first, then whose key
// signed it, and so on.
struct TlsFiles {
  std::string certificate;
  std::string key;  // without a password
  bool empty() const { return certificate.empty() && key.empty(); }
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one, see Server::port()
  int threads = 0;    // 0: one per core
  size_t max_head_bytes = 16 << 10;
  size_t max_body_bytes = 8 << 20;
  Duration head_deadline = std::chrono::seconds(20);  // from the first byte of a request, or of
                                                      // TLS's handshake, to its last
  Duration idle_deadline = std::chrono::minutes(10);  // between requests, with no close watcher
  TlsFiles tls = {};  // both or none; with them, a connection is TLS if it begins like TLS
  bool plain_from_this_host = true;  // with TLS: answer plain HTTP too, if the peer is on this host
};

// Something that a connection's thread is to do.
class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
};

// One client's connection as handlers see it. Shared; outlives the socket.
class Connection {
 public:
  virtual ~Connection() = default;
  // Calls back once, on a server thread, when the peer has gone or the server closed it: at once if
  // it already has. Also while a request is being answered: a peer that vanishes in the middle of a
  // long poll is noticed then, not at the next write.
  virtual void on_close(std::function<void()> callback) = 0;
  // Calls back, on a server thread, when the peer goes away before the answer to the request that
  // is being handled is written; an answer that was already sent is then dropped, so that what it
  // carries can be taken back. Only inside handle(); replaces the one before; forgotten with the
  // answer.
  virtual void on_abandoned(std::function<void()> callback) = 0;
  // Like on_close(), in place of the callback given before with this key, which is forgotten; an
  // empty `callback` only forgets. For a client that does the same thing again and again.
  virtual void watch(uint64_t /*key*/, std::function<void()> callback) {
    if (callback) on_close(std::move(callback));
  }
  // Runs `task` on the connection's server thread, where an answer is made and sent without a
  // further change of threads. Many tasks that come together wake that thread once. From any
  // thread; on that of the caller where no server thread is left.
  virtual void run(std::shared_ptr<Task> task) { std::exchange(task, nullptr)->run(); }
  virtual uint64_t id() const = 0;  // unique in this process
  // The peer's address as a number: "127.0.0.1", "2001:db8::1"; "" when it is not known.
  virtual std::string peer() const { return {}; }
  virtual bool secure() const { return false; }  // it is TLS
};

// The one answer to one request. Thread-safe, movable; an unused one answers 500 when it dies.
class Responder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(const Response& response) = 0;  // done with it when this returns
  };
  explicit Responder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&& other) noexcept {  // ours, if unused, dies with `other`
    std::swap(sink_, other.sink_);
    return *this;
  }
  ~Responder();
  void send(const Response& response);  // once

 private:
  std::shared_ptr<Sink> sink_;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // On a server thread; must not block. `request` is the connection's, which reads the next one
  // into its memory: it is gone when this returns.
  virtual void handle(const Request& request, std::shared_ptr<Connection> connection,
                      Responder responder) = 0;
};

class Server {
 public:
  // Binds and starts. Failure: kInUse when the port is taken, kSettings when the address is not
  // ours or not an address, or a file of TLS cannot be used. `handler` must outlive the server.
  static Result<std::unique_ptr<Server>> listen(const ServerOptions& options, Handler& handler);
  virtual ~Server() = default;  // closes every connection, joins the threads
  virtual uint16_t port() const = 0;
  // Reads the files of TLS anew, for connections that begin from now on. Failure (kSettings): they
  // cannot be used and the old ones stay. Nothing to do without TLS. For any thread.
  virtual Result<void> reload_tls() = 0;
  // Stops accepting, lets requests in flight be answered for at most `grace`, then closes
  // everything.
  virtual void drain(Duration grace) = 0;
};

}  // namespace selvage::http
