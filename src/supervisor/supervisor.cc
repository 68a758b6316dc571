// SPDX-License-Identifier: Apache-2.0
#include "supervisor/supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "process/tree.h"

namespace selvage::supervisor {
namespace {

constexpr Duration kSweepDelay = std::chrono::milliseconds(20);
constexpr Duration kRetryPause = std::chrono::milliseconds(50);
constexpr Duration kStopMargin = std::chrono::seconds(5);

// Every queue of the plan: dead-letter queues first, because the others name them.
std::vector<client::QueueSettings> queue_settings(const workflow::Plan& plan) {
  std::vector<client::QueueSettings> settings;
  for (const workflow::Stage& stage : plan.stages) settings.push_back({.name = stage.dead});
  for (const std::string& queue : plan.queues()) {
    const auto reader = std::ranges::find(plan.stages, queue, &workflow::Stage::from);
    const bool is_dead =
        std::ranges::find(plan.stages, queue, &workflow::Stage::dead) != plan.stages.end();
    if (reader != plan.stages.end())
      settings.push_back({.name = queue,
                          .dead_letter_queue = reader->dead,
                          .attempts = reader->retry.attempts,
                          .deaths = reader->retry.deaths,
                          .backoff_min = reader->retry.backoff_min,
                          .backoff_max = reader->retry.backoff_max});
    else if (!is_dead)
      settings.push_back({.name = queue});
  }
  return settings;
}

}  // namespace

std::string supervisor_lock(const std::string& data) {
  return data + "/run/supervisor.lock";
}

std::string workflow_mark(const std::string& data) {
  return data + "/run/workflow";
}

Result<std::unique_ptr<Supervisor>> Supervisor::open(SupervisorSettings settings) {
  std::error_code error;
  std::filesystem::create_directories(settings.data + "/run/workers", error);
  auto lock = process::LockFile::acquire(supervisor_lock(settings.data));
  if (!lock) return std::unexpected(std::move(lock).error());
  auto journal = incident::Journal::open(settings.data + "/run/events.jsonl");
  if (!journal) return std::unexpected(std::move(journal).error());
  const std::string mark = workflow_mark(settings.data);
  std::ofstream(mark) << settings.plan.file << '\n';
  process::become_subreaper();
  return std::unique_ptr<Supervisor>(
      new Supervisor(std::move(settings), *std::move(journal), *std::move(lock)));
}

Supervisor::Supervisor(SupervisorSettings settings, incident::Journal journal,
                       process::LockFile lock)
    : settings_(std::move(settings)),
      journal_(std::move(journal)),
      lock_(std::move(lock)),
      client_(reactor_, settings_.broker, {.credentials = settings_.credentials}),
      queues_(queue_settings(settings_.plan)) {
  reactor_.on_signal({SIGTERM, SIGINT}, [this](int) { drain(); });
}

void Supervisor::run() {
  reactor_.after(Duration{0}, [this] { prepare_queues(0); });
  reactor_.run();
}

// One after the other; a broker that is away is tried again until it is there.
void Supervisor::prepare_queues(size_t done) {
  if (draining_) return;
  if (done == queues_.size()) return start_workers();
  const auto next = [this, done](const Result<void>& made) {
    if (made) return prepare_queues(done + 1);
    if (made.error().code != ErrorCode::kRetry)
      log_error("cannot prepare queue {}: {}", queues_[done].name, made.error().message);
    reactor_.after(kRetryPause, [this, done] { prepare_queues(done); });
  };
  const client::QueueSettings& queue = queues_[done];
  if (queue.dead_letter_queue.empty())
    client_.create_queue(queue.name, next);
  else
    client_.configure_queue(queue, next);
}

void Supervisor::start_workers() {
  for (const workflow::Stage& stage : settings_.plan.stages) {
    const int wanted = stage.workers.min + stage.workers.spare;
    for (int n = 1; n <= wanted; ++n) {
      Keeper& keeper = *workers_.emplace_back(make_keeper(stage, n));
      const auto living =
          process::lock_holder(settings_.data + "/run/workers/" + keeper.name() + ".lock");
      if (living && keeper.adopt(*living))
        log_info("adopted {} (process {})", keeper.name(), *living);
      else
        keeper.start();
    }
    log_info("stage {}: {} workers", stage.name, wanted);
  }
}

std::unique_ptr<Keeper> Supervisor::make_keeper(const workflow::Stage& stage, int number) {
  const std::string worker = fmt::format("{}-{}", stage.name, number);
  const auto request = [this, &stage, worker] {
    return process::SpawnRequest{
        .argv = {settings_.program, "runner", settings_.plan.file, "--stage", stage.name,
                 "--worker", worker, "--broker", settings_.broker.authority(), "--data",
                 settings_.data, "--drain",
                 fmt::format("{}ms", settings_.drain_limit / std::chrono::milliseconds(1))},
        .environment = process::own_environment()};
  };
  return std::make_unique<Keeper>(
      reactor_, clock_, worker,
      Keeper::Callbacks{.request = request,
                        .started = [] {},
                        .died =
                            [this, &stage, worker](const std::optional<process::Ended>& how) {
                              worker_died(stage, worker, how);
                              return true;
                            },
                        .stopped = [this] { worker_stopped(); }});
}

void Supervisor::worker_died(const workflow::Stage& stage, const std::string& worker,
                             const std::optional<process::Ended>& how) {
  const std::string cause = how ? how->describe() : "it ended (an adopted process)";
  log_warn("worker {} died: {}; starting it again", worker, cause);
  sweep_soon();
  journal_.record({.at = clock_.now(),
                   .kind = incident::Kind::kWorkerDied,
                   .stage = stage.name,
                   .worker = worker,
                   .message = {},
                   .cause = cause,
                   .recovery = {}});
}

// Looking at every process of the machine takes a millisecond or more, in which the message's next
// program is being started: that comes first. The dead runner's own program is dead already.
void Supervisor::sweep_soon() {
  if (sweep_timer_ == 0) sweep_timer_ = reactor_.after(kSweepDelay, [this] { sweep(); });
}

// What a dead runner leaves behind became our children: nothing of it may go on, and its files go.
void Supervisor::sweep() {
  sweep_timer_ = 0;
  process::kill_strays([this](pid_t pid) { return is_worker(pid); });
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.data + "/work", error)) {
    const std::string name = entry.path().filename().string();
    const auto pid = static_cast<pid_t>(std::atoi(name.substr(name.rfind('.') + 1).c_str()));
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
      std::filesystem::remove_all(entry.path(), error);
  }
}

bool Supervisor::is_worker(pid_t pid) const {
  return std::ranges::any_of(workers_, [pid](const auto& w) { return w->pid() == pid; });
}

void Supervisor::drain() {
  if (std::exchange(draining_, true)) return;
  log_info("draining {} workers", workers_.size());
  if (workers_.empty()) return reactor_.stop();
  Duration grace{0};
  for (const auto& stage : settings_.plan.stages) grace = std::max(grace, stage.grace);
  for (const auto& worker : workers_) worker->stop(settings_.drain_limit + grace + kStopMargin);
}

void Supervisor::worker_stopped() {
  if (++stopped_ < workers_.size()) return;
  sweep();
  reactor_.stop();
}

}  // namespace selvage::supervisor
