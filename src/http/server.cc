// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "http/address.h"
#include "http/connection.h"
#include "http/loop.h"

namespace selvage::http {

void Loop::start(process::Fd listener, std::vector<Loop*> all) {
  siblings_ = std::move(all);
  sockaddr address{};
  socklen_t length = sizeof address;
  getsockname(listener.get(), &address, &length);
  acceptor_.assign(address.sa_family == AF_INET6 ? Tcp::v6() : Tcp::v4(), listener.release());
  accept();
  sweep_later();
}

bool Loop::run(std::shared_ptr<Task>& task) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    tasks_.push_back(std::move(task));
    is_first = tasks_.size() == 1;
  }
  // Not under the mutex, which the loop needs as soon as it is awake.
  if (is_first) asio::post(io_, [self = shared_from_this()] { self->run_tasks(); });
  return true;
}

void Loop::run_tasks() {
  {
    const std::lock_guard lock(mutex_);
    std::swap(tasks_, running_);
  }
  for (auto& task : running_) std::exchange(task, nullptr)->run();
  running_.clear();
}

void Loop::accept() {
  accepting_ = true;
  acceptor_.async_accept(accepted_, [this](const boost::system::error_code& error, Socket socket) {
    accepting_ = false;
    if (!acceptor_.is_open()) return;
    if (error) {  // the next sweep tries again
      log_warn("cannot accept a connection: {}; trying again in a second", error.message());
      return;
    }
    place(std::move(socket), accepted_);
    accept();
  });
}

// The kernel deals connections out by a hash of their addresses: of a few, most may come to one
// loop. So they go on to the loop that has the fewest.
void Loop::place(Socket socket, const Tcp::endpoint& peer) {
  Loop* least = this;
  for (Loop* const loop : siblings_)
    if (loop->held_ < least->held_) least = loop;
  ++least->held_;
  if (least == this) return adopt(std::move(socket), peer);
  boost::system::error_code error;
  process::Fd native(socket.release(error));
  const bool posted = least->post([least, peer, native = std::move(native)]() mutable {
    least->adopt(Socket(least->io_, peer.protocol(), native.release()), peer);
  });
  if (!posted) --least->held_;  // it has stopped, and so do we
}

namespace {

// A peer whose host has vanished says nothing: the kernel asks it, and closes the connection after
// idle + count * interval seconds of silence. That is the heartbeat of whoever lives by a
// connection.
void notice_vanished_host(int socket) {
  constexpr std::pair<int, int> kOptions[] = {
      {TCP_KEEPIDLE, 5}, {TCP_KEEPINTVL, 2}, {TCP_KEEPCNT, 3}, {TCP_USER_TIMEOUT, 11'000}};
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  for (const auto& [option, value] : kOptions)
    setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value);
}

}  // namespace

void Loop::adopt(Socket socket, const Tcp::endpoint& peer) {
  boost::system::error_code ignored;  // a peer that has already gone is noticed by the first read
  socket.set_option(Tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);  // our own writes too
  fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  notice_vanished_host(socket.native_handle());
  const auto connection = std::make_shared<HttpConnection>(shared_from_this(), std::move(socket),
                                                           numeric_host(peer.data()));
  connections_.emplace(connection->id(), connection);
  connection->start();
}

void Loop::sweep_later() {
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep();
  });
}

// Walks all connections once a second instead of arming a timer for each request, which would cost
// a tenth of the throughput (STACK.md, section 1). A deadline is late by up to two seconds.
void Loop::sweep() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto connection = (it++)->second;  // may erase itself, and only itself
    connection->sweep(now);
  }
  if (acceptor_.is_open() && !accepting_) accept();
  if (!stopped_) sweep_later();
}

void Loop::add_busy(int change) {
  busy_ += change;
  SELVAGE_CHECK(busy_ >= 0);
  if (busy_ == 0 && !std::exchange(told_quiet_, true)) quiet_.set_value();
}

void Loop::drain(std::promise<void> quiet) {
  stop_accepting();
  draining_ = true;
  quiet_ = std::move(quiet);
  told_quiet_ = false;
  add_busy(0);
}

void Loop::close_connections() {
  while (!connections_.empty()) {
    const auto connection = connections_.begin()->second;
    connection->close();
  }
}

void Loop::stop_accepting() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void Loop::stop() {
  stop_accepting();
  timer_.cancel();
  close_connections();
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  run_tasks();  // those that nobody will be woken for any more
}

namespace {

class AsioServer final : public Server {
 public:
  AsioServer(uint16_t port, std::shared_ptr<Tls> tls) : port_(port), tls_(std::move(tls)) {}

  void run(const ServerOptions& options, Handler& handler, std::vector<process::Fd> listeners) {
    std::vector<Loop*> all;
    for (size_t i = 0; i < listeners.size(); ++i)
      all.push_back(loops_.emplace_back(std::make_shared<Loop>(options, handler, tls_)).get());
    for (size_t i = 0; i < listeners.size(); ++i) loops_[i]->start(std::move(listeners[i]), all);
    for (const auto& loop : loops_)
      pthread_setname_np(threads_.emplace_back([loop] { loop->run(); }).native_handle(), "http");
  }

  ~AsioServer() override {
    for (const auto& loop : loops_) loop->post([loop] { loop->stop(); });
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t port() const override { return port_; }

  Result<void> reload_tls() override { return tls_ ? tls_->reload() : Result<void>(); }

  void drain(Duration grace) override {
    const auto give_up = std::chrono::steady_clock::now() + grace;
    std::vector<std::future<void>> quiet;
    for (const auto& loop : loops_) {
      std::promise<void> promise;
      quiet.push_back(promise.get_future());
      loop->post(
          [loop, promise = std::move(promise)]() mutable { loop->drain(std::move(promise)); });
    }
    for (const auto& loop_quiet : quiet) loop_quiet.wait_until(give_up);
    close_all();
  }

 private:
  void close_all() {
    std::vector<std::future<void>> closed;
    for (const auto& loop : loops_) {
      std::promise<void> promise;
      closed.push_back(promise.get_future());
      loop->post([loop, promise = std::move(promise)]() mutable {
        loop->close_connections();
        promise.set_value();
      });
    }
    for (const auto& loop_closed : closed) loop_closed.wait();
  }

  const uint16_t port_;
  const std::shared_ptr<Tls> tls_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(const ServerOptions& options, Handler& handler) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::shared_ptr<Tls> tls;
  if (!options.tls.empty()) {
    auto loaded = Tls::load(options.tls);
    if (!loaded) return std::unexpected(loaded.error());
    tls = std::move(*loaded);
  }
  auto listeners =
      open_listeners(options.host, options.port, options.threads > 0 ? options.threads : cores);
  if (!listeners) return std::unexpected(listeners.error());
  try {
    auto server =
        std::make_unique<AsioServer>(local_port(listeners->front().get()), std::move(tls));
    server->run(options, handler, std::move(*listeners));
    return server;
  } catch (const std::system_error& error) {  // out of descriptors or threads
    return failure(ErrorCode::kSettings, fmt::format("cannot start the server: {}", error.what()));
  }
}

Responder::~Responder() {
  if (sink_) sink_->send(plain_text(500, "The request was dropped without an answer."));
}

void Responder::send(const Response& response) {
  SELVAGE_CHECK(sink_);
  std::exchange(sink_, nullptr)->send(response);
}

}  // namespace selvage::http
