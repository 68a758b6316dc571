// SPDX-License-Identifier: Apache-2.0
#include "bench/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/figures.h"

namespace selvage::bench {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(2);  // after a failure

}  // namespace

Load::Load(process::Reactor& reactor, Settings settings)
    : reactor_(reactor), settings_(std::move(settings)) {
  for (int i = 0; i < settings_.connections; ++i)
    clients_.push_back(std::make_unique<client::Client>(reactor_, settings_.endpoint));
}

void Load::start() {
  for (const auto& client : clients_) send_next(*client);
}

void Load::send_next(client::Client& client) {
  const size_t at = sends_.size();
  if (stopped_ || static_cast<int64_t>(at) >= settings_.limit) return;
  sends_.push_back({.number = static_cast<int64_t>(at), .begun_ns = now_ns()});
  ++under_way_;
  const std::string body = fmt::format("{:<{}}", fmt::format("{} ", at), settings_.body_bytes);
  client.send(settings_.queue, body, [this, at, &client](const Result<std::string>& id) {
    --under_way_;
    sends_[at].ended_ns = now_ns();
    sends_[at].acknowledged = id.has_value();
    if (id) return send_next(client);
    if (id.error().code != ErrorCode::kRetry) give_up("cannot send: " + id.error().message);
    reactor_.after(kPause, [this, &client] { send_next(client); });
  });
}

int64_t Load::first_acknowledged(int64_t begun_ns) const {
  int64_t first = 0;
  // Those that began since then are the last ones.
  for (auto send = sends_.rbegin(); send != sends_.rend() && send->begun_ns >= begun_ns; ++send)
    if (send->acknowledged && (first == 0 || send->ended_ns < first)) first = send->ended_ns;
  return first;
}

void fill(const http::Endpoint& endpoint, const std::string& queue, int64_t count) {
  process::Reactor reactor;
  Load load(reactor, {.endpoint = endpoint, .queue = queue, .connections = 16, .limit = count});
  load.start();
  while (!load.is_idle()) reactor.run_once(std::chrono::seconds(1));
  if (!std::ranges::all_of(load.sends(), &Send::acknowledged))
    give_up("the broker went away while its queue was being filled");
}

client::QueueStatistics statistics_of(const http::Endpoint& endpoint, const std::string& queue) {
  process::Reactor reactor;
  client::Client client(reactor, endpoint);
  const auto all = require(client::wait_for<std::vector<client::QueueStatistics>>(
      reactor, [&](auto done) { client.statistics(std::move(done)); }));
  const auto found = std::ranges::find(all, queue, &client::QueueStatistics::name);
  return found != all.end() ? *found : client::QueueStatistics{};
}

void drain(const http::Endpoint& endpoint, const std::string& queue,
           const std::function<void(const std::string& body)>& each) {
  process::Reactor reactor;
  client::Client client(reactor, endpoint);
  const auto session = require(client::wait_for<client::Client::Session>(
      reactor, [&](auto done) { client.open_session({}, std::move(done)); }));
  const client::Client::Receive request{
      .queue = queue, .session = session.id, .max = 10, .visibility = std::chrono::minutes(1)};
  while (true) {
    const auto messages = require(client::wait_for<std::vector<client::Message>>(
        reactor, [&](auto done) { client.receive(request, std::move(done)); }));
    if (messages.empty()) return;
    std::vector<client::HandOver> taken;
    for (const client::Message& message : messages) {
      each(message.body);
      taken.push_back({.receipt = message.receipt, .outputs = {}});
    }
    const auto outcomes = require(client::wait_for<client::Outcomes>(
        reactor, [&](auto done) { client.hand_over(taken, std::move(done)); }));
    if (std::ranges::count(outcomes, "Done") != std::ssize(outcomes))
      give_up("the broker refused to remove messages of " + queue);
  }
}

}  // namespace selvage::bench
