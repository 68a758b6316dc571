// SPDX-License-Identifier: Apache-2.0
#include "app/monitor.h"

#include <future>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "metrics/text.h"
#include "sqs/actions.h"

namespace selvage::app {
namespace {

using metrics::Id;

// So that listing thousands of queues never holds up the broker for long.
constexpr size_t kQueuesAtOnce = 500;
// A broker that does not answer is what the page is needed for: then it comes without queues.
constexpr std::chrono::seconds kPatience{5};
constexpr size_t kMostAsked = 16;

std::vector<std::string> action_names() {
  std::vector<std::string> names;
  for (const sqs::NamedAction& action : sqs::all_actions()) names.emplace_back(action.name);
  return names;
}

struct Gauge {
  Id id;
  uint64_t (*of)(const queue::QueueInfo&);
};
constexpr Gauge kCounts[] = {
    {Id::kQueueVisible, [](const auto& q) { return q.visible; }},
    {Id::kQueueInFlight, [](const auto& q) { return q.in_flight; }},
    {Id::kQueueDelayed, [](const auto& q) { return q.delayed; }},
    {Id::kQueueSent, [](const auto& q) { return q.totals.sent; }},
    {Id::kQueueReceived, [](const auto& q) { return q.totals.received; }},
    {Id::kQueueDeleted, [](const auto& q) { return q.totals.deleted; }},
    {Id::kQueueDeadLettered, [](const auto& q) { return q.totals.dead_lettered; }},
    {Id::kQueueEmptyReceives, [](const auto& q) { return q.totals.empty_receives; }},
};

void write(metrics::Text& out, const std::vector<queue::QueueInfo>& queues, Instant now) {
  out.only(Id::kQueues, uint64_t{queues.size()});
  if (queues.empty()) return;
  for (const Gauge& gauge : kCounts) {
    out.family(gauge.id);
    for (const queue::QueueInfo& q : queues) out.sample({{"queue", q.name}}, gauge.of(q));
  }
  out.family(Id::kQueueOldestAge);
  for (const queue::QueueInfo& q : queues) {
    const Duration age = q.oldest < now ? now - q.oldest : Duration{0};
    out.sample({{"queue", q.name}}, std::chrono::duration<double>(age).count());
  }
}

}  // namespace

Monitor::Monitor(const Readiness& readiness) : readiness_(readiness), requests_(action_names()) {
  thread_ = std::thread([this] { work(); });
}

Monitor::~Monitor() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Monitor::attach(sqs::Backend& backend, Statistics statistics) {
  const std::scoped_lock lock(sources_mutex_);
  backend_ = &backend;
  statistics_ = std::move(statistics);
}

void Monitor::detach() {
  const std::scoped_lock lock(sources_mutex_);
  backend_ = nullptr;
  statistics_ = nullptr;
}

void Monitor::answer(http::Responder responder) {
  {
    const std::scoped_lock lock(mutex_);
    if (asked_.size() < kMostAsked && !stopping_) {
      asked_.push_back(std::move(responder));
      changed_.notify_one();
      return;
    }
  }
  responder.send(http::plain_text(503, "Too many ask for metrics at once: ask less often."));
}

void Monitor::work() {
  while (true) {
    std::vector<http::Responder> asked;
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !asked_.empty(); });
      asked = std::exchange(asked_, {});
      stopping = stopping_;
    }
    if (!asked.empty() && !stopping) {
      const std::string text = page();
      for (http::Responder& responder : asked)
        responder.send({.status = 200,
                        .content_type = std::string(metrics::kContentType),
                        .headers = {},
                        .body = text});
      asked.clear();
    }
    for (http::Responder& responder : asked)
      responder.send(http::plain_text(503, "The server is about to stop."));
    if (stopping) return;
  }
}

std::string Monitor::page() {
  std::string text;
  metrics::Text out(text);
  {
    const std::scoped_lock lock(sources_mutex_);
    if (const auto queues = ask_for_queues()) write(out, *queues, SystemClock().now());
    if (statistics_) {
      const store::Statistics sizes = statistics_();
      out.only(Id::kStoreDisk, sizes.bytes_on_disk);
      out.only(Id::kStoreMemory, sizes.bytes_in_memory);
    }
  }
  metrics::write(out, commits_);
  metrics::write(out, requests_);
  out.only(Id::kReady, uint64_t{readiness_.state() == Readiness::State::kReady});
  out.family(Id::kBuildInfo);
  out.sample({{"version", SELVAGE_VERSION}}, uint64_t{1});
  metrics::write(out, metrics::read_process());
  return text;
}

std::optional<Monitor::Queues> Monitor::ask_for_queues() {
  Queues all;
  while (true) {
    auto some = ask_for_queues(all.empty() ? "" : all.back().name);
    if (!some) return std::nullopt;
    const bool is_last = some->size() < kQueuesAtOnce;
    for (queue::QueueInfo& queue : *some) all.push_back(std::move(queue));
    if (is_last) return all;
  }
}

std::string metrics_reference() {
  return metrics::reference();
}

// Nothing when there is no broker, or when it does not answer.
std::optional<Monitor::Queues> Monitor::ask_for_queues(const std::string& after) {
  if (backend_ == nullptr) return std::nullopt;
  const auto promise = std::make_shared<std::promise<queue::Reply>>();
  std::future<queue::Reply> reply = promise->get_future();
  const auto ticket =
      backend_->submit(queue::ListQueues{.prefix = "", .after = after, .max = kQueuesAtOnce},
                       [promise](queue::Reply r) { promise->set_value(std::move(r)); });
  if (ticket == 0 || reply.wait_for(kPatience) != std::future_status::ready) return std::nullopt;
  queue::Reply given = reply.get();
  auto* const queues = std::get_if<Queues>(&given);
  return queues == nullptr ? std::nullopt : std::optional(std::move(*queues));
}

}  // namespace selvage::app
