// SPDX-License-Identifier: Apache-2.0
// What is about a data directory as a whole.
#include <memory>
#include <string>

#include "app/backup.h"
#include "app/doctor.h"
#include "cli/commands.h"

namespace selvage::cli {
namespace {

void add_backup(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::BackupSettings>();
  CLI::App* const c = app.add_subcommand(
      "backup", "copy everything of a running broker; 'serve' can start from the copy");
  c->add_option("DIR", settings->directory,
                "where to, on the broker's machine: a new directory outside its data directory")
      ->required();
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Example:\n"
      "  selvage backup /srv/backups/today\n"
      "  selvage serve --data /srv/backups/today --listen 127.0.0.1:9400");
  choose(c, chosen, settings, app::back_up);
}

void add_doctor(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::DoctorSettings>();
  settings->data = "selvage-data";
  CLI::App* const c = app.add_subcommand(
      "doctor", "say what is in a data directory and whether it is sound; changes nothing");
  c->add_option("--data", settings->data, "the data directory; no server may be using it")
      ->type_name("DIR")
      ->capture_default_str();
  c->add_flag("--json", settings->json, "for programs: one JSON object");
  choose(c, chosen, settings, app::examine);
}

}  // namespace

void add_data_commands(CLI::App& app, Chosen& chosen) {
  for (const auto add : {add_backup, add_doctor}) add(app, chosen);
  for (const char* name : {"backup", "doctor"}) app.get_subcommand(name)->group("Data directories");
}

}  // namespace selvage::cli
