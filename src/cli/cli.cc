// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/serve.h"
#include "app/status.h"
#include "app/work.h"
#include "base/log.h"
#include "workflow/check.h"
#include "workflow/print.h"
#include "workflow/suggest.h"
#include "workflow/units.h"

namespace selvage::cli {
namespace {

constexpr const char* kListenHelp = "address of the broker, HOST:PORT";
constexpr const char* kFileHelp = "the workflow file";
constexpr const char* kDataHelp = "the data directory";

// What the chosen subcommand will do, once all arguments are known to be right.
using Chosen = std::function<ExitCode()>;

void add_duration(CLI::App* command, const std::string& name, Duration& target,
                  const std::string& help) {
  command->add_option_function<std::string>(
      name,
      [&target, name](const std::string& text) {
        const auto parsed = workflow::parse_duration(text);
        if (!parsed)
          throw CLI::ValidationError(
              name, fmt::format("{} ({})", parsed.error().message, parsed.error().suggestion));
        target = *parsed;
      },
      help);
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
  c->add_option("file", settings->file, kFileHelp)->required();
  c->add_option("--data", settings->data, kDataHelp)->capture_default_str();
  c->add_option("--listen", settings->listen, kListenHelp)->capture_default_str();
  add_duration(c, "--drain", settings->drain, "how long running programs may take to end (30s)");
  c->callback([settings, &chosen] { chosen = [settings] { return app::up(*settings); }; });
}

void add_serve(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::ServeSettings>();
  settings->data = "selvage-data";
  CLI::App* const c = app.add_subcommand("serve", "run the broker alone: an SQS-compatible server");
  CLI::Option* const data =
      c->add_option("--data", settings->data, kDataHelp)->capture_default_str();
  c->add_flag("--memory", settings->memory, "keep everything in memory and nothing on disk")
      ->excludes(data);
  c->add_option("--listen", settings->listen, kListenHelp)->capture_default_str();
  c->add_option("--threads", settings->threads, "HTTP threads; 0: one per core")
      ->check(CLI::Range(0, 256));
  c->callback([settings, &chosen] {
    chosen = [settings] {
      set_log_role("broker");
      return app::serve(*settings);
    };
  });
}

void add_check(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<CheckSettings>();
  CLI::App* const c = app.add_subcommand("check", "report every problem of a workflow file");
  c->add_option("file", settings->file, kFileHelp)->required();
  c->add_flag("--print", settings->print, "show the file with all defaults, and the graph");
  c->callback([settings, &chosen] { chosen = [settings] { return check(*settings); }; });
}

void add_status(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::StatusSettings>();
  CLI::App* const c = app.add_subcommand("status", "show what a running workflow is doing");
  c->add_option("file", settings->file, kFileHelp)->required();
  c->add_option("--data", settings->data, kDataHelp)->capture_default_str();
  c->add_option("--listen", settings->listen, kListenHelp)->capture_default_str();
  c->add_flag("--json", settings->json, "for programs");
  c->callback(
      [settings, &chosen] { chosen = [settings] { return app::print_status(*settings); }; });
}

void add_send(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::SendSettings>();
  CLI::App* const c = app.add_subcommand("send", "send one message to a queue");
  c->add_option("queue", settings->queue, "the queue's name")->required();
  c->add_option("body", settings->body, "the message; - reads standard input")->required();
  c->add_option("--listen", settings->listen, kListenHelp)->capture_default_str();
  c->callback([settings, &chosen] {
    chosen = [settings] {
      if (settings->body == "-")
        settings->body.assign(std::istreambuf_iterator<char>(std::cin), {});
      return app::send_message(*settings);
    };
  });
}

// The two that `up` starts; people rarely do.
void add_supervise(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::SuperviseSettings>();
  CLI::App* const c = app.add_subcommand("supervise", "keep the workers of a workflow (see up)");
  c->add_option("file", settings->file, kFileHelp)->required();
  c->add_option("--data", settings->data, kDataHelp)->required();
  c->add_option("--broker", settings->broker, kListenHelp)->required();
  add_duration(c, "--drain", settings->drain, "how long running programs may take to end (30s)");
  c->callback([settings, &chosen] { chosen = [settings] { return app::supervise(*settings); }; });
}

void add_runner(CLI::App& app, Chosen& chosen) {
  auto settings = std::make_shared<app::RunnerProcessSettings>();
  CLI::App* const c = app.add_subcommand("runner", "be one worker of a stage (see supervise)");
  c->add_option("file", settings->file, kFileHelp)->required();
  c->add_option("--stage", settings->stage, "the stage")->required();
  c->add_option("--worker", settings->worker, "the worker's name")->required();
  c->add_option("--data", settings->data, kDataHelp)->required();
  c->add_option("--broker", settings->broker, kListenHelp)->required();
  add_duration(c, "--drain", settings->drain, "how long a running program may take to end (30s)");
  c->callback([settings, &chosen] { chosen = [settings] { return app::run_worker(*settings); }; });
}

}  // namespace

namespace {

// The parser would only say that a command is missing.
bool is_unknown_command(const CLI::App& app, std::string_view word) {
  const auto all = [](const CLI::App*) { return true; };
  const std::vector<const CLI::App*> commands = app.get_subcommands(all);
  std::vector<std::string> kept;
  for (const CLI::App* command : commands) kept.push_back(command->get_name());
  const std::vector<std::string_view> names(kept.begin(), kept.end());
  if (word.starts_with("-") || std::ranges::find(names, word) != names.end()) return false;
  const std::string_view nearest = workflow::closest(word, names);
  fmt::print(stderr, "'{}' is not a command{}; the commands are: {}\n", word,
             nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest),
             fmt::join(names, ", "));
  return true;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Selvage: queues at every seam of a workflow, and workers that come back.",
               "selvage");
  app.require_subcommand(1);
  app.set_version_flag("--version", SELVAGE_VERSION);
  Chosen chosen;
  for (const auto add :
       {add_up, add_serve, add_check, add_status, add_send, add_supervise, add_runner})
    add(app, chosen);
  if (argc > 1 && is_unknown_command(app, argv[1])) return static_cast<int>(ExitCode::kUsage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(chosen());
}

}  // namespace selvage::cli
