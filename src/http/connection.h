// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection of the server. Private to this folder.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/loop.h"
#include "http/parser.h"
#include "http/server.h"
#include "http/tls.h"

namespace selvage::http {

// Three events (bytes came, an answer came, the output was written) lead to one function,
// advance(), which does whatever can be done now:
//
//    read ──▶ in_ ──▶ parser ──▶ handle() ──▶ send() ──▶ out_ ──▶ write
//    always pending   while kIdle or kReading   once      one write for all that is ready
//
// The first byte tells whether the connection is TLS. If so, what was read goes through tls_ on its
// way into in_, and what is ready on its way out of out_; nothing else differs.
//
// 1. At most one request is with the handler; the next is parsed when its answer is in out_.
// 2. A read is pending at all times while in_ has room, also during kAnswering: so the end of the
//    stream is seen at once. (Behind a buffer full of pipelined requests it is seen later.) While
//    it is pending, tls_ holds nothing that could go into in_.
// 3. Every callback comes from the loop, never from inside a handler's call.
// Thread rule: what Connection and Responder::Sink declare is for any thread (secure() from the
// first request on), except on_abandoned(); all else is for the loop's.
class HttpConnection final : public Connection,
                             public Responder::Sink,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<Loop> loop, Socket socket, std::string peer);

  void on_close(std::function<void()> callback) override;
  void on_abandoned(std::function<void()> callback) override;
  void watch(uint64_t key, std::function<void()> callback) override;
  void run(std::shared_ptr<Task> task) override;
  uint64_t id() const override { return id_; }
  std::string peer() const override { return peer_; }
  bool secure() const override { return tls_ != nullptr; }
  void send(const Response& response) override;

  void start() { advance(); }
  void sweep(SteadyTime now);
  void close();

 private:
  // What a deadline is measured by.
  enum class Phase {
    kIdle,       // between requests
    kReading,    // a request has begun, or TLS's handshake
    kAnswering,  // the handler has it
    kLingering,  // the last answer is out; the peer is given time to read it
  };

  void advance();
  void begin(char first);
  bool is_from_this_host() const;
  bool peer_has_gone();
  bool unseal();
  void compact();
  void parse();
  void dispatch();
  void finish(const Response& response);
  void send_now(const Response& response);
  void refuse(int status, std::string_view sentence);
  void read_on();
  bool write_out();
  void seal();
  void linger();
  void on_read(const boost::system::error_code& error, size_t size);
  void on_written(const boost::system::error_code& error);
  void set_phase(Phase phase);
  void update_busy();
  std::optional<Duration> deadline() const;

  const uint64_t id_;
  const std::string peer_;
  const std::shared_ptr<Loop> loop_;  // before the socket, which needs it to die
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;  // empty when the connection is plain
  RequestParser parser_;
  const size_t capacity_;       // of in_
  std::unique_ptr<char[]> in_;  // [begin_, end_) was read and is not yet parsed
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string out_;      // answers that are ready
  std::string sending_;  // answers that are being written
  std::vector<std::function<void()>> watchers_;
  std::map<uint64_t, std::function<void()>> keyed_watchers_;
  std::function<void()> abandoned_;  // of the request that is being answered
  std::optional<SteadyTime> since_;  // when a sweep first saw the present phase
  Phase phase_ = Phase::kIdle;
  bool begun_ = false;      // the first byte has come
  bool reading_ = false;    // a read is pending
  bool writing_ = false;    // a write is pending
  bool handling_ = false;   // inside handle()
  bool head_only_ = false;  // the present request is a HEAD
  bool last_ = false;       // the present request or answer is the connection's last
  bool busy_ = false;       // counted in the loop as owing an answer
  bool closed_ = false;
};

}  // namespace selvage::http
