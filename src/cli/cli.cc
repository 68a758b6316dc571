// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/commands.h"
#include "workflow/suggest.h"

namespace selvage::cli {
namespace {

// `words`: of the command line behind the name of `app`. The parser would only say that a command
// is missing.
bool has_unknown_command(const CLI::App& app, const std::vector<std::string_view>& words) {
  const auto all = [](const CLI::App*) { return true; };
  const std::vector<const CLI::App*> commands = app.get_subcommands(all);
  if (commands.empty() || words.empty() || words.front().starts_with("-")) return false;
  const std::string_view word = words.front();
  std::vector<std::string> kept;
  for (const CLI::App* command : commands) kept.push_back(command->get_name());
  const std::vector<std::string_view> names(kept.begin(), kept.end());
  if (const auto at = std::ranges::find(names, word); at != names.end())
    return has_unknown_command(*commands[static_cast<size_t>(at - names.begin())],
                               {words.begin() + 1, words.end()});
  const std::string_view nearest = workflow::closest(word, names);
  fmt::print(stderr, "'{}' is not a command{}; the commands are: {}\n", word,
             nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest),
             fmt::join(names, ", "));
  return true;
}

// Standard output may be a full disk.
int carry_out(const Chosen& chosen) {
  try {
    return static_cast<int>(chosen());
  } catch (const std::system_error& error) {
    fmt::print(stderr, "selvage: {}\n", error.what());
    return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Selvage: queues at every seam of a workflow, and workers that come back.",
               "selvage");
  app.require_subcommand(1);
  app.set_version_flag("--version", SELVAGE_VERSION);
  app.get_formatter()->label("TEXT", "");
  app.get_formatter()->label("REQUIRED", "");
  Chosen chosen;
  for (const auto add : {add_workflow_commands, add_watch_commands, add_dead_commands,
                         add_queue_commands, add_message_commands, add_data_commands})
    add(app, chosen);
  // Last: what is added inherits it.
  app.footer("Each command explains itself: selvage send --help");
  if (has_unknown_command(app, {argv + std::min(argc, 1), argv + argc}))
    return static_cast<int>(ExitCode::kUsage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return carry_out(chosen);
}

}  // namespace selvage::cli
