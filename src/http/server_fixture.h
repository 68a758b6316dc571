// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of the server share: a peer that speaks raw bytes, and handlers.

#include <dirent.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/address.h"
#include "http/server.h"

namespace selvage::http {

// A client made of one blocking socket and a string.
class Peer {
 public:
  explicit Peer(uint16_t port) {
    const Address address = resolve("127.0.0.1", port)->front();
    fd_ = process::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connected_ = ::connect(fd_.get(), address.get(), address.length) == 0;
  }

  int handle() const { return fd_.get(); }
  bool connected() const { return connected_; }
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      text.remove_prefix(static_cast<size_t>(n));
    }
  }

  // Reads one answer, its length being in its head. Empty when the connection ends before.
  std::string answer() {
    while (!in_.contains("\r\n\r\n")) {
      if (!fill()) return {};
    }
    const size_t head = in_.find("\r\n\r\n") + 4;
    const size_t length = in_.find("Content-Length: ");
    const size_t size = head + (length < head ? std::stoul(in_.substr(length + 16)) : 0);
    while (in_.size() < size) {
      if (!fill()) return {};
    }
    std::string text = in_.substr(0, size);
    in_.erase(0, size);
    return text;
  }

  std::string body() {
    const std::string text = answer();
    return text.substr(std::min(text.size(), text.find("\r\n\r\n") + 4));
  }

  std::string rest() {  // until the server closes
    while (fill()) {
    }
    return std::exchange(in_, {});
  }

  void hang_up() { fd_.reset(); }
  void reset() {
    const linger at_once{1, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

 private:
  bool fill() {
    char bytes[16 << 10];
    const ssize_t n = recv(fd_.get(), bytes, sizeof bytes, 0);
    if (n > 0) in_.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }

  process::Fd fd_;
  bool connected_ = false;
  std::string in_;
};

inline std::string get(std::string_view target) {
  return fmt::format("GET {} HTTP/1.1\r\n\r\n", target);
}

inline std::string post(std::string_view body) {
  return fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

inline Response text(std::string body) {
  return {200, "text/plain", {}, std::move(body)};
}

struct Visit {
  Request request;
  std::shared_ptr<Connection> connection;
  Responder responder;
};

// Keeps requests until the test takes them.
class Desk final : public Handler {
 public:
  void handle(const Request& request, std::shared_ptr<Connection> connection,
              Responder responder) override {
    const std::lock_guard lock(mutex_);
    visits_.push_back({request, std::move(connection), std::move(responder)});
    arrived_.notify_one();
  }

  Visit take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !visits_.empty(); });
    Visit visit = std::move(visits_.front());
    visits_.pop_front();
    return visit;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Visit> visits_;
};

// Answers at once, with the request's target and body.
class Echo final : public Handler {
 public:
  void handle(const Request& request, std::shared_ptr<Connection>, Responder responder) override {
    responder.send(text(request.target + " " + request.body));
  }
};

inline std::unique_ptr<Server> serve(Handler& handler, ServerOptions options = {.threads = 1}) {
  auto server = Server::listen(options, handler);
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

// Becomes ready when the connection has ended.
inline std::future<void> closing(Connection& connection) {
  auto closed = std::make_shared<std::promise<void>>();
  connection.on_close([closed] { closed->set_value(); });
  return closed->get_future();
}

// Writes what the kernel takes at once; how much that was.
inline size_t stuff(const Peer& peer, std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t n =
        ::send(peer.handle(), &bytes[taken], bytes.size() - taken, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0) break;
    taken += static_cast<size_t>(n);
  }
  return taken;
}

inline int open_descriptors() {
  int count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) count++;
  closedir(folder);
  return count;
}

// True as soon as `holds` does; false when that takes a minute.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace selvage::http
