// SPDX-License-Identifier: Apache-2.0
// `selvage queue …`.
#include <memory>
#include <string>

#include "app/queues.h"
#include "cli/commands.h"

namespace selvage::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kNameHelp = "the queue's name";

// The settings of a queue; ranges are Amazon's.
void add_queue_options(CLI::App* c, app::QueueOptions& options) {
  constexpr const char* kTags = "a label of your own; as often as you like";
  add_time(c,
           {.name = "--visibility",
            .help = "how long a receiver has a message before it comes back (0s to 12h; 30s)",
            .most = hours(12)},
           [&options](Duration d) { options.visibility = d; });
  add_time(c,
           {.name = "--delay",
            .help = "how long new messages wait before they are visible (0s to 15m; 0s)",
            .most = minutes(15)},
           [&options](Duration d) { options.delay = d; });
  add_time(c,
           {.name = "--retention",
            .help = "after how long a message is dropped (1m to 14d; 4d)",
            .least = minutes(1),
            .most = days(14)},
           [&options](Duration d) { options.retention = d; });
  add_time(c,
           {.name = "--wait",
            .help = "how long a receive waits that does not say (0s to 20s; 0s)",
            .most = seconds(20)},
           [&options](Duration d) { options.wait = d; });
  add_size(c,
           {.name = "--max-size",
            .help = "of a message with its attributes (1KiB to 1MiB; 1MiB)",
            .least = 1 << 10,
            .most = 1 << 20},
           [&options](int64_t bytes) { options.max_size = bytes; });
  CLI::Option* const dead =
      c->add_option("--dead-letters", options.dead_letters,
                    "the queue for messages that were received too often; it must exist")
          ->type_name("QUEUE");
  c->add_option("--max-receives", options.max_receives, "how often is too often (1 to 1000; 10)")
      ->check(within(1, 1000))
      ->type_name("N")
      ->needs(dead);
  c->add_flag("--content-dedup", options.content_deduplication,
              "FIFO: equal bodies within five minutes are one message");
  add_pairs(c, "--tag", kTags, [&options](Pairs pairs) { options.tags = std::move(pairs); });
}

void add_list(CLI::App& queue, Chosen& chosen) {
  const auto settings = std::make_shared<app::ListQueues>();
  CLI::App* const c = queue.add_subcommand("list", "the queues, and how many messages are in them");
  c->add_option("PREFIX", settings->prefix, "only queues whose names begin with this");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::list_queues);
}

void add_create(CLI::App& queue, Chosen& chosen) {
  const auto settings = std::make_shared<app::ChangeQueue>();
  CLI::App* const c = queue.add_subcommand(
      "create", "make a queue; does nothing when it is there with these settings");
  c->add_option("NAME", settings->name,
                "letters, digits, - and _, at most 80; a name in .fifo makes a FIFO queue")
      ->required();
  c->add_flag("--fifo", settings->fifo, "strict order and no duplicates; the name ends in .fifo");
  add_queue_options(c, settings->options);
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Examples:\n"
      "  selvage queue create orders-dead\n"
      "  selvage queue create orders --dead-letters orders-dead --max-receives 5\n"
      "  selvage queue create payments.fifo --content-dedup --visibility 2m");
  choose(c, chosen, settings, app::create_queue);
}

void add_show(CLI::App& queue, Chosen& chosen) {
  const auto settings = std::make_shared<app::ShowQueue>();
  CLI::App* const c =
      queue.add_subcommand("show",
                           "everything about one queue: counts, settings, tags, whose dead "
                           "letters it takes");
  c->add_option("NAME", settings->name, kNameHelp)->required();
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::show_queue);
}

void add_set(CLI::App& queue, Chosen& chosen) {
  const auto settings = std::make_shared<app::ChangeQueue>();
  CLI::App* const c =
      queue.add_subcommand("set", "change a queue; what is not said stays as it is");
  c->add_option("NAME", settings->name, kNameHelp)->required();
  add_queue_options(c, settings->options);
  c->add_flag("--no-dead-letters", settings->options.no_dead_letters,
              "from now on messages are tried until they expire")
      ->excludes(c->get_option("--dead-letters"));
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer("Example: selvage queue set orders --visibility 5m --tag team=shop");
  choose(c, chosen, settings, app::set_queue);
}

void add_removal(CLI::App* c, Chosen& chosen, ExitCode (*verb)(const app::RemoveQueues&),
                 bool several) {
  const auto settings = std::make_shared<app::RemoveQueues>();
  CLI::Option* const names = c->add_option("NAME", settings->names, kNameHelp)->required();
  if (!several) names->expected(1);
  c->add_flag("--yes", settings->yes, "do not ask");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, verb);
}

}  // namespace

void add_queue_commands(CLI::App& app, Chosen& chosen) {
  CLI::App* const queue =
      app.add_subcommand("queue", "list, create, show, set, delete, purge queues");
  queue->require_subcommand(1);
  add_list(*queue, chosen);
  add_create(*queue, chosen);
  add_show(*queue, chosen);
  add_set(*queue, chosen);
  add_removal(queue->add_subcommand("delete", "remove queues with every message in them"), chosen,
              app::delete_queues, true);
  add_removal(queue->add_subcommand("purge", "delete every message of a queue, keep the queue"),
              chosen, app::purge_queues, false);
  queue->group("Queues and messages");  // last: what is added inherits it
}

}  // namespace selvage::cli
