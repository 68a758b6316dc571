// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the tests of commands: a broker on a real port with an answer ready for each action, and what
// it was asked.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"

namespace selvage::app {

class CannedBroker final : public http::Handler {
 public:
  CannedBroker() {
    auto server = http::Server::listen({.port = 0, .threads = 1}, *this);
    EXPECT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  // Answers in this order; the last one stays. An action without any: `{}`.
  void answer(const std::string& action, std::string json) { add(action, {200, std::move(json)}); }
  void refuse(const std::string& action, const std::string& type, const std::string& message) {
    add(action,
        {400, R"({"__type":"com.amazonaws.sqs#)" + type + R"(","message":")" + message + R"("})"});
  }

  // "Selvage.Send {…}", in order.
  std::vector<std::string> asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

 private:
  struct Answer {
    int status;
    std::string json;
  };
  void add(const std::string& action, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_[action].push_back(std::move(answer));
  }
  Answer take(const std::string& action) {
    auto& ready = answers_[action];
    if (ready.empty()) return {200, "{}"};
    Answer answer = ready.front();
    if (ready.size() > 1) ready.pop_front();
    return answer;
  }
  void handle(const http::Request& request, std::shared_ptr<http::Connection>,
              http::Responder responder) override {
    const std::scoped_lock lock(mutex_);
    std::string action(request.header("x-amz-target"));
    action = action.substr(action.find('.') + 1);
    asked_.push_back(action + " " + request.body);
    Answer answer = take(action);
    responder.send({.status = answer.status,
                    .content_type = "application/x-amz-json-1.0",
                    .headers = {},
                    .body = std::move(answer.json)});
  }

  std::mutex mutex_;
  std::map<std::string, std::deque<Answer>> answers_;
  std::vector<std::string> asked_;
  std::unique_ptr<http::Server> server_;  // last: its thread uses the others
};

}  // namespace selvage::app
