// SPDX-License-Identifier: Apache-2.0
// What the death of a supervisor, and of a broker under load, costs: messages (none, or this fails)
// and time. README.md says how to read what this prints.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <thread>

#include "bench/echo.h"
#include "bench/figures.h"
#include "bench/messages.h"
#include "bench/process_table.h"
#include "bench/reports.h"
#include "bench/workflow_run.h"
#include "client/client.h"
#include "wire/json.h"

namespace selvage::bench {
namespace {

using Role = Process::Role;

constexpr double kGoalServing = 1000;  // ms from the broker's death to the next answer
constexpr int kInFlight = 4;
constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kLook = std::chrono::milliseconds(2);
// A process that ends within a second of its start is started again later and later
// (base/backoff.h).
constexpr double kAge = 1.1;  // seconds

template <typename Condition>
void wait_until(const std::string& what, Condition&& condition) {
  const int64_t limit_ns = now_ns() + std::chrono::nanoseconds(kPatience).count();
  while (!condition()) {
    if (now_ns() > limit_ns) give_up("waited in vain: " + what);
    std::this_thread::sleep_for(kLook);
  }
}

// The broker or the supervisor, once it is there and another one than `former`.
pid_t the_one(const Selvage& selvage, Role role, pid_t former = -1) {
  pid_t found = -1;
  wait_until("a broker and a supervisor run", [&] {
    const auto pids = pids_of(processes_below(selvage.pid()), role);
    if (pids.size() == 1 && pids.front() != former) found = pids.front();
    return found > 0;
  });
  return found;
}

// ---- the supervisor

struct Supervised {
  int64_t sent = 0;
  int64_t completed = 0;          // in the output queue, each counted once
  int64_t run_twice = 0;          // runs of the program beyond one per message, and second outputs
  int64_t failed_or_revoked = 0;  // by the broker's counters
  int64_t runners_replaced = 0;   // workers that did not survive their supervisor
  Sample back;                    // ms until another supervisor runs
  bool is_sound() const {
    return sent == completed && run_twice == 0 && failed_or_revoked == 0 && runners_replaced == 0;
  }
};

std::string waiting_workflow(const Reports& reports) {
  return fmt::format(
      "selvage: 1\n"
      "name: supervision\n"
      "stages:\n"
      "  work:\n"
      "    from: in\n"
      "    to: out\n"
      "    workers: {{ min: {}, max: {}, spare: 1 }}\n"
      "    run: ['{}', --worker, '{}']\n",
      kInFlight, kInFlight, own_path(), reports.name());
}

// With kInFlight messages inside programs: the supervisor dies, half of the programs end before the
// next one is there, half after.
void kill_supervisor_once(const Selvage& selvage, const Reports& reports, Supervised& result) {
  fill(selvage.endpoint(), "in", kInFlight);
  result.sent += kInFlight;
  std::vector<Report> running;
  while (running.size() < kInFlight) {
    auto report = reports.next(kPatience);
    if (!report) give_up("no program got the message");
    running.push_back(*std::move(report));
  }
  const auto runners_before = pids_of(processes_below(selvage.pid()), Role::kRunner);
  const pid_t supervisor = the_one(selvage, Role::kSupervisor);
  wait_until("the supervisor is old enough", [&] { return age_seconds(supervisor) > kAge; });

  const int64_t killed_ns = now_ns();
  kill_and_wait(supervisor);
  for (int i = 0; i < kInFlight / 2; ++i) reports.finish(running[i]);
  the_one(selvage, Role::kSupervisor, supervisor);
  result.back.add(millis_between(killed_ns, now_ns()));
  for (int i = kInFlight / 2; i < kInFlight; ++i) reports.finish(running[i]);

  wait_until("all messages are handed over",
             [&] { return statistics_of(selvage.endpoint(), "in").handed_over >= result.sent; });
  const auto runners = pids_of(processes_below(selvage.pid()), Role::kRunner);
  for (const pid_t runner : runners_before)
    result.runners_replaced += std::ranges::find(runners, runner) == runners.end() ? 1 : 0;
}

Supervised measure_supervisor(int64_t rounds) {
  const Directory directory;
  const Reports reports;
  const Selvage selvage = Selvage::up(directory, waiting_workflow(reports));
  Supervised result;
  the_one(selvage, Role::kSupervisor);
  wait_until("the workers run", [&] {
    return pids_of(processes_below(selvage.pid()), Role::kRunner).size() == kInFlight + 1;
  });
  for (int64_t i = 0; i < rounds; ++i) kill_supervisor_once(selvage, reports, result);
  while (const auto again = reports.next(std::chrono::milliseconds(500))) {
    reports.finish(*again);
    ++result.run_twice;
  }
  const auto in = statistics_of(selvage.endpoint(), "in");
  result.failed_or_revoked = in.failed + in.revoked + in.dead_lettered;
  std::set<std::string> outputs;
  drain(selvage.endpoint(), "out", [&](const std::string& body) {
    if (!outputs.insert(body).second) ++result.run_twice;
  });
  result.completed = std::ssize(outputs);
  return result;
}

// ---- the broker

struct Served {
  int64_t acknowledged = 0;
  int64_t unanswered = 0;  // tries to send while it was down: whether they took effect is open
  int64_t lost = 0;        // acknowledged, and not in the output queue
  int64_t duplicated = 0;  // outputs beyond one per message
  Sample serving;          // ms from the kill to the first answer to a later SendMessage
  bool is_sound() const { return lost == 0 && duplicated == 0 && acknowledged > 0; }
};

std::string loaded_workflow() {
  return fmt::format(
      "selvage: 1\n"
      "name: supervision\n"
      "defaults:\n"
      "  workers: {{ min: 1, max: 1, spare: 1 }}\n"
      "stages:\n"
      "  first:  {{ from: in, to: middle, mode: persistent, run: ['{0}', --echo] }}\n"
      "  second: {{ from: middle, to: out, mode: persistent, run: ['{0}', --echo] }}\n",
      own_path());
}

void kill_broker_once(const Selvage& selvage, process::Reactor& reactor, const Load& load,
                      Served& result) {
  const pid_t broker = the_one(selvage, Role::kBroker);
  while (age_seconds(broker) < kAge) reactor.run_once(kLook);
  const int64_t killed_ns = now_ns();
  kill_and_wait(broker);
  const int64_t dead_ns = now_ns();
  while (load.first_acknowledged(dead_ns) == 0) reactor.run_once(kLook);
  result.serving.add(millis_between(killed_ns, load.first_acknowledged(dead_ns)));
}

void wait_until_empty(const http::Endpoint& endpoint, const std::string& queue) {
  wait_until(queue + " is empty", [&] {
    const auto counters = statistics_of(endpoint, queue);
    return counters.visible + counters.in_flight + counters.delayed == 0;
  });
}

void account(const Selvage& selvage, const Load& load, Served& result) {
  std::map<int64_t, int64_t> outputs;
  drain(selvage.endpoint(), "out",
        [&](const std::string& body) { ++outputs[std::strtoll(body.c_str(), nullptr, 10)]; });
  for (const Send& send : load.sends()) {
    ++(send.acknowledged ? result.acknowledged : result.unanswered);
    const int64_t count = outputs[send.number];
    result.lost += send.acknowledged && count == 0 ? 1 : 0;
    result.duplicated += std::max<int64_t>(count - 1, 0);
  }
}

Served measure_broker(int64_t rounds) {
  const Directory directory;
  const Selvage selvage = Selvage::up(directory, loaded_workflow());
  wait_until("the queues are there",
             [&] { return statistics_of(selvage.endpoint(), "out").name == "out"; });
  process::Reactor reactor;
  Load load(reactor, {.endpoint = selvage.endpoint(), .queue = "in", .connections = 4});
  load.start();
  Served result;
  for (int64_t i = 0; i < rounds; ++i) kill_broker_once(selvage, reactor, load, result);
  load.stop();
  while (!load.is_idle()) reactor.run_once(kLook);
  wait_until_empty(selvage.endpoint(), "in");
  wait_until_empty(selvage.endpoint(), "middle");
  account(selvage, load, result);
  return result;
}

// ---- the page

void write_supervised(wire::JsonWriter& out, const Supervised& result) {
  out.begin_object().key("supervisor_back").begin_object();
  write_figures(out, result.back, "ms");
  out.end_object()
      .field("in_flight_at_each_kill", int64_t{kInFlight})
      .field("sent", result.sent)
      .field("completed", result.completed)
      .field("run_twice", result.run_twice)
      .field("failed_or_revoked", result.failed_or_revoked)
      .field("runners_replaced", result.runners_replaced)
      .end_object();
}

void write_served(wire::JsonWriter& out, const Served& result) {
  out.begin_object().key("first_answer").begin_object();
  write_figures(out, result.serving, "ms");
  out.end_object()
      .field("acknowledged", result.acknowledged)
      .field("unanswered", result.unanswered)
      .field("lost", result.lost)
      .field("handed_over_twice", result.duplicated)
      .end_object();
}

int run(int64_t rounds) {
  const Supervised supervised = measure_supervisor(rounds);
  const Served served = measure_broker(rounds);
  const bool met =
      supervised.is_sound() && served.is_sound() && served.serving.max() <= kGoalServing;
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("supervisor_kill");
  write_supervised(out, supervised);
  out.key("broker_kill");
  write_served(out, served);
  out.key("goal").begin_object().key("first_answer_max_ms").number(kGoalServing);
  out.key("met").boolean(met).end_object().end_object();
  fmt::print("{}\n", json);
  return met ? 0 : 1;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  if (argc == 3 && std::string_view(argv[1]) == "--worker") return report_and_wait(argv[2]);
  if (argc == 2 && std::string_view(argv[1]) == "--echo") return echo();
  return run(option(argc, argv, "--rounds", 12));
}
