// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thread of the server: its sockets, its connections, its clock. Private to this folder.

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/server.h"
#include "http/tls.h"
#include "process/fd.h"

namespace selvage::http {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;  // typed: any_io_executor costs an indirection
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using SteadyTime = std::chrono::steady_clock::time_point;

class HttpConnection;

// Kept alive by its connections, which Responders keep alive: both may outlive the server.
// Thread rule: post() is for any thread, run() is the loop's thread, all else happens on it.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  // `tls` is empty for a server without TLS.
  Loop(const ServerOptions& options, Handler& handler, std::shared_ptr<Tls> tls)
      : options_(options), handler_(handler), tls_(std::move(tls)) {}

  // Before run(). `all`: the server's loops, which share its connections; looked at until stop().
  void start(process::Fd listener, std::vector<Loop*> all);
  void run() { io_.run(); }  // until stop()

  bool on_own_thread() { return io_.get_executor().running_in_this_thread(); }

  // Runs `work` on the loop's thread; false (and `work` is dropped) once it has stopped.
  template <typename Work>
  bool post(Work work) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    asio::post(io_, std::move(work));
    return true;
  }

  // Takes `task` and runs it on the loop's thread, after those before it; false (and it is not
  // taken) once that has stopped. Tasks that come while others wait wake nobody again.
  bool run(std::shared_ptr<Task>& task);

  void drain(std::promise<void> quiet);  // stops accepting; `quiet` when no request is in flight
  void close_connections();
  void stop();

  const ServerOptions& options() const { return options_; }
  Handler& handler() { return handler_; }
  Tls* tls() { return tls_.get(); }
  bool draining() const { return draining_; }
  void add_busy(int change);  // connections that owe an answer
  void forget(uint64_t connection) { held_ -= static_cast<int>(connections_.erase(connection)); }

 private:
  using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;
  void run_tasks();
  void accept();
  void place(Socket socket, const Tcp::endpoint& peer);
  void adopt(Socket socket, const Tcp::endpoint& peer);
  void sweep_later();
  void sweep();
  void stop_accepting();

  const ServerOptions options_;
  Handler& handler_;
  const std::shared_ptr<Tls> tls_;
  asio::io_context io_{1};
  Acceptor acceptor_{io_};
  Tcp::endpoint accepted_;  // the peer of the connection that is accepted next
  Timer timer_{io_};
  std::unordered_map<uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::vector<Loop*> siblings_;
  std::atomic<int> held_ = 0;  // connections that are ours or on their way here
  int busy_ = 0;
  bool accepting_ = false;  // an accept is pending
  bool draining_ = false;
  std::promise<void> quiet_;
  bool told_quiet_ = true;
  std::mutex mutex_;
  bool stopped_ = false;                        // written by the loop's thread under mutex_
  std::vector<std::shared_ptr<Task>> tasks_;    // under mutex_
  std::vector<std::shared_ptr<Task>> running_;  // the loop's: those that it took last
};

}  // namespace selvage::http
