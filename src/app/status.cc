// SPDX-License-Identifier: Apache-2.0
#include "app/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "client/client.h"
#include "incident/journal.h"
#include "wire/json.h"
#include "worker/run_directory.h"
#include "workflow/check.h"

namespace selvage::app {
namespace {

using client::QueueStatistics;

double millis(Duration d) {
  return static_cast<double>(d.count()) / 1000.0;
}

// Counts of a queue that does not exist yet are zero.
QueueStatistics find_queue(const std::vector<QueueStatistics>& queues, const std::string& name) {
  const auto at = std::ranges::find(queues, name, &QueueStatistics::name);
  return at == queues.end() ? QueueStatistics{} : *at;
}

void count(const incident::Event& event, StageStatus& stage) {
  switch (event.kind) {
    case incident::Kind::kProgramDied:
    case incident::Kind::kProgramHung:
    case incident::Kind::kOutOfMemory:
    case incident::Kind::kKilled:
    case incident::Kind::kWorkerDied:
      ++stage.restarts;
      break;
    case incident::Kind::kRecovered:
      stage.last_recovery = event.recovery;
      break;
    case incident::Kind::kRestarted:
    case incident::Kind::kRetried:
    case incident::Kind::kProcessDied:
    case incident::Kind::kProcessRestarted:
    case incident::Kind::kRedelivered:
    case incident::Kind::kDeadLettered:
    case incident::Kind::kBackedOff:
    case incident::Kind::kBreakerOpened:
    case incident::Kind::kBreakerClosed:
    case incident::Kind::kScaled:
    case incident::Kind::kRolledOut:
    case incident::Kind::kRolledBack:
      break;
  }
}

Status collect(const workflow::Plan& plan, const std::vector<QueueStatistics>& queues,
               const std::vector<incident::Event>& events) {
  Status status;
  for (const workflow::Stage& stage : plan.stages) {
    const QueueStatistics in = find_queue(queues, stage.from);
    const QueueStatistics dead = find_queue(queues, stage.dead);
    StageStatus& line = status.stages.emplace_back();
    line.name = stage.name;
    line.waiting = in.visible + in.delayed;
    line.running = in.in_flight;
    line.done = in.handed_over;
    line.dead = dead.visible + dead.in_flight + dead.delayed;
    for (const incident::Event& event : events)
      if (event.stage == stage.name) count(event, line);
  }
  for (const incident::Event& event : events)
    if (event.kind == incident::Kind::kRecovered) status.recoveries.push_back(event.recovery);
  return status;
}

void print_json(const Status& status) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("stages").begin_array();
  for (const StageStatus& stage : status.stages) {
    out.begin_object()
        .field("name", stage.name)
        .field("waiting", stage.waiting)
        .field("running", stage.running)
        .field("done", stage.done)
        .field("dead", stage.dead)
        .field("restarts", stage.restarts)
        .key("last_recovery_ms");
    if (stage.last_recovery)
      out.number(millis(*stage.last_recovery));
    else
      out.raw("null");
    out.end_object();
  }
  out.end_array().key("recoveries_ms").begin_array();
  for (const Duration recovery : status.recoveries) out.number(millis(recovery));
  out.end_array().end_object();
  fmt::print("{}\n", json);
}

void print_table(const Status& status) {
  fmt::print("{:<20} {:>8} {:>8} {:>8} {:>6} {:>9} {:>14}\n", "stage", "waiting", "running", "done",
             "dead", "restarts", "last recovery");
  for (const StageStatus& stage : status.stages)
    fmt::print("{:<20} {:>8} {:>8} {:>8} {:>6} {:>9} {:>14}\n", stage.name, stage.waiting,
               stage.running, stage.done, stage.dead, stage.restarts,
               stage.last_recovery ? fmt::format("{:.1f} ms", millis(*stage.last_recovery)) : "-");
}

}  // namespace

ExitCode print_status(const StatusSettings& settings) {
  const auto plan = workflow::check_file(settings.file);
  if (!plan) {
    fmt::print(stderr, "{}", workflow::describe(settings.file, plan.error()));
    return ExitCode::kFile;
  }
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto queues = (*link)->ask<std::vector<QueueStatistics>>(
      [](client::Client& c, auto done) { c.statistics(std::move(done)); });
  if (!queues) return (*link)->complain(queues.error());
  const Status status = collect(
      *plan, *queues, incident::read_journal(worker::RunDirectory(settings.at.data).events()));
  settings.json ? print_json(status) : print_table(status);
  return ExitCode::kOk;
}

}  // namespace selvage::app
