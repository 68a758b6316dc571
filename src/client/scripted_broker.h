// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests: a broker on a real port that answers what the test tells it to, when it tells it to.
// Everything happens on the test's thread but the sockets, which wake its reactor.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "http/client.h"
#include "http/server.h"
#include "process/fd.h"
#include "process/reactor.h"

namespace selvage::client {

class ScriptedBroker final : public http::Handler {
 public:
  // A request that waits for its answer.
  struct Asked {
    std::string action;  // "Selvage.HandOver"
    std::string body;
    std::shared_ptr<http::Responder> responder;

    void answer(std::string json, int status = 200) const {
      responder->send({.status = status,
                       .content_type = "application/x-amz-json-1.0",
                       .headers = {},
                       .body = std::move(json)});
    }
  };

  explicit ScriptedBroker(process::Reactor& reactor) : reactor_(reactor) {
    listen();
    reactor_.watch(bell_.read.get(), EPOLLIN, [this](uint32_t) {
      char bytes[64];
      while (read(bell_.read.get(), bytes, sizeof bytes) > 0) {
      }
    });
  }
  ~ScriptedBroker() override {
    stop();
    reactor_.unwatch(bell_.read.get());
  }

  http::Endpoint endpoint() const { return {"127.0.0.1", port_}; }

  // Every connection breaks, and nobody listens.
  void stop() {
    server_.reset();
    const std::scoped_lock lock(mutex_);
    asked_.clear();
  }
  void listen() {
    auto server = http::Server::listen({.port = port_, .threads = 1}, *this);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    port_ = server_->port();
  }

  // Runs the reactor until the next request is there.
  Asked next() {
    Asked asked;
    run_until([&] { return take(asked); });
    return asked;
  }
  bool has_next() {
    const std::scoped_lock lock(mutex_);
    return !asked_.empty();
  }

  template <typename Condition>
  void run_until(Condition condition) {
    bool hopeless = false;
    const auto limit = reactor_.after(std::chrono::minutes(2), [&] { hopeless = true; });
    while (!condition() && !hopeless) reactor_.run_once(std::chrono::hours(1));
    reactor_.cancel(limit);
    ASSERT_FALSE(hopeless);
  }

 private:
  void handle(const http::Request& request, std::shared_ptr<http::Connection>,
              http::Responder responder) override {
    {
      const std::scoped_lock lock(mutex_);
      asked_.push_back({std::string(request.header("x-amz-target")), request.body,
                        std::make_shared<http::Responder>(std::move(responder))});
    }
    EXPECT_EQ(write(bell_.write.get(), "!", 1), 1);
  }
  bool take(Asked& asked) {
    const std::scoped_lock lock(mutex_);
    if (asked_.empty()) return false;
    asked = std::move(asked_.front());
    asked_.pop_front();
    return true;
  }

  process::Reactor& reactor_;
  process::Pipe bell_ = process::make_pipe(true, true);  // rung by the server's thread
  std::mutex mutex_;
  std::deque<Asked> asked_;
  uint16_t port_ = 0;
  std::unique_ptr<http::Server> server_;
};

}  // namespace selvage::client
