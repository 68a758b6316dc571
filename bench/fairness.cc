// SPDX-License-Identifier: Apache-2.0
// What quiet tenants of a standard queue feel of a noisy one: nine send a message a second each
// while one has a backlog, and one consumer serves them all. README.md says how to read what this
// prints.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/figures.h"
#include "bench/messages.h"
#include "bench/workflow_run.h"
#include "http/client.h"
#include "process/reactor.h"
#include "wire/json.h"

namespace selvage::bench {
namespace {

constexpr double kGoalRatio = 5;  // at most, times the dwell time of an otherwise idle queue
constexpr int kQuiet = 9;
constexpr Duration kPause = std::chrono::seconds(1);      // between two messages of a quiet tenant
constexpr Duration kWork = std::chrono::milliseconds(1);  // the consumer's, per message
constexpr int64_t kBatch = 10;
constexpr const char* kQueue = "shared";

// One connection that speaks AWS JSON.
class Endpoint {
 public:
  using Answer = std::function<void(const std::string& json)>;
  Endpoint(process::Reactor& reactor, const http::Endpoint& endpoint)
      : connection_(http::ClientConnection::create(reactor, endpoint)) {}

  void call(std::string_view action, std::string body, Answer done) {
    connection_->request({.method = "POST",
                          .target = "/",
                          .headers = {{"Content-Type", "application/x-amz-json-1.0"},
                                      {"X-Amz-Target", fmt::format("AmazonSQS.{}", action)}},
                          .body = std::move(body)},
                         [done = std::move(done)](const Result<http::Response>& response) {
                           if (!response) give_up(response.error().message);
                           if (response->status != 200) give_up(response->body);
                           done(response->body);
                         });
  }

 private:
  std::unique_ptr<http::ClientConnection> connection_;
};

// The body of a message is its tenant and when it was sent.
void send(Endpoint& endpoint, int tenant, Endpoint::Answer done) {
  std::string body;
  wire::JsonWriter(body)
      .begin_object()
      .field("QueueUrl", kQueue)
      .field("MessageBody", fmt::format("{} {}", tenant, now_ns()))
      .field("MessageGroupId", fmt::format("quiet-{}", tenant))
      .end_object();
  endpoint.call("SendMessage", std::move(body), std::move(done));
}

void send_noise(process::Reactor& reactor, const http::Endpoint& address, int64_t count) {
  constexpr int kConnections = 8;
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::string body;
  wire::JsonWriter out(body);
  out.begin_object().field("QueueUrl", kQueue).key("Entries").begin_array();
  for (int64_t i = 0; i < kBatch; ++i)
    out.begin_object()
        .field("Id", fmt::format("{}", i))
        .field("MessageBody", "noise")
        .field("MessageGroupId", "noisy")
        .end_object();
  out.end_array().end_object();

  int64_t left = count / kBatch;
  int under_way = 0;
  std::function<void(Endpoint&)> next = [&](Endpoint& endpoint) {
    if (left-- <= 0) return;
    ++under_way;
    endpoint.call("SendMessageBatch", body, [&](const std::string&) {
      --under_way;
      next(endpoint);
    });
  };
  for (int i = 0; i < kConnections; ++i) {
    endpoints.push_back(std::make_unique<Endpoint>(reactor, address));
    next(*endpoints.back());
  }
  while (under_way > 0) reactor.run_once(kPause);
}

struct Delivered {
  std::string receipt, body;
};

std::vector<Delivered> parse(const std::string& json) {
  std::vector<Delivered> messages;
  const auto read = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view name, wire::JsonValue& list) {
      return name != "Messages" || list.array([&](wire::JsonValue& item) {
        Delivered& message = messages.emplace_back();
        return item.object([&](std::string_view member, wire::JsonValue& value) {
          if (member == "ReceiptHandle") message.receipt = value.string().value_or("");
          if (member == "Body") message.body = value.string().value_or("");
          return true;
        });
      });
    });
  });
  if (!read) give_up(read.error().message);
  return messages;
}

// Sends for as long as asked, and measures from a send to the receive of the same message.
class Run {
 public:
  Run(const http::Endpoint& address, int64_t rounds)
      : sender_(reactor_, address), consumer_(reactor_, address), expected_(kQuiet * rounds) {}

  // In milliseconds, one for each message of the quiet tenants.
  Sample dwell_times() {
    for (int tenant = 0; tenant < kQuiet; ++tenant)
      reactor_.after(kPause * tenant / kQuiet, [this, tenant] { send_next(tenant); });
    receive();
    while (static_cast<int64_t>(dwell_.count()) < expected_) reactor_.run_once(kPause);
    return dwell_;
  }

 private:
  void send_next(int tenant) {
    if (sent_++ >= expected_) return;
    send(sender_, tenant, [](const std::string&) {});
    reactor_.after(kPause, [this, tenant] { send_next(tenant); });
  }

  void receive() {
    consumer_.call("ReceiveMessage",
                   fmt::format(R"({{"QueueUrl":"{}","WaitTimeSeconds":20}})", kQueue),
                   [this](const std::string& json) {
                     const auto messages = parse(json);
                     if (messages.empty()) return receive();
                     take(messages.front());
                   });
  }

  void take(const Delivered& message) {
    if (message.body != "noise") {
      const int64_t sent_ns = std::stoll(message.body.substr(message.body.find(' ') + 1));
      dwell_.add(millis_between(sent_ns, now_ns()));
    }
    std::string body;
    wire::JsonWriter(body)
        .begin_object()
        .field("QueueUrl", kQueue)
        .field("ReceiptHandle", message.receipt)
        .end_object();
    consumer_.call("DeleteMessage", std::move(body),
                   [this](const std::string&) { reactor_.after(kWork, [this] { receive(); }); });
  }

  process::Reactor reactor_;
  Endpoint sender_, consumer_;
  const int64_t expected_;
  int64_t sent_ = 0;
  Sample dwell_;
};

struct Options {
  int64_t rounds;
  int64_t backlog;
};

int measure(const Options& options) {
  const Directory directory;
  const Selvage selvage = Selvage::serve(directory);
  {
    process::Reactor reactor;
    client::Client client(reactor, selvage.endpoint());
    require(client::wait_for<void>(
        reactor, [&](auto done) { client.create_queue(kQueue, std::move(done)); }));
  }
  const auto idle = Run(selvage.endpoint(), options.rounds).dwell_times();
  {
    process::Reactor reactor;
    send_noise(reactor, selvage.endpoint(), options.backlog);
  }
  const auto noisy = Run(selvage.endpoint(), options.rounds).dwell_times();
  const auto left = statistics_of(selvage.endpoint(), kQueue).visible;
  const double ratio = noisy.median() / idle.median();
  const bool met = left > 0 && ratio <= kGoalRatio;

  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("backlog", options.backlog);
  out.field("backlog_at_the_end", left).key("idle").begin_object();
  write_figures(out, idle, "ms");
  out.end_object().key("beside_the_backlog").begin_object();
  write_figures(out, noisy, "ms");
  out.end_object().key("ratio_of_medians").number(rounded(ratio)).key("goal").begin_object();
  out.key("ratio_at_most").number(kGoalRatio).key("met").boolean(met).end_object().end_object();
  fmt::print("{}\n", json);
  return met ? 0 : 1;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  return measure({.rounds = option(argc, argv, "--rounds", 30),
                  .backlog = option(argc, argv, "--backlog", 100'000)});
}
