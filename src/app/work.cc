// SPDX-License-Identifier: Apache-2.0
#include "app/work.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "app/credentials.h"
#include "app/failure.h"
#include "app/paths.h"
#include "base/log.h"
#include "runner/runner.h"
#include "supervisor/root.h"
#include "supervisor/supervisor.h"
#include "worker/run_directory.h"
#include "workflow/check.h"

namespace selvage::app {
namespace {

// By its path, so that process lists show it; as /proc has it when it was replaced on disk.
std::string own_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return !error && std::filesystem::exists(path, error) ? path.string() : "/proc/self/exe";
}

// The plan, or every problem of the file on standard error and nothing.
std::optional<workflow::Plan> read_plan(const std::string& file) {
  auto plan = workflow::check_file(file);
  if (plan) return *std::move(plan);
  fmt::print(stderr, "{}", workflow::describe(file, plan.error()));
  return std::nullopt;
}

// What the broker is started with, besides the data directory and the address. All of it as flags:
// a file or a variable that changes meanwhile does not count when the broker is started again.
std::vector<std::string> serve_arguments(const Resolved& resolved) {
  constexpr std::string_view kByOtherMeans[] = {"data", "listen", "log", "log-level"};
  std::vector<std::string> arguments;
  for (const Setting* setting : resolved.given) {
    if (!setting->of_up_too || std::ranges::count(kByOtherMeans, setting->name) > 0) continue;
    std::string value = setting->print(resolved.settings);
    if (setting->value == "FILE" && !value.empty()) value = absolute(value);
    arguments.push_back(fmt::format("--{}={}", setting->name, value));
  }
  return arguments;
}

// To the broker, the supervisor and the runners, which share our standard error. Of the other
// settings their environment has none: the broker has its own as flags.
void hand_down_environment(const ServeSettings& settings) {
  unsetenv(kConfigVariable);
  for (const Setting& setting : settings_table()) unsetenv(environment_name(setting).c_str());
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  const auto format = settings.log.value_or(is_terminal ? LogFormat::kHuman : LogFormat::kJson);
  setenv("SELVAGE_LOG", format == LogFormat::kJson ? "json" : "human", 1);
  setenv("SELVAGE_LOG_LEVEL", std::string(log_level_name(settings.log_level)).c_str(), 1);
}

}  // namespace

ExitCode up(const UpSettings& settings) {
  const auto resolved = resolve(settings.line, process_environment());
  if (!resolved) return report(resolved.error());
  begin_log("root", resolved->settings);
  hand_down_environment(resolved->settings);
  if (!read_plan(settings.file)) return ExitCode::kFile;
  if (resolved->settings.durability == Durability::kMemory)
    return report({ErrorCode::kSettings,
                   "a workflow heals by what its broker keeps: use --durability fsync or os"});
  auto root = supervisor::Root::open({.program = own_program(),
                                      .file = absolute(settings.file),
                                      .data = absolute(resolved->settings.data),
                                      .listen = resolved->settings.listen,
                                      .serve_options = serve_arguments(*resolved),
                                      .drain_limit = settings.drain});
  if (!root) return report(root.error());
  return (*root)->run();
}

ExitCode supervise(const SuperviseSettings& settings) {
  begin_log_of_child("supervisor");
  auto plan = read_plan(settings.file);
  if (!plan) return ExitCode::kFile;
  const auto broker = http::Endpoint::parse(settings.broker);
  if (!broker) return report(broker.error());
  const std::string data = absolute(settings.data);
  auto supervisor = supervisor::Supervisor::open({.plan = *std::move(plan),
                                                  .program = own_program(),
                                                  .broker = *broker,
                                                  .credentials = find_own_credentials(data),
                                                  .data = data,
                                                  .drain_limit = settings.drain});
  if (!supervisor) return report(supervisor.error());
  (*supervisor)->run();
  return ExitCode::kOk;
}

ExitCode run_worker(const RunnerProcessSettings& settings) {
  begin_log_of_child(settings.worker);
  auto plan = read_plan(settings.file);
  if (!plan) return ExitCode::kFile;
  if (plan->find(settings.stage) == nullptr) {
    log_error("{} has no stage {}", settings.file, settings.stage);
    return ExitCode::kUsage;
  }
  const auto broker = http::Endpoint::parse(settings.broker);
  if (!broker) return report(broker.error());
  const std::string data = absolute(settings.data);
  auto runner =
      runner::Runner::open({.plan = *std::move(plan),
                            .stage = settings.stage,
                            .worker = settings.worker,
                            .broker = *broker,
                            .credentials = find_own_credentials(data),
                            .data = data,
                            .supervisor_lock = worker::RunDirectory(data).supervisor_lock(),
                            .drain_limit = settings.drain});
  if (!runner) return report(runner.error());
  (*runner)->run();
  return ExitCode::kOk;
}

}  // namespace selvage::app
