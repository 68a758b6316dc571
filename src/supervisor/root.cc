// SPDX-License-Identifier: Apache-2.0
#include "supervisor/root.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <set>
#include <utility>

#include "base/log.h"
#include "process/tree.h"
#include "worker/run_directory.h"

namespace selvage::supervisor {
namespace {

constexpr Duration kBrokerStopLimit = std::chrono::seconds(10);
constexpr Duration kSupervisorMargin = std::chrono::seconds(30);

// Runners whose supervisor has died are our children until the next one adopts them.
std::set<pid_t> living_workers(const worker::RunDirectory& run) {
  std::set<pid_t> pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run.workers(), error))
    if (const auto pid = process::lock_holder(entry.path())) pids.insert(*pid);
  return pids;
}

}  // namespace

Result<std::unique_ptr<Root>> Root::open(RootSettings settings) {
  const worker::RunDirectory run(settings.data);
  std::error_code error;
  std::filesystem::create_directories(run.workers(), error);
  if (error)
    return failure(ErrorCode::kSettings,
                   fmt::format("cannot create {}: {}; choose another --data directory",
                               settings.data, error.message()));
  const std::string lock_path = run.root_lock();
  auto lock = process::LockFile::acquire(lock_path);
  if (!lock && lock.error().code == ErrorCode::kInUse)
    return failure(
        ErrorCode::kInUse,
        fmt::format("{} is in use by another 'selvage up' (process {}): stop that one, or "
                    "choose another --data directory",
                    settings.data, process::lock_holder(lock_path).value_or(0)));
  if (!lock) return std::unexpected(std::move(lock).error());
  auto journal = incident::Journal::open(run.events());
  if (!journal) return std::unexpected(std::move(journal).error());
  process::become_subreaper();
  return std::unique_ptr<Root>(
      new Root(std::move(settings), *std::move(journal), *std::move(lock)));
}

Root::Root(RootSettings settings, incident::Journal journal, process::LockFile lock)
    : settings_(std::move(settings)),
      journal_(std::move(journal)),
      lock_(std::move(lock)),
      broker_(reactor_, clock_, "broker",
              {.request = [this] { return broker_request(); },
               .started = [this] { broker_started(); },
               .died = [this](const auto& how) { return broker_died(how); },
               .stopped = [this] { end(); }}),
      supervisor_(reactor_, clock_, "supervisor",
                  {.request = [this] { return supervisor_request(); },
                   .started =
                       [this] {
                         if (supervisor_.starts() > 1)
                           record(incident::Kind::kProcessRestarted, "supervisor", "");
                       },
                   .died =
                       [this](const auto& how) {
                         record(incident::Kind::kProcessDied, "supervisor", how->describe());
                         return true;
                       },
                   .stopped = [this] { broker_.stop(kBrokerStopLimit); }}) {
  reactor_.on_signal({SIGTERM, SIGINT, SIGHUP}, [this](int) { shut_down(); });
  reactor_.on_signal({SIGCHLD}, [this](int) { sweep(); });
}

ExitCode Root::run() {
  reactor_.after(Duration{0}, [this] { broker_.start(); });
  reactor_.run();
  return exit_code_;
}

process::SpawnRequest Root::broker_request() {
  announcement_ = process::make_pipe(true, false);
  announced_.clear();
  std::vector<std::string> argv = {settings_.program, "serve",    "--data",
                                   settings_.data,    "--listen", settings_.listen};
  argv.insert(argv.end(), settings_.serve_options.begin(), settings_.serve_options.end());
  return {.argv = std::move(argv),
          .environment = process::own_environment(),
          .out = announcement_.write.get(),
          .death_signal = SIGTERM};
}

process::SpawnRequest Root::supervisor_request() const {
  return {.argv = {settings_.program, "supervise", settings_.file, "--broker", settings_.listen,
                   "--data", settings_.data, "--drain",
                   fmt::format("{}ms", settings_.drain_limit / std::chrono::milliseconds(1))},
          .environment = process::own_environment(),
          .death_signal = SIGTERM};
}

void Root::broker_started() {
  announcement_.write.reset();
  reactor_.watch(announcement_.read.get(), EPOLLIN, [this](uint32_t) { read_announcement(); });
}

// "listening on http://HOST:PORT", or https: from then on that port is ours, also for the next
// broker.
void Root::read_announcement() {
  std::array<char, 256> buffer;
  const ssize_t size = ::read(announcement_.read.get(), buffer.data(), buffer.size());
  if (size < 0) return;
  announced_.append(buffer.data(), static_cast<size_t>(size));
  const size_t end = announced_.find('\n');
  if (size > 0 && end == std::string::npos) return;
  reactor_.unwatch(announcement_.read.get());
  announcement_.read.reset();
  constexpr std::string_view kAfterScheme = "://";
  const size_t address = announced_.find(kAfterScheme);
  if (end == std::string::npos || address == std::string::npos) return;
  const size_t begin = address + kAfterScheme.size();
  settings_.listen = announced_.substr(begin, end - begin);
  const size_t url = announced_.rfind(' ', address) + 1;
  broker_is_ready(announced_.substr(url, end - url));
}

void Root::broker_is_ready(const std::string& url) {
  if (was_ready_) return record(incident::Kind::kProcessRestarted, "broker", "");
  was_ready_ = true;
  if (stopping_) return;
  fmt::print("the broker listens on {}; Ctrl-C drains and ends everything\n", url);
  std::fflush(stdout);
  supervisor_.start();
}

bool Root::broker_died(const std::optional<process::Ended>& how) {
  if (announcement_.read) reactor_.unwatch(announcement_.read.get());
  announcement_ = {};
  if (was_ready_ || how->signal != 0) {
    record(incident::Kind::kProcessDied, "broker", how->describe());
    return true;
  }
  exit_code_ = static_cast<ExitCode>(how->exit_code);
  end();
  return false;
}

void Root::record(incident::Kind kind, const std::string& who, const std::string& cause) {
  if (kind == incident::Kind::kProcessDied)
    log_warn("the {} died: {}; starting it again", who, cause);
  journal_.record({.at = clock_.now(),
                   .kind = kind,
                   .stage = {},
                   .worker = who,
                   .message = {},
                   .cause = cause,
                   .recovery = {}});
}

// Whatever becomes our child without being a worker was left behind by a dead one.
void Root::sweep() {
  process::kill_strays(
      [this, workers = living_workers(worker::RunDirectory(settings_.data))](pid_t pid) {
        return pid == broker_.pid() || pid == supervisor_.pid() || workers.contains(pid);
      });
}

void Root::shut_down() {
  if (std::exchange(stopping_, true)) {
    log_warn("a second signal: killing everything");
    exit_code_ = ExitCode::kFailed;
    return end();
  }
  log_info("stopping: workers finish what they have, then everything ends");
  supervisor_.stop(settings_.drain_limit + kSupervisorMargin);
}

void Root::end() {
  process::kill_strays();
  reactor_.stop();
}

}  // namespace selvage::supervisor
