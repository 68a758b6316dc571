// SPDX-License-Identifier: Apache-2.0
// What runs a workflow or a broker, and looks at it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/failure.h"
#include "app/monitor.h"
#include "app/pause.h"
#include "app/serve.h"
#include "app/status.h"
#include "app/why.h"
#include "app/work.h"
#include "base/log.h"
#include "cli/commands.h"
#include "workflow/check.h"
#include "workflow/print.h"

namespace selvage::cli {
namespace {

constexpr const char* kRunning = "Run and look";
constexpr const char* kStarted = "Started by up";
constexpr const char* kBrokerHelp = "address of the broker, HOST:PORT";
constexpr const char* kFileHelp = "the workflow file";
constexpr const char* kStageHelp = "a stage of the workflow that runs";
constexpr const char* kDataHelp = "the data directory";

void add_drain(CLI::App* command, Duration& drain) {
  add_time(command,
           {.name = "--drain",
            .help = "how long running programs may take to end (30s)",
            .whole_seconds = false},
           [&drain](Duration d) { drain = d; });
}

struct CheckSettings {
  std::string file;
  bool print = false;
};

ExitCode check(const CheckSettings& settings) {
  const auto plan = workflow::check_file(settings.file);
  if (!plan) {
    fmt::print(stderr, "{}", workflow::describe(settings.file, plan.error()));
    const size_t count = plan.error().size();
    fmt::print(stderr, "{} problem{} in {}\n", count, count == 1 ? "" : "s", settings.file);
    return ExitCode::kFile;
  }
  if (settings.print)
    fmt::print("{}\n{}", workflow::print_file(*plan), workflow::print_graph(*plan));
  else
    fmt::print("{} is sound: {} stage{}\n", settings.file, plan->stages.size(),
               plan->stages.size() == 1 ? "" : "s");
  return ExitCode::kOk;
}

// ---- one function per subcommand: its options, and what it chooses

void add_up(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::UpSettings>();
  CLI::App* const c = app.add_subcommand("up", "run a workflow: broker, supervisor, workers");
  c->group(kRunning);
  c->add_option("FILE", settings->file, kFileHelp)->required();
  add_drain(c, settings->drain);
  add_settings(c, Starts::kWorkflow, settings->line);
  choose(c, chosen, settings, app::up);
}

void warn_of_misspelt_variables() {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at)
    variables.emplace_back(*at, std::string_view(*at).find('='));
  for (const auto& [variable, meant] : app::misspelt(variables))
    log_warn("{} is not a setting and has no effect: did you mean {}?", variable, meant);
}

ExitCode serve(const app::CommandLine& line) {
  const auto resolved = app::resolve(line, app::process_environment());
  if (!resolved) return app::report(resolved.error());
  app::begin_log("broker", resolved->settings);
  warn_of_misspelt_variables();
  return app::serve(resolved->settings);
}

void add_serve(CLI::App& app, Chosen& chosen) {
  auto line = std::make_shared<app::CommandLine>();
  CLI::App* const c = app.add_subcommand("serve", "run the broker alone: an SQS-compatible server");
  c->group(kRunning);
  add_settings(c, Starts::kServer, *line);
  choose(c, chosen, line, serve);
}

void add_reference(CLI::App& app, Chosen& chosen) {
  CLI::App* const c = app.add_subcommand("reference", "print a page of the reference (Markdown)");
  c->group("");  // for whoever writes the documents
  c->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, std::string (*page)()) {
    c->add_subcommand(name, what)->callback([&chosen, page] {
      chosen = [page] {
        fmt::print("{}", page());
        return ExitCode::kOk;
      };
    });
  };
  add("settings", "the settings of a server", app::settings_reference);
  add("metrics", "the metrics of a server", app::metrics_reference);
}

void add_check(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<CheckSettings>();
  CLI::App* const c = app.add_subcommand("check", "report every problem of a workflow file");
  c->group(kRunning);
  c->add_option("FILE", settings->file, kFileHelp)->required();
  c->add_flag("--print", settings->print, "show the file with all defaults, and the graph");
  choose(c, chosen, settings, check);
}

struct StatusCommand {
  app::StatusSettings status = {};
  bool why = false;
};

ExitCode status(const StatusCommand& command) {
  if (!command.why) return app::print_status(command.status);
  return app::print_why(
      {.stage = command.status.file, .data = command.status.at.data, .json = command.status.json});
}

void add_status(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<StatusCommand>();
  CLI::App* const c = app.add_subcommand("status", "show what a running workflow is doing");
  c->group(kRunning);
  c->add_option("FILE", settings->status.file, "the workflow file; with --why a stage, or the file")
      ->required();
  add_broker(c, settings->status.at);
  c->add_flag("--why", settings->why, "of a stage: why it has as many workers as it has");
  c->add_flag("--json", settings->status.json, "for programs: one JSON object");
  choose(c, chosen, settings, status);
}

void add_pause(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::PauseSettings>();
  CLI::App* const c = app.add_subcommand("pause", "keep a stage from getting messages");
  c->group(kRunning);
  c->add_option("STAGE", settings->stage, kStageHelp)->required();
  add_time(c,
           {.name = "--for",
            .help = "go on by itself after this time (until selvage resume)",
            .whole_seconds = false},
           [settings](Duration d) { settings->lasts = d; });
  add_broker(c, settings->at);
  choose(c, chosen, settings, app::pause_stage);
}

void add_resume(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::PauseSettings>();
  CLI::App* const c = app.add_subcommand("resume", "let a paused stage go on");
  c->group(kRunning);
  c->add_option("STAGE", settings->stage, kStageHelp)->required();
  add_broker(c, settings->at);
  choose(c, chosen, settings, app::resume_stage);
}

// The two that `up` starts; people rarely do.
void add_supervise(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::SuperviseSettings>();
  CLI::App* const c = app.add_subcommand("supervise", "keep the workers of a workflow (see up)");
  c->group(kStarted);
  c->add_option("FILE", settings->file, kFileHelp)->required();
  c->add_option("--data", settings->data, kDataHelp)->required();
  c->add_option("--broker", settings->broker, kBrokerHelp)->required();
  add_drain(c, settings->drain);
  choose(c, chosen, settings, app::supervise);
}

void add_runner(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::RunnerProcessSettings>();
  CLI::App* const c = app.add_subcommand("runner", "be one worker of a stage (see supervise)");
  c->group(kStarted);
  c->add_option("FILE", settings->file, kFileHelp)->required();
  c->add_option("--stage", settings->stage, "the stage")->required();
  c->add_option("--worker", settings->worker, "the worker's name")->required();
  c->add_option("--data", settings->data, kDataHelp)->required();
  c->add_option("--broker", settings->broker, kBrokerHelp)->required();
  add_drain(c, settings->drain);
  choose(c, chosen, settings, app::run_worker);
}

}  // namespace

void add_workflow_commands(CLI::App& app, Chosen& chosen) {
  for (const auto add : {add_up, add_serve, add_check, add_status, add_pause, add_resume,
                         add_supervise, add_runner, add_reference})
    add(app, chosen);
}

}  // namespace selvage::cli
