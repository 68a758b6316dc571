// SPDX-License-Identifier: Apache-2.0
// `selvage dead …`.
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "app/dead.h"
#include "cli/commands.h"

namespace selvage::cli {
namespace {

constexpr int64_t kHighestRate = 100'000;
constexpr Duration kLongestAge = std::chrono::days(366);

[[noreturn]] void refuse(const std::string& option, const std::string& sentence) {
  throw CLI::ValidationError(option, sentence);
}

void add_place(CLI::App* c, std::string& name) {
  c->add_option("--in", name,
                "look only there: a dead-letter queue, a queue whose dead letters "
                "are meant, or a stage")
      ->type_name("QUEUE|STAGE");
}

// --broker without --data: the data directory that is here by chance is another broker's.
bool knows_directory(const CLI::App* c) {
  return c->count("--broker") + c->count("--listen") == 0 || c->count("--data") > 0;
}

void add_ls(CLI::App& dead, Chosen& chosen) {
  const auto settings = std::make_shared<app::ListDead>();
  CLI::App* const c = dead.add_subcommand("ls", "dead letters in groups: what failed in one way");
  c->add_option("QUEUE|STAGE", settings->name, "only those of this queue or stage");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "A group has one signature: the stage, how the attempt ended, and the last line of standard\n"
      "error without its numbers.\n"
      "Example: selvage dead ls shrink");
  choose(c, chosen, settings, app::list_dead);
}

void add_group(CLI::App* c, app::DeadFilter& filter) {
  c->add_option("--group", filter.group, "those of a group, as 'dead ls' names it")
      ->type_name("GROUP");
}

void add_show(CLI::App& dead, Chosen& chosen) {
  const auto settings = std::make_shared<app::ShowDead>();
  CLI::App* const c =
      dead.add_subcommand("show", "everything about dead letters: body and every attempt");
  c->add_option("ID", settings->filter.ids, "the messages' ids");
  add_group(c, settings->filter);
  c->add_option("--max", settings->max, "of a group, at most so many (10)")
      ->check(within(1, 1'000'000))
      ->type_name("N");
  add_place(c, settings->name);
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->callback([settings, &chosen] {
    const auto& filter = settings->filter;
    if (filter.ids.empty() == filter.group.empty())
      refuse("ID", "which ones? give ids, or --group GROUP; 'selvage dead ls' shows both");
    chosen = [settings] { return app::show_dead(*settings); };
  });
}

void add_edit(CLI::App& dead, Chosen& chosen) {
  const auto settings = std::make_shared<app::EditDead>();
  CLI::App* const c = dead.add_subcommand(
      "edit", "give a dead letter another body; it keeps its id, attributes and evidence");
  c->add_option("ID", settings->id, "the message's id")->required();
  c->add_option("--body", settings->body, "a file with the new body; - reads standard input")
      ->required()
      ->type_name("FILE");
  add_place(c, settings->name);
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Example:\n"
      "  selvage peek orders-dead --id ID --json | jq -j .body | sed s/foo/bar/ |\n"
      "    selvage dead edit ID --body -\n"
      "  selvage dead redrive ID");
  c->callback([settings, c, &chosen] {
    settings->knows_directory = knows_directory(c);
    chosen = [settings] { return app::edit_dead(*settings); };
  });
}

// "10/s", "10".
int64_t read_rate(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with("/s")) number.remove_suffix(2);
  int64_t rate = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rate);
  if (error != std::errc() || end != number.data() + number.size() || rate < 1 ||
      rate > kHighestRate)
    refuse("--rate", fmt::format("must be messages a second, such as 10/s (at most {}/s); not '{}'",
                                 kHighestRate, text));
  return rate;
}

void check_choice(const app::DeadFilter& filter, bool all) {
  const bool is_some = !filter.ids.empty() || !filter.group.empty() || !filter.stage.empty() ||
                       filter.older.has_value() || !filter.contains.empty();
  if (!is_some && !all)
    refuse("ID", "which ones? give ids, --group, --stage, --older, --contains, or --all");
  if (is_some && all) refuse("--all", "means every dead letter: leave it out, or the others");
}

// What redrive and discard have in common.
CLI::App* add_change(CLI::App* c, const std::shared_ptr<app::ChangeDead>& settings, Chosen& chosen,
                     ExitCode (*verb)(const app::ChangeDead&)) {
  const auto all = std::make_shared<bool>(false);
  app::DeadFilter& filter = settings->filter;
  c->add_option("ID", filter.ids, "the messages' ids");
  add_group(c, filter);
  c->add_option("--stage", filter.stage, "those that failed in this stage, or died in this queue")
      ->type_name("STAGE");
  add_time(c,
           {.name = "--older",
            .help = "those that died so long ago, or longer: 90s, 1h, 2d",
            .most = kLongestAge,
            .whole_seconds = false},
           [&filter](Duration d) { filter.older = d; });
  c->add_option("--contains", filter.contains, "those whose body contains this")->type_name("PART");
  c->add_flag("--all", *all, "every one");
  add_place(c, settings->name);
  c->add_option_function<std::string>(
       "--rate", [settings](const std::string& text) { settings->rate = read_rate(text); },
       "at most so many a second: 10/s")
      ->type_name("N/s");
  c->add_flag("--dry-run", settings->dry_run, "only say how many it would be");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->callback([settings, all, c, verb, &chosen] {
    check_choice(settings->filter, *all);
    settings->knows_directory = knows_directory(c);
    chosen = [settings, verb] { return verb(*settings); };
  });
  return c;
}

void add_redrive(CLI::App& dead, Chosen& chosen) {
  const auto settings = std::make_shared<app::ChangeDead>();
  CLI::App* const c = add_change(
      dead.add_subcommand("redrive", "try dead letters again: each in the queue where it died"),
      settings, chosen, app::redrive_dead);
  c->add_option("--to", settings->to, "move them there instead")->type_name("QUEUE");
  c->footer(
      "Examples:\n"
      "  selvage dead redrive --group 3fa9c1d2 --dry-run\n"
      "  selvage dead redrive --stage shrink --older 1h --rate 10/s\n"
      "  selvage dead redrive --all");
}

void add_discard(CLI::App& dead, Chosen& chosen) {
  const auto settings = std::make_shared<app::ChangeDead>();
  CLI::App* const c = add_change(dead.add_subcommand("discard", "throw dead letters away for ever"),
                                 settings, chosen, app::discard_dead);
  c->add_flag("--yes", settings->yes, "do not ask");
  c->footer(
      "Unless they are named by their ids, it asks first.\n"
      "Example: selvage dead discard --contains '\"test\":true' --dry-run");
}

}  // namespace

void add_dead_commands(CLI::App& app, Chosen& chosen) {
  CLI::App* const dead = app.add_subcommand(
      "dead", "dead letters: look at them, mend one, try them again, throw them away");
  dead->require_subcommand(1);
  for (const auto add : {add_ls, add_show, add_edit, add_redrive, add_discard}) add(*dead, chosen);
  dead->group("Queues and messages");
}

}  // namespace selvage::cli
