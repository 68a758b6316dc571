// SPDX-License-Identifier: Apache-2.0
// What the durable queue costs: CPU of a oneshot stage beside xargs starting the same program, and
// messages per second of a persistent stage beside a oneshot one. README.md says how to read what
// this prints.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>

#include "bench/echo.h"
#include "bench/figures.h"
#include "bench/measured.h"
#include "bench/messages.h"
#include "bench/process_table.h"
#include "bench/workflow_run.h"
#include "client/client.h"
#include "wire/json.h"

namespace selvage::bench {
namespace {

using Role = Process::Role;

constexpr double kGoalCpu = 2;     // at most, times xargs
constexpr double kGoalSpeed = 10;  // at least, times oneshot
constexpr int kWorkers = 3;        // two and a spare
constexpr auto kPatience = std::chrono::minutes(5);
constexpr auto kLook = std::chrono::milliseconds(20);

enum class Mode { kOneshot, kPersistent };

std::string workflow(Mode mode) {
  return fmt::format(
      "selvage: 1\n"
      "name: throughput\n"
      "stages:\n"
      "  work: {{ from: in, to: out, workers: {{ min: {}, max: {}, spare: 1 }}, {} }}\n",
      kWorkers - 1, kWorkers - 1,
      mode == Mode::kOneshot ? "run: /bin/cat"
                             : fmt::format("mode: persistent, run: ['{}', --echo]", own_path()));
}

int64_t handed_over(const Selvage& selvage) {
  return statistics_of(selvage.endpoint(), "in").handed_over;
}

template <typename Condition>
void wait_until(Condition&& condition) {
  const int64_t limit_ns = now_ns() + std::chrono::nanoseconds(kPatience).count();
  while (!condition()) {
    if (now_ns() > limit_ns) give_up("the messages were not handed over in time");
    std::this_thread::sleep_for(kLook);
  }
}

// ---- CPU per 1,000 messages

struct CpuRun {
  double xargs = 0;  // seconds
  CpuSeconds selvage;
};

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// `xargs -P` over files with the same bodies as the messages: its own CPU and that of its children.
double xargs_cpu(int64_t count) {
  const Directory directory;
  std::ofstream list(directory.path("list"));
  for (int64_t i = 0; i < count; ++i) {
    const std::string file = directory.path(fmt::format("body-{}", i));
    std::ofstream(file) << fmt::format("{:<100}", i);
    list << file << '\n';
  }
  list.close();
  const process::Fd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
  process::Child child =
      require(process::spawn({.argv = {"xargs", "-a", directory.path("list"), "-P",
                                       std::to_string(kWorkers), "-n", "1", "/bin/cat"},
                              .environment = {"PATH=/usr/bin:/bin"},
                              .out = nowhere.get()}));
  pollfd ended{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, -1);
  const auto how = process::reap(child);
  if (!how || how->signal != 0 || how->exit_code != 0) give_up("xargs failed");
  return seconds_of(how->used.ru_utime) + seconds_of(how->used.ru_stime);
}

// Of all processes of `selvage up`, from before the first message is sent until the last one is
// handed over. What starting and stopping cost is not in it.
CpuSeconds stage_cpu(int64_t count) {
  const Directory directory;
  const Selvage selvage = Selvage::up(directory, workflow(Mode::kOneshot));
  wait_until([&] {
    const auto processes = processes_below(selvage.pid());
    const auto runners = pids_of(processes, Role::kRunner);
    return runners.size() == kWorkers && std::ranges::all_of(runners, [&](pid_t runner) {
             return is_idle_runner(processes, runner);
           });
  });
  const CpuSeconds before = cpu_seconds(selvage.pid());
  fill(selvage.endpoint(), "in", count);
  wait_until([&] { return handed_over(selvage) == count; });
  return cpu_seconds(selvage.pid()) - before;
}

// ---- messages per second

// From one look at the counters to another, so that no start is in it: the queue was filled before
// the workers began.
double messages_per_second(Mode mode, int64_t count) {
  const Directory directory;
  {
    const Selvage broker = Selvage::serve(directory);
    {
      process::Reactor reactor;
      client::Client client(reactor, broker.endpoint());
      require(client::wait_for<void>(
          reactor, [&](auto done) { client.create_queue("in", std::move(done)); }));
    }
    fill(broker.endpoint(), "in", count);
  }
  const Selvage selvage = Selvage::up(directory, workflow(mode));
  int64_t first = 0;
  wait_until([&] { return (first = handed_over(selvage)) > 0; });
  const int64_t begun_ns = now_ns();
  int64_t last = first;
  int64_t ended_ns = begun_ns;
  wait_until([&] {
    last = handed_over(selvage);
    ended_ns = now_ns();
    return last == count;
  });
  return static_cast<double>(last - first) / (millis_between(begun_ns, ended_ns) / 1000);
}

// ---- all of it

struct Results {
  Sample xargs, selvage, ratio;                  // CPU ms per message, and their quotient
  Sample broker, supervisor, runners, programs;  // CPU ms per message: parts of `selvage`
  Sample oneshot, persistent, speed;             // messages per second, and their quotient
};

struct Settings {
  int64_t runs;
  int64_t oneshot;     // messages
  int64_t persistent;  // messages
};

void measure_once(const Settings& settings, Results& results) {
  const double count = static_cast<double>(settings.oneshot);
  const double xargs = xargs_cpu(settings.oneshot) * 1000 / count;
  const CpuSeconds stage = stage_cpu(settings.oneshot);
  const auto per_message = [&](double seconds) { return seconds * 1000 / count; };
  results.xargs.add(xargs);
  results.selvage.add(per_message(stage.total()));
  results.ratio.add(per_message(stage.total()) / xargs);
  results.broker.add(per_message(stage.broker));
  results.supervisor.add(per_message(stage.supervisor));
  results.runners.add(per_message(stage.runners));
  results.programs.add(per_message(stage.programs));

  const double oneshot = messages_per_second(Mode::kOneshot, settings.oneshot);
  const double persistent = messages_per_second(Mode::kPersistent, settings.persistent);
  results.oneshot.add(oneshot);
  results.persistent.add(persistent);
  results.speed.add(persistent / oneshot);
}

int run(const Settings& settings) {
  Results results;
  for (int64_t i = 0; i < settings.runs; ++i) measure_once(settings, results);
  const bool met = results.ratio.median() <= kGoalCpu && results.speed.median() >= kGoalSpeed;
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("runs", settings.runs);
  out.key("oneshot_cpu_ms_per_message").begin_object();
  out.field("messages", settings.oneshot);
  write_spread(out, "ratio", results.ratio);
  write_spread(out, "xargs", results.xargs);
  write_spread(out, "selvage", results.selvage);
  write_spread(out, "of_broker", results.broker);
  write_spread(out, "of_supervisor", results.supervisor);
  write_spread(out, "of_runners", results.runners);
  write_spread(out, "of_programs", results.programs);
  out.end_object().key("messages_per_second").begin_object();
  out.field("oneshot_messages", settings.oneshot);
  out.field("persistent_messages", settings.persistent);
  write_spread(out, "ratio", results.speed);
  write_spread(out, "oneshot", results.oneshot);
  write_spread(out, "persistent", results.persistent);
  out.end_object().key("goal").begin_object();
  out.key("cpu_ratio_at_most").number(kGoalCpu).key("speed_ratio_at_least").number(kGoalSpeed);
  out.key("met").boolean(met).end_object().end_object();
  fmt::print("{}\n", json);
  return met ? 0 : 1;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  if (argc == 2 && std::string_view(argv[1]) == "--echo") return echo();
  return run({.runs = option(argc, argv, "--runs", 5),
              .oneshot = option(argc, argv, "--oneshot", 1000),
              .persistent = option(argc, argv, "--persistent", 10000)});
}
