// SPDX-License-Identifier: Apache-2.0
#pragma once
// The endpoint without sockets: requests go in as JSON, answers come out as JSON, and behind it is
// a real engine in virtual time. Receives that wait are parked until a test lets time pass.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sqs/api.h"
#include "sqs/engine_backend.h"
#include "wire/json.h"

namespace selvage::sqs {

class FakeConnection final : public http::Connection {
 public:
  void on_close(std::function<void()> callback) override { watchers_.push_back(callback); }
  void on_abandoned(std::function<void()> callback) override { abandoned_ = callback; }
  uint64_t id() const override { return 1; }
  std::string peer() const override { return "127.0.0.1"; }
  bool secure() const override { return is_tls; }
  bool is_tls = false;
  // The client goes away.
  void close() {
    if (const auto abandoned = std::exchange(abandoned_, nullptr)) abandoned();
    for (const auto& callback : std::exchange(watchers_, {})) callback();
  }
  // The client has an answer.
  void answered() { abandoned_ = nullptr; }

 private:
  std::vector<std::function<void()>> watchers_;
  std::function<void()> abandoned_;
};

class FakeSink final : public http::Responder::Sink {
 public:
  explicit FakeSink(std::shared_ptr<FakeConnection> connection = nullptr)
      : connection_(std::move(connection)) {}
  void send(const http::Response& response) override {
    EXPECT_FALSE(response_) << "answered twice";
    if (connection_) connection_->answered();
    response_ = response;
  }
  const std::optional<http::Response>& response() const { return response_; }

 private:
  std::shared_ptr<FakeConnection> connection_;
  std::optional<http::Response> response_;
};

// The text of the first member of that name, at any depth; "" when there is none.
inline std::string find_text(std::string_view json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":\"";
  const size_t at = json.find(key);
  if (at == std::string_view::npos) return "";
  const size_t begin = at + key.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

class ApiTest : public testing::Test {
 protected:
  struct Answer {
    int status = 0;  // 0: none yet
    std::string body;
    std::string query_error;
    // Without "com.amazonaws.sqs#".
    std::string error() const {
      const std::string type = find_text(body, "__type");
      return type.substr(type.find('#') + 1);
    }
    std::string operator[](std::string_view name) const { return find_text(body, name); }
  };

  static http::Request request(const std::string& target, std::string json) {
    return {.method = "POST",
            .target = "/",
            .headers = {{"Host", "queues:9324"}, {"X-Amz-Target", target}},
            .body = std::move(json)};
  }
  Answer send(const http::Request& http_request) {
    sink_ = std::make_shared<FakeSink>(connection_);
    api_.handle(http_request, connection_, http::Responder(sink_));
    return answer();
  }
  Answer answer() const {
    if (!sink_->response()) return {};
    EXPECT_NE(sink_->response()->header("x-amzn-RequestId"), "");
    EXPECT_EQ(sink_->response()->header("content-type"), expected_type_);
    return {sink_->response()->status, sink_->response()->body,
            std::string(sink_->response()->header("x-amzn-query-error"))};
  }
  Answer amazon(const std::string& action, std::string json) {
    return send(request("AmazonSQS." + action, std::move(json)));
  }
  Answer ours(const std::string& action, std::string json) {
    return send(request("Selvage." + action, std::move(json)));
  }

  void create(const std::string& name, const std::string& attributes = "{}") {
    EXPECT_EQ(
        amazon("CreateQueue", R"({"QueueName":")" + name + R"(","Attributes":)" + attributes + "}")
            .status,
        200);
  }
  std::string send_body(const std::string& queue, const std::string& body) {
    return amazon("SendMessage", R"({"QueueUrl":")" + queue + R"(","MessageBody":")" + body +
                                     R"("})")["MessageId"];
  }
  // The receipt handle of the next message.
  std::string take(const std::string& queue) {
    return amazon("ReceiveMessage", R"({"QueueUrl":")" + queue + R"("})")["ReceiptHandle"];
  }
  std::string open_session() { return ours("OpenSession", "{}")["SessionId"]; }
  std::string take_in(const std::string& session, const std::string& queue) {
    return ours("Receive", R"({"QueueUrl":")" + queue + R"(","SessionId":")" + session +
                               R"(","VisibilityTimeoutMs":60000})")["ReceiptHandle"];
  }
  int64_t waiting_in(const std::string& queue) {
    return std::stoll(amazon("GetQueueAttributes",
                             R"({"QueueUrl":")" + queue +
                                 R"(","AttributeNames":["All"]})")["ApproximateNumberOfMessages"]);
  }

  EngineBackend backend_;
  Identity identity_;
  SessionKeys session_keys_{"a secret of the server", Instant{}};
  Guard guard_{backend_, identity_, &session_keys_};
  Api api_{{backend_, identity_, guard_}};
  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  std::shared_ptr<FakeSink> sink_;
  std::string expected_type_ = "application/x-amz-json-1.0";
};

}  // namespace selvage::sqs
