// SPDX-License-Identifier: Apache-2.0
#include "supervisor/supervisor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "process/tree.h"
#include "supervisor/explain.h"

namespace selvage::supervisor {
namespace {

constexpr Duration kSweepDelay = std::chrono::milliseconds(20);
constexpr Duration kRetryPause = std::chrono::milliseconds(50);
constexpr Duration kStopMargin = std::chrono::seconds(5);
constexpr Duration kLook = std::chrono::seconds(1);
// Renewed with each look: whatever happens to us, no queue stays shut for longer.
constexpr Duration kGateLasts = 3 * kLook;

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

// For decisions: no change of the wall clock may make a stage grow or shrink.
Instant steady_now() {
  return Instant(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// What is there, of it what the workflow's budget allows.
Host own_share(const workflow::Budget& budget) {
  const double cpus = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  const int64_t kib = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE) / 1024;
  return {.cpus = cpus * budget.cpu_percent / 100, .memory_kib = kib / 100 * budget.memory_percent};
}

// Counts of a queue that does not exist yet are zero.
QueueCounts counts_of(const std::vector<client::QueueStatistics>& queues, const std::string& name) {
  const auto at = std::ranges::find(queues, name, &client::QueueStatistics::name);
  if (at == queues.end()) return {};
  return {
      .visible = at->visible, .in_flight = at->in_flight, .delayed = at->delayed, .sent = at->sent};
}

// By somebody else, who shut it for longer than we ever do: that one counts.
bool is_paused(const std::vector<client::QueueStatistics>& queues, const std::string& name,
               Instant now) {
  const auto at = std::ranges::find(queues, name, &client::QueueStatistics::name);
  return at != queues.end() && at->most_in_flight == 0 && at->gate_until > now + kGateLasts + kLook;
}

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::open(SupervisorSettings settings) {
  const worker::RunDirectory run(settings.data);
  run.make();  // if it cannot be made, the lock cannot either, and says why
  auto lock = process::LockFile::acquire(run.supervisor_lock());
  if (!lock) return std::unexpected(std::move(lock).error());
  auto journal = incident::Journal::open(run.events());
  if (!journal) return std::unexpected(std::move(journal).error());
  std::ofstream(run.workflow()) << settings.plan.file << '\n';
  process::become_subreaper();
  return std::unique_ptr<Supervisor>(
      new Supervisor(std::move(settings), *std::move(journal), *std::move(lock)));
}

Supervisor::Supervisor(SupervisorSettings settings, incident::Journal journal,
                       process::LockFile lock)
    : settings_(std::move(settings)),
      run_(settings_.data),
      journal_(std::move(journal)),
      lock_(std::move(lock)),
      client_(reactor_, settings_.broker, {.credentials = settings_.credentials}),
      gates_(client_),
      queues_(queue_settings(settings_.plan)),
      steward_(settings_.plan, own_share(settings_.plan.budget)) {
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
    Crew& crew = *crews_.emplace_back(make_crew(stage));
    crew.adopt_all();
    crew.grow_to(stage.workers.min + stage.workers.spare);
    log_info("stage {}: {} workers", stage.name, crew.workers());
  }
  look();
}

std::unique_ptr<Crew> Supervisor::make_crew(const workflow::Stage& stage) {
  return std::make_unique<Crew>(
      Crew::Setting{.reactor = reactor_, .clock = clock_, .run = run_, .stage = stage.name},
      Crew::Callbacks{
          .request = [this, name = stage.name](
                         const auto& worker) { return runner_request(name, worker); },
          .died = [this, name = stage.name](const auto& worker,
                                            const auto& how) { worker_died(name, worker, how); },
          .stopped = [this] { worker_stopped(); }});
}

process::SpawnRequest Supervisor::runner_request(const std::string& stage,
                                                 const std::string& worker) const {
  return {.argv = {settings_.program, "runner", settings_.plan.file, "--stage", stage, "--worker",
                   worker, "--broker", settings_.broker.authority(), "--data", settings_.data,
                   "--drain",
                   fmt::format("{}ms", settings_.drain_limit / std::chrono::milliseconds(1))},
          .environment = process::own_environment()};
}

// ---- each second

// While the broker is away nothing is decided: everything stays as it is.
void Supervisor::look() {
  if (draining_) return;
  client_.statistics([this](const Result<std::vector<client::QueueStatistics>>& queues) {
    if (queues && !draining_) decide(*queues);
    reactor_.after(kLook, [this] { look(); });
  });
}

void Supervisor::decide(const std::vector<client::QueueStatistics>& queues) {
  const std::vector<workflow::Stage>& stages = settings_.plan.stages;
  std::vector<StageFacts> facts;
  for (size_t i = 0; i < stages.size(); ++i)
    facts.push_back({.in = counts_of(queues, stages[i].from),
                     .out = counts_of(queues, stages[i].to),
                     .paused = is_paused(queues, stages[i].from, clock_.now()),
                     .manned = crews_[i]->manned(),
                     .cards = crews_[i]->cards()});
  const std::vector<Decision> decisions = steward_.decide(steady_now(), facts);
  for (size_t i = 0; i < stages.size(); ++i) carry_out(stages[i], *crews_[i], decisions[i]);
  publish(decisions);
}

void Supervisor::carry_out(const workflow::Stage& stage, Crew& crew, const Decision& decision) {
  if (decision.gate && !decision.paused) gates_.set(stage.from, *decision.gate, kGateLasts);
  crew.grow_to(decision.target);
  crew.shrink_to(decision.target, stop_limit(stage));
  announce(stage, decision);
}

void Supervisor::announce(const workflow::Stage& stage, const Decision& decision) {
  if (!decision.target_changed && !decision.breaker.changed && !decision.back_pressure.changed)
    return;
  const std::vector<std::string> why = explain(decision, stage);
  log_info("stage {}: {}", stage.name, fmt::join(why, "; "));
  if (decision.target_changed && decision.target != decision.workers)
    record(incident::Kind::kScaled, stage.name, why.front());
  if (!decision.breaker.changed) return;
  const Breaker::View& breaker = decision.breaker;
  if (breaker.state == Breaker::State::kOpen && breaker.probes == 0)
    record(incident::Kind::kBreakerOpened, stage.name,
           fmt::format("{} of the last {} attempts failed", breaker.failed, breaker.attempts));
  if (breaker.state == Breaker::State::kClosed)
    record(incident::Kind::kBreakerClosed, stage.name, "an attempt that was let through succeeded");
}

void Supervisor::record(incident::Kind kind, const std::string& stage, const std::string& cause) {
  journal_.record({.at = clock_.now(),
                   .kind = kind,
                   .stage = stage,
                   .worker = {},
                   .message = {},
                   .cause = cause,
                   .recovery = {}});
}

// By rename, so that readers see a whole file. One that cannot be written is no reason to stop.
void Supervisor::publish(const std::vector<Decision>& decisions) {
  const std::string next = run_.decisions() + ".new";
  std::ofstream(next) << to_json(clock_.now(), decisions, settings_.plan) << "\n";
  std::error_code error;
  std::filesystem::rename(next, run_.decisions(), error);
}

// ---- deaths and the end

void Supervisor::worker_died(const std::string& stage, const std::string& worker,
                             const std::optional<process::Ended>& how) {
  const std::string cause = how ? how->describe() : "it ended (an adopted process)";
  log_warn("worker {} died: {}; starting it again", worker, cause);
  sweep_soon();
  journal_.record({.at = clock_.now(),
                   .kind = incident::Kind::kWorkerDied,
                   .stage = stage,
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
  process::kill_strays([this](pid_t pid) {
    return std::ranges::any_of(crews_, [pid](const auto& crew) { return crew->has(pid); });
  });
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.data + "/work", error)) {
    const std::string name = entry.path().filename().string();
    const auto pid = static_cast<pid_t>(std::atoi(name.substr(name.rfind('.') + 1).c_str()));
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
      std::filesystem::remove_all(entry.path(), error);
  }
}

Duration Supervisor::stop_limit(const workflow::Stage& stage) const {
  return settings_.drain_limit + stage.grace + kStopMargin;
}

void Supervisor::drain() {
  if (std::exchange(draining_, true)) return;
  log_info("draining");
  for (size_t i = 0; i < crews_.size(); ++i)
    crews_[i]->stop_all(stop_limit(settings_.plan.stages[i]));
  worker_stopped();
}

void Supervisor::worker_stopped() {
  if (!draining_) return;
  if (!std::ranges::all_of(crews_, [](const auto& crew) { return crew->is_empty(); })) return;
  sweep();
  reactor_.stop();
}

}  // namespace selvage::supervisor
