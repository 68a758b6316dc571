// SPDX-License-Identifier: Apache-2.0
// What is done with messages by hand.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "app/receive.h"
#include "app/redrive.h"
#include "app/send.h"
#include "app/waiting.h"
#include "cli/commands.h"

namespace selvage::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kGroup = "Queues and messages";
constexpr const char* kQueueHelp = "the queue's name";
constexpr const char* kIdsHelp = "the messages' ids, as send and peek print them";
constexpr size_t kMostQueues = 10;
constexpr Duration kLongestDelay = days(366);

// Says what is wrong in the parser's way.
[[noreturn]] void refuse(const std::string& option, const std::string& sentence) {
  throw CLI::ValidationError(option, sentence);
}

void check_send(const app::SendSettings& settings, bool has_body) {
  if (!settings.lines && !has_body)
    refuse("BODY", "what is to be sent? give the message, - for standard input, or --lines");
  if (settings.lines && has_body && settings.message.body != "-")
    refuse("--lines", "the messages are the lines of standard input: leave the body out");
  if (settings.lines && !settings.message.deduplication_id.empty())
    refuse("--dedup-id", "all lines would be one message: leave out --lines or the id");
}

void add_send(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::SendSettings>();
  auto& message = settings->message;
  CLI::App* const c = app.add_subcommand("send", "send a message, or one per line; prints its id");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, kQueueHelp)->required();
  CLI::Option* const body =
      c->add_option("BODY", message.body, "the message; - reads it from standard input");
  c->add_flag("--lines", settings->lines,
              "send each line of standard input as a message, in batches of ten");
  add_time(c,
           {.name = "--delay",
            .help = "keep it back so long, up to a year: 90s, 2d, 30d12h",
            .most = kLongestDelay,
            .whole_seconds = false},
           [&message](Duration d) { message.delay = d; });
  c->add_option("--group", message.group,
                "its message group: on a FIFO queue what stays in order, else a tenant")
      ->type_name("ID");
  c->add_option("--dedup-id", message.deduplication_id,
                "FIFO: of several with one id within five minutes only the first counts")
      ->type_name("ID");
  add_pairs(c, "--attribute", "a text beside the body; as often as you like",
            [&message](Pairs pairs) {
              for (auto& [name, value] : pairs)
                message.attributes.push_back({.name = std::move(name), .value = std::move(value)});
            });
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Examples:\n"
      "  selvage send orders hello\n"
      "  selvage send orders - < order.json\n"
      "  selvage send reminders 'call Ada' --delay 30d\n"
      "  ls *.jpg | selvage send pictures --lines");
  c->callback([settings, body, &chosen] {
    check_send(*settings, body->count() > 0);
    chosen = [settings] { return app::send(*settings); };
  });
}

void add_receive(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::ReceiveSettings>();
  CLI::App* const c = app.add_subcommand(
      "receive", "take messages: they are leased and COME BACK unless --delete or ack");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queues,
                "one queue or several: an earlier one's messages are preferred")
      ->required();
  c->add_option("--max", settings->max, "at most so many messages (1 to 10; 1)")
      ->check(within(1, 10))
      ->type_name("N");
  add_time(c,
           {.name = "--wait",
            .help = "wait so long for a message to come (0s to 20s; 0s)",
            .most = seconds(20)},
           [s = settings.get()](Duration d) { s->wait = d; });
  add_time(c,
           {.name = "--visibility",
            .help = "how long they are ours (up to 12h; what the queue is set to)",
            .least = milliseconds(1),
            .most = hours(12),
            .whole_seconds = false},
           [s = settings.get()](Duration d) { s->visibility = d; });
  c->add_flag("--delete", settings->acknowledge, "acknowledge them, once they are printed");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Without --delete a message is only leased: nobody else sees it for the visibility time,\n"
      "then it is back in the queue. To acknowledge it before that: selvage ack QUEUE RECEIPT.\n"
      "To look without taking anything: selvage peek QUEUE.\n"
      "Examples:\n"
      "  selvage receive orders --wait 20s --delete\n"
      "  selvage receive urgent normal --max 10 --json");
  c->callback([settings, &chosen] {
    if (settings->queues.size() > kMostQueues)
      refuse("QUEUE", fmt::format("at most {} queues in one receive", kMostQueues));
    chosen = [settings] { return app::receive(*settings); };
  });
}

void add_ack(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::AckSettings>();
  CLI::App* const c = app.add_subcommand("ack", "acknowledge received messages: they are deleted");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, kQueueHelp)->required();
  c->add_option("RECEIPT", settings->receipts, "the receipts that receive printed")->required();
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::acknowledge);
}

// As people write a state, and as the broker knows it.
std::string read_state(const std::string& text) {
  if (text == "visible") return "Visible";
  if (text == "in-flight") return "InFlight";
  if (text == "delayed") return "Delayed";
  refuse("--state", fmt::format("must be visible, in-flight or delayed, not '{}'", text));
}

void add_peek(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::PeekSettings>();
  CLI::App* const c =
      app.add_subcommand("peek", "look at messages without taking them; nothing changes");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, kQueueHelp)->required();
  c->add_option_function<std::string>(
       "--state", [s = settings.get()](const std::string& text) { s->state = read_state(text); },
       "only those that are visible, in-flight (leased) or delayed")
      ->type_name("STATE");
  c->add_option("--id", settings->id, "everything about this one message")->type_name("ID");
  c->add_option("--max", settings->max, "at most so many messages (10)")
      ->check(within(1, 1'000'000))
      ->type_name("N");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::peek);
}

void add_cancel(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::CancelSettings>();
  CLI::App* const c =
      app.add_subcommand("cancel", "take messages back that wait: visible or delayed ones");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, kQueueHelp)->required();
  c->add_option("ID", settings->ids, kIdsHelp)->required();
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::cancel);
}

void add_reschedule(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<app::RescheduleSettings>();
  CLI::App* const c = app.add_subcommand(
      "reschedule", "give waiting messages another time, or another queue, or both");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, "the queue where they are")->required();
  c->add_option("ID", settings->ids, kIdsHelp)->required();
  add_time(c,
           {.name = "--delay",
            .help = "visible so long from now, up to a year; 0s: at once",
            .most = kLongestDelay,
            .whole_seconds = false},
           [s = settings.get()](Duration d) { s->delay = d; });
  c->add_option("--to", settings->to, "the queue to move them to")->type_name("QUEUE");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  choose(c, chosen, settings, app::reschedule);
}

struct RedriveWords : app::RedriveSettings {
  bool list = false;
  bool cancel = false;
};

ExitCode redrive(const RedriveWords& words) {
  if (words.list) return app::list_redrives(words);
  if (words.cancel) return app::cancel_redrive(words);
  return app::start_redrive(words);
}

void check_redrive(const RedriveWords& words) {
  const bool says_how = !words.to.empty() || words.rate || words.wait;
  if (words.list && (says_how || words.cancel))
    refuse("--list", "only looks: give it no other option of a move");
  if (words.cancel && says_how)
    refuse("--cancel", "only stops a move: give it no other option of one");
}

void add_redrive(CLI::App& app, Chosen& chosen) {
  const auto settings = std::make_shared<RedriveWords>();
  CLI::App* const c = app.add_subcommand(
      "redrive", "move the messages of a dead-letter queue back to their queues");
  c->group(kGroup);
  c->add_option("QUEUE", settings->queue, "the dead-letter queue")->required();
  c->add_option("--to", settings->to, "move them there, not where they died")->type_name("QUEUE");
  c->add_option("--rate", settings->rate, "messages a second (1 to 500; as fast as it goes)")
      ->check(within(1, 500))
      ->type_name("N");
  c->add_flag("--wait", settings->wait, "come back when all are moved");
  c->add_flag("--list", settings->list, "only show what is being and was moved out of it");
  c->add_flag("--cancel", settings->cancel, "stop the move; what was moved stays moved");
  add_broker(c, settings->at);
  add_json(c, settings->json);
  c->footer(
      "Examples:\n"
      "  selvage redrive orders-dead --wait\n"
      "  selvage redrive orders-dead --to repair --rate 10");
  c->callback([settings, &chosen] {
    check_redrive(*settings);
    chosen = [settings] { return redrive(*settings); };
  });
}

}  // namespace

void add_message_commands(CLI::App& app, Chosen& chosen) {
  for (const auto add :
       {add_send, add_receive, add_ack, add_peek, add_cancel, add_reschedule, add_redrive})
    add(app, chosen);
}

}  // namespace selvage::cli
