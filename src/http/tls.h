// SPDX-License-Identifier: Apache-2.0
#pragma once
// TLS without sockets: bytes of the network go in, plain bytes come out, and the other way round.
// So one piece of code reads and writes the socket of every connection, secure or not, and what
// connection.h promises about it holds for both. Private to this folder. OpenSSL is named in
// tls.cc only.

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/server.h"

struct ssl_st;      // OpenSSL's SSL
struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace selvage::http {

// The server's side of one TLS connection.
//
//    network ──▶ receive() ──▶ read() ──▶ plain bytes
//    network ◀── seal(), end() ◀── plain bytes
//
// 1. The handshake happens inside read(); seal() gives our side of it.
// 2. After kRefused and kGone nothing more is read, and what is received is dropped.
class TlsSession {
 public:
  enum class State {
    kHandshake,
    kOpen,
    kRefused,  // there was no handshake; seal() tells the peer why
    kGone,     // the peer will send no more, or bytes that are not its own
  };

  explicit TlsSession(ssl_ctx_st* settings);

  State state() const { return state_; }
  size_t unsent() const;  // bytes that TLS itself has to send, at the next seal()

  void receive(std::string_view sealed);
  // At most `room` plain bytes; 0 when more must be received first, or when state() has changed.
  size_t read(char* to, size_t room);
  // Appends to `out` what TLS itself has to send, then `plain`, for which it must be kOpen.
  void seal(std::string_view plain, std::string& out);
  // Appends that nothing more will come. Nothing when it was said before, or cannot be said.
  void end(std::string& out);

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  bool over() const;
  void take_sealed(std::string& out);

  std::unique_ptr<ssl_st, Free> ssl_;
  State state_ = State::kHandshake;
};

// Certificate and key, which may be renewed while connections come and go: TLS 1.2 and 1.3 with
// forward secrecy, "http/1.1" by ALPN, session tickets, no renegotiation.
// Thread rule: all calls are for any thread.
class Tls {
 public:
  // Failure (kSettings) names the file and says what is wrong with it.
  static Result<std::shared_ptr<Tls>> load(const TlsFiles& files);

  // Reads the files anew, for the sessions that follow. After a failure the old ones stay in use.
  Result<void> reload();
  std::unique_ptr<TlsSession> accept();

 private:
  struct Free {
    void operator()(ssl_ctx_st* settings) const;
  };
  using Settings = std::unique_ptr<ssl_ctx_st, Free>;

  Tls(TlsFiles files, Settings settings);
  static Result<Settings> read_files(const TlsFiles& files);

  const TlsFiles files_;
  std::mutex mutex_;
  Settings settings_;  // under mutex_
};

}  // namespace selvage::http
