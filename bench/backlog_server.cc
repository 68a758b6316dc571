// SPDX-License-Identifier: Apache-2.0
#include "bench/backlog_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <thread>

#include "bench/figures.h"
#include "bench/server_state.h"

namespace selvage::bench {
namespace {

Stock make_stock(const BacklogServer::Settings& settings) {
  Stock stock;
  stock.is_fifo = settings.groups > 0;
  stock.groups = settings.groups;
  for (int64_t i = 0; i < settings.queues; ++i)
    stock.queues.push_back(fmt::format("backlog-{}{}", i, stock.is_fifo ? ".fifo" : ""));
  return stock;
}

// The count behind `"name":"`.
int64_t attribute(std::string_view json, std::string_view name) {
  const std::string key = fmt::format("\"{}\":\"", name);
  const size_t at = json.find(key);
  int64_t value = -1;
  if (at != std::string_view::npos)
    std::from_chars(json.data() + at + key.size(), json.data() + json.size(), value);
  return value;
}

// How many of the delayed messages may still wait for their time at a moment between these two.
std::pair<int64_t, int64_t> bounds_of_delayed(const Stock& stock, int64_t begun_ns,
                                              int64_t ended_ns) {
  constexpr int64_t kSlackNs = 50'000'000;  // the server's clock has milliseconds
  std::pair<int64_t, int64_t> bounds;
  for (const auto& [earliest_ns, latest_ns] : stock.vests) {
    bounds.first += static_cast<int64_t>(earliest_ns > ended_ns + kSlackNs);
    bounds.second += static_cast<int64_t>(latest_ns > begun_ns - kSlackNs);
  }
  return bounds;
}

}  // namespace

BacklogServer::BacklogServer(const Settings& settings)
    : stock_(make_stock(settings)),
      desk_(stock_, settings.body_bytes),
      connections_(settings.connections) {
  start();
  std::vector<std::string> requests;
  for (const std::string& queue : stock_.queues)
    requests.push_back(
        fmt::format(R"({{"QueueName":"{}","Attributes":{{"VisibilityTimeout":"3600"{}}}}})", queue,
                    stock_.is_fifo ? R"(,"FifoQueue":"true")" : ""));
  Calls calls("AmazonSQS.CreateQueue", std::move(requests));
  run(calls);
}

void BacklogServer::run(Work& work) {
  Pump(selvage_->endpoint(), connections_).run(work);
}

std::vector<std::string> BacklogServer::call_each(std::string_view action,
                                                  std::string_view members) {
  std::vector<std::string> requests;
  for (const std::string& queue : stock_.queues)
    requests.push_back(fmt::format(R"({{"QueueUrl":"{}"{}}})", queue, members));
  Calls calls(std::string(action), std::move(requests));
  run(calls);
  return calls.replies();
}

void BacklogServer::fill(int64_t count, int64_t spread_ms) {
  Fill work(desk_, count, spread_ms);
  run(work);
}

bool BacklogServer::drain() {
  while (stock_.total() > 0) {  // a FIFO queue may look empty while its groups are with others
    const int64_t before = stock_.total();
    Drain work(desk_);
    run(work);
    if (stock_.total() == before) return false;
  }
  return true;
}

void BacklogServer::purge() {
  call_each("AmazonSQS.PurgeQueue", "");
  std::ranges::fill(stock_.held, 0);
  std::ranges::fill(stock_.messages, Stock::State::kDeleted);
  stock_.vests.clear();
}

void BacklogServer::await_calm() const {
  constexpr auto kLook = std::chrono::milliseconds(500);
  constexpr int kLooks = 120;
  constexpr double kCalmShare = 0.05;
  for (int i = 0; i < kLooks; ++i) {
    const int64_t before = cpu_ns(pid());
    std::this_thread::sleep_for(kLook);
    if (static_cast<double>(cpu_ns(pid()) - before) <
        kCalmShare * std::chrono::nanoseconds(kLook).count())
      return;
  }
}

double BacklogServer::revive_ms() {
  kill(pid(), SIGKILL);
  selvage_->stop();
  const int64_t begun_ns = now_ns();
  start();
  const std::vector<std::string> request = {fmt::format(
      R"({{"QueueUrl":"{}","VisibilityTimeout":0,"WaitTimeSeconds":1}})", stock_.queues[0])};
  for (;;) {
    Calls receive("AmazonSQS.ReceiveMessage", request);
    Pump(selvage_->endpoint(), 1).run(receive);
    if (receive.replies()[0].find("ReceiptHandle") != std::string::npos) break;
  }
  return millis_between(begun_ns, now_ns());
}

int64_t BacklogServer::wrong_counts() {
  const int64_t begun_ns = now_ns();
  const auto replies = call_each("AmazonSQS.GetQueueAttributes", R"(,"AttributeNames":["All"])");
  const auto [least, most] = bounds_of_delayed(stock_, begun_ns, now_ns());
  int64_t wrong = 0;
  for (size_t i = 0; i < replies.size(); ++i) {
    const int64_t visible = attribute(replies[i], "ApproximateNumberOfMessages");
    const int64_t leased = attribute(replies[i], "ApproximateNumberOfMessagesNotVisible");
    const int64_t delayed = attribute(replies[i], "ApproximateNumberOfMessagesDelayed");
    const bool fits =
        leased == 0 && visible + delayed == stock_.held[i] && least <= delayed && delayed <= most;
    if (fits) continue;
    if (++wrong == 1)
      fmt::print(
          stderr,
          "{}: {} visible, {} leased, {} delayed; it should be {}, of which {} to {} delayed\n",
          stock_.queues[i], visible, leased, delayed, stock_.held[i], least, most);
  }
  return wrong;
}

}  // namespace selvage::bench
