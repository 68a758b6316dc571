// SPDX-License-Identifier: Apache-2.0
#include "app/work.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/credentials.h"
#include "app/failure.h"
#include "app/paths.h"
#include "base/log.h"
#include "runner/runner.h"
#include "supervisor/root.h"
#include "supervisor/supervisor.h"
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

}  // namespace

ExitCode up(const UpSettings& settings) {
  set_log_role("root");
  if (!read_plan(settings.file)) return ExitCode::kFile;
  auto root = supervisor::Root::open({.program = own_program(),
                                      .file = absolute(settings.file),
                                      .data = absolute(settings.data),
                                      .listen = settings.listen,
                                      .serve_options = serve_options(settings.endpoint),
                                      .drain_limit = settings.drain});
  if (!root) return report(root.error());
  return (*root)->run();
}

ExitCode supervise(const SuperviseSettings& settings) {
  set_log_role("supervisor");
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
  set_log_role(settings.worker);
  auto plan = read_plan(settings.file);
  if (!plan) return ExitCode::kFile;
  if (plan->find(settings.stage) == nullptr) {
    log_error("{} has no stage {}", settings.file, settings.stage);
    return ExitCode::kUsage;
  }
  const auto broker = http::Endpoint::parse(settings.broker);
  if (!broker) return report(broker.error());
  const std::string data = absolute(settings.data);
  auto runner = runner::Runner::open({.plan = *std::move(plan),
                                      .stage = settings.stage,
                                      .worker = settings.worker,
                                      .broker = *broker,
                                      .credentials = find_own_credentials(data),
                                      .data = data,
                                      .supervisor_lock = supervisor::supervisor_lock(data),
                                      .drain_limit = settings.drain});
  if (!runner) return report(runner.error());
  (*runner)->run();
  return ExitCode::kOk;
}

}  // namespace selvage::app
