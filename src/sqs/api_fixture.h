// SPDX-License-Identifier: Apache-2.0
#pragma once
// The endpoint without sockets: requests go in as JSON, answers come out as JSON, and behind it is
// a real engine in virtual time. Receives that wait are parked until a test lets time pass.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "queue/engine.h"
#include "sqs/api.h"
#include "wire/json.h"

namespace selvage::sqs {

// One thread: decides at once, keeps payloads and evidence as a store would.
class EngineBackend final : public Backend {
 public:
  Ticket submit(queue::Command command, Done done) override {
    std::optional<Duration> wait;
    if (const auto* const receive = std::get_if<queue::Receive>(&command))
      wait = receive->wait.value_or(Duration{0});
    submitted.push_back(command);
    queue::Reply reply = decide(std::move(command));
    const auto* const deliveries = std::get_if<std::vector<queue::Delivery>>(&reply);
    ++last_ticket_;
    if (wait > Duration{0} && deliveries != nullptr && deliveries->empty())
      parked.emplace(last_ticket_, std::move(done));
    else
      done(std::move(reply));
    return last_ticket_;
  }
  void cancel(Ticket ticket) override {
    cancelled.push_back(ticket);
    parked.erase(ticket);
  }

  // As a broker does when the wait of those that are parked is over.
  void end_waits() {
    for (auto& [ticket, done] : std::exchange(parked, {})) done(std::vector<queue::Delivery>{});
  }
  template <typename Command>
  const Command& last() const {
    return std::get<Command>(submitted.back());
  }

  ManualClock clock;
  std::vector<queue::Command> submitted;
  std::vector<Ticket> cancelled;
  std::map<Ticket, Done> parked;

 private:
  using Key = std::pair<QueueId, Seq>;

  queue::Reply decide(queue::Command command) {
    queue::Mutations mutations;
    engine_.advance(clock.now(), mutations);
    queue::Reply reply = engine_.execute(std::move(command), clock.now(), mutations);
    engine_.audit(clock.now());
    for (const queue::Mutation& mutation : mutations) keep(mutation);
    if (auto* const deliveries = std::get_if<std::vector<queue::Delivery>>(&reply))
      for (queue::Delivery& d : *deliveries) {
        d.payload = payloads_.at({d.receipt.queue, d.receipt.seq});
        d.evidence = evidence_[{d.receipt.queue, d.receipt.seq}];
      }
    return reply;
  }
  void keep(const queue::Mutation& mutation) {
    if (const auto* const put = std::get_if<queue::PutPayload>(&mutation))
      payloads_[{put->queue, put->seq}] = put->payload;
    if (const auto* const add = std::get_if<queue::AddEvidence>(&mutation))
      evidence_[{add->queue, add->seq}].push_back(add->evidence);
    if (const auto* const move = std::get_if<queue::MovePayload>(&mutation)) {
      payloads_[{move->to_queue, move->to}] = payloads_[{move->from_queue, move->from}];
      evidence_[{move->to_queue, move->to}] = evidence_[{move->from_queue, move->from}];
    }
  }

  SeededRandom random_{1};
  queue::Engine engine_{random_};
  Ticket last_ticket_ = 0;
  std::map<Key, std::string> payloads_;
  std::map<Key, std::vector<std::string>> evidence_;
};

class FakeConnection final : public http::Connection {
 public:
  void on_close(std::function<void()> callback) override { watchers_.push_back(callback); }
  void on_abandoned(std::function<void()> callback) override { abandoned_ = callback; }
  uint64_t id() const override { return 1; }
  // The client goes away.
  void close() {
    if (const auto abandoned = std::exchange(abandoned_, nullptr)) abandoned();
    for (const auto& callback : std::exchange(watchers_, {})) callback();
  }

 private:
  std::vector<std::function<void()>> watchers_;
  std::function<void()> abandoned_;
};

class FakeSink final : public http::Responder::Sink {
 public:
  void send(http::Response response) override {
    EXPECT_FALSE(response_) << "answered twice";
    response_ = std::move(response);
  }
  const std::optional<http::Response>& response() const { return response_; }

 private:
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
  Answer send(http::Request http_request) {
    sink_ = std::make_shared<FakeSink>();
    api_.handle(std::move(http_request), connection_, http::Responder(sink_));
    return answer();
  }
  Answer answer() const {
    if (!sink_->response()) return {};
    EXPECT_NE(sink_->response()->header("x-amzn-RequestId"), "");
    EXPECT_EQ(sink_->response()->header("content-type"), "application/x-amz-json-1.0");
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
  Api api_{backend_, Identity{}};
  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  std::shared_ptr<FakeSink> sink_;
};

}  // namespace selvage::sqs
