// SPDX-License-Identifier: Apache-2.0
// What a workflow has gone through, and what its programs say.
#include <memory>
#include <string>

#include "app/watch.h"
#include "cli/commands.h"

namespace selvage::cli {
namespace {

constexpr const char* kGroup = "Run and look";

void add_data(CLI::App* c, std::string& data) {
  c->add_option("--data", data, "the workflow's data directory (selvage-data)")->type_name("DIR");
}

void add_since(CLI::App* c, std::optional<Duration>& since) {
  add_time(c,
           {.name = "--since",
            .help = "only the last so long: 90s, 1h, 2d",
            .least = std::chrono::milliseconds(1),
            .whole_seconds = false},
           [&since](Duration d) { since = d; });
}

void add_incidents(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::ShowIncidents>();
  CLI::App* const c = app.add_subcommand(
      "incidents", "what died, hung or changed, and how soon its work was in other hands");
  c->group(kGroup);
  add_since(c, settings->since);
  c->add_option("--stage", settings->stage, "only of this stage")->type_name("STAGE");
  c->add_option("--kind", settings->kind, "only of this kind: program-died, worker-died, …")
      ->type_name("KIND");
  c->add_flag("-f,--follow", settings->follow, "go on with what happens from now on");
  add_data(c, settings->data);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::show_incidents);
}

void add_logs(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::ShowLogs>();
  CLI::App* const c =
      app.add_subcommand("logs", "what programs write to standard error, merged by time");
  c->group(kGroup);
  c->add_option("STAGE|WORKER|ID", settings->of, "of a stage, a worker, or about a message");
  add_since(c, settings->since);
  c->add_flag("-f,--follow", settings->follow, "go on with what is written from now on");
  add_data(c, settings->data);
  add_json(c, settings->json);
  c->footer(
      "Examples:\n"
      "  selvage logs shrink -f\n"
      "  selvage logs shrink-2 --since 10m");
  choose(c, chosen, settings, app::show_logs);
}

}  // namespace

void add_watch_commands(CLI::App& app, Chosen& chosen) {
  for (const auto add : {add_incidents, add_logs}) add(app, chosen);
}

}  // namespace selvage::cli
