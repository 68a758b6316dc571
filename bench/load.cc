// SPDX-License-Identifier: Apache-2.0
// What a server does under load: messages per second beside the disk's own speed, latencies, what
// it costs, and that every message came exactly once. README.md says how to read what this prints.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "bench/driver.h"
#include "bench/figures.h"
#include "bench/measured.h"
#include "bench/process_table.h"
#include "bench/raw_disk.h"
#include "bench/workflow_run.h"

namespace selvage::bench {
namespace {

using std::chrono::milliseconds;

constexpr double kGoalSingle = 6;           // lifecycles/s, at least, times raw fdatasync/s
constexpr double kGoalBatch = 25;           // likewise, batches of 10
constexpr double kGoalPerCpuSecond = 60e3;  // lifecycles, at least, batches of 10
constexpr double kGoalHalfLoad = 4;         // p99, at most, times that of raw fdatasync
constexpr milliseconds kRaw{500};           // of the disk, before each stretch of load
constexpr milliseconds kWarmUp{500};

struct Settings {
  int64_t rounds, seconds, batch, connections, body, lifecycles, rate;
  std::string endpoint;
  int64_t pid;
};

// The server that is measured: ours, or one that runs already.
struct Target {
  http::Endpoint endpoint;
  pid_t pid;
};

DriverSettings driver_settings(const Settings& settings, const Target& target,
                               const std::string& queue, int batch) {
  const int producers = std::max<int>(1, static_cast<int>(settings.connections) / 3);
  const int consumers = std::max<int>(1, static_cast<int>(settings.connections) - producers);
  return {.endpoint = target.endpoint,
          .queues = {queue},
          .producers = producers,
          .consumers = consumers,
          .batch = batch,
          .body_bytes = static_cast<size_t>(settings.body),
          .sends_per_second = static_cast<double>(settings.rate),
          .window = int64_t{8} * batch * settings.connections};
}

// One shape of load, and the disk's own speed just before each of its stretches.
struct Shape {
  // Each has a queue of its own: consumers of an earlier shape still wait at theirs.
  Shape(const Settings& settings, const Target& target, const std::string& queue, int batch)
      : load(driver_settings(settings, target, queue, batch), target.pid) {
    load.driver().create_queues();
    load.driver().run_for(kWarmUp);
    settle();
    load.driver().forget_latencies();
  }
  void settle() {
    if (!load.driver().settle()) give_up("messages did not come back: look at the server's log");
  }
  void measure(RawDisk& disk, std::chrono::seconds time) {
    const double raw_per_second = disk.measure(kRaw);
    load.measure(time);
    settle();
    ratio.add((load.figures().lifecycles.last()) / raw_per_second);
  }
  void write(wire::JsonWriter& out, std::string_view name) const {
    out.key(name).begin_object();
    write_spread(out, "times_raw_fdatasync", ratio);
    load.write_figures(out);
    load.write_latencies(out);
    load.write_ledger(out);
    out.end_object();
  }

  MeasuredLoad load;
  Sample ratio;  // lifecycles/s to raw fdatasync/s
};

struct Results {
  std::optional<Shape> single, batch, half;
  Sample raw;  // milliseconds of an append with its fdatasync
};

struct Verdict {
  bool met = true;
  void want(bool reached) { met = met && reached; }
};

void write_raw(wire::JsonWriter& out, const Sample& raw) {
  out.key("raw_append_and_fdatasync").begin_object();
  double sum_ms = 0;
  for (const double ms : raw.values()) sum_ms += ms;
  out.key("per_second").number(rounded(static_cast<double>(raw.count()) / (sum_ms / 1000)));
  write_figures(out, raw, "ms");
  out.end_object();
}

int report(const Results& results, const Target& target) {
  Verdict verdict;
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object();
  write_raw(out, results.raw);
  for (const auto& [name, shape] :
       {std::pair("single", &results.single), std::pair("batch", &results.batch),
        std::pair("half_load", &results.half)}) {
    if (!*shape) continue;
    (*shape)->write(out, name);
    verdict.want((*shape)->load.is_balanced());
  }
  if (target.pid > 0) out.key("peak_rss_mib").number(rounded(peak_memory_mib(target.pid)));
  out.key("goal").begin_object();
  if (results.single) {
    out.key("single_times_raw_at_least").number(kGoalSingle);
    verdict.want(results.single->ratio.median() >= kGoalSingle);
  }
  if (results.batch) {
    out.key("batch_times_raw_at_least").number(kGoalBatch);
    verdict.want(results.batch->ratio.median() >= kGoalBatch);
    const Sample& per_cpu = results.batch->load.figures().lifecycles_per_cpu_second;
    out.key("batch_lifecycles_per_cpu_second_at_least").number(kGoalPerCpuSecond);
    verdict.want(per_cpu.count() == 0 || per_cpu.median() >= kGoalPerCpuSecond);
  }
  if (results.half) {
    const double ratio = results.half->load.driver().latencies().end_to_end.quantile(0.99) /
                         results.raw.quantile(0.99);
    out.key("half_load_p99_times_raw").number(rounded(ratio));
    out.key("half_load_p99_times_raw_at_most").number(kGoalHalfLoad);
    verdict.want(ratio <= kGoalHalfLoad);
  }
  out.key("met").boolean(verdict.met).end_object().end_object();
  fmt::print("{}\n", json);
  return verdict.met ? 0 : 1;
}

// A fixed number of messages and no figure of ours: for a profiler that watches the server.
int run_exactly(const Settings& settings, const Target& target) {
  const int batch = settings.batch == 10 ? 10 : 1;
  Driver driver(driver_settings(settings, target, "load-exact", batch));
  driver.create_queues();
  const double before = cpu_seconds_of(target.pid);
  driver.run_to(settings.lifecycles);
  const Sample& taken = driver.latencies().end_to_end;
  fmt::print(
      "{{\"lifecycles\":{},\"requests\":{},\"server_cpu_seconds\":{:.2f},"
      "\"end_to_end_ms\":{{\"p50\":{:.3f},\"p99\":{:.3f}}}}}\n",
      driver.ledger().counts().deleted, driver.answered().all(),
      cpu_seconds_of(target.pid) - before, taken.quantile(0.5), taken.quantile(0.99));
  return driver.settle() ? 0 : 1;
}

int run(const Settings& settings) {
  const Directory directory;
  std::optional<Selvage> own;
  Target target{.endpoint = {}, .pid = static_cast<pid_t>(settings.pid)};
  if (settings.endpoint.empty()) {
    own.emplace(Selvage::serve(directory));
    target = {own->endpoint(), own->pid()};
  } else {
    target.endpoint = require(http::Endpoint::parse(settings.endpoint));
  }
  if (settings.lifecycles > 0) return run_exactly(settings, target);

  RawDisk disk(directory.path("raw"));
  const std::chrono::seconds time(settings.seconds);
  Results results;
  if (settings.batch != 10) {
    results.single.emplace(settings, target, "load-single", 1);
    results.half.emplace(settings, target, "load-half", 1);
  }
  if (settings.batch != 1) results.batch.emplace(settings, target, "load-batch", 10);
  for (int64_t round = 0; round < settings.rounds; ++round) {
    if (results.single) {
      results.single->measure(disk, time);
      // At once: a moment later the disk may be another one.
      results.half->load.driver().set_rate(results.single->load.figures().lifecycles.last() / 2);
      results.half->measure(disk, time);
    }
    if (results.batch) results.batch->measure(disk, time);
  }
  results.raw = disk.latencies();
  return report(results, target);
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  return run({.rounds = option(argc, argv, "--rounds", 5),
              .seconds = option(argc, argv, "--seconds", 2),
              .batch = option(argc, argv, "--batch", 0),
              .connections = option(argc, argv, "--connections", 64),
              .body = option(argc, argv, "--body", 1024),
              .lifecycles = option(argc, argv, "--lifecycles", 0),
              .rate = option(argc, argv, "--rate", 0),
              .endpoint = text_option(argc, argv, "--endpoint", ""),
              .pid = option(argc, argv, "--pid", -1)});
}
