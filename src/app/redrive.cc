// SPDX-License-Identifier: Apache-2.0
#include "app/redrive.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "app/show.h"
#include "client/queues.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

using client::Move;
using client::NamedTexts;

constexpr Duration kPollPause = std::chrono::milliseconds(200);

Result<std::string> arn_of(Link& link, const std::string& queue) {
  const auto attributes = link.ask<NamedTexts>(
      [&](client::Client& c, auto done) { client::get_attributes(c, queue, std::move(done)); });
  if (!attributes) return std::unexpected(attributes.error());
  const auto at = std::ranges::find(*attributes, "QueueArn", &NamedTexts::value_type::first);
  return at == attributes->end() ? queue : at->second;
}

Result<std::vector<Move>> moves_of(Link& link, const std::string& arn) {
  return link.ask<std::vector<Move>>(
      [&](client::Client& c, auto done) { client::list_moves(c, arn, std::move(done)); });
}

bool is_under_way(const Move& move) {
  return move.status == "RUNNING" || move.status == "CANCELLING";
}

std::string where_to(const Move& move) {
  return move.destination.empty() ? "where they died" : std::string(queue_name(move.destination));
}

std::string to_json(const Move& move) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("status", move.status).field("moved", move.moved);
  if (move.to_move) out.field("to_move", *move.to_move);
  if (!move.destination.empty()) out.field("to", queue_name(move.destination));
  if (!move.failure.empty()) out.field("failure", move.failure);
  if (!move.handle.empty()) out.field("task", move.handle);
  out.field("started_ms", to_millis(move.started)).end_object();
  return json;
}

void print_table(const std::vector<Move>& moves) {
  Table table({"started", "status", "moved", "of", "to", "why it failed"}, {2, 3});
  for (const Move& move : moves)
    table.add({show_time(move.started), move.status, std::to_string(move.moved),
               move.to_move ? std::to_string(*move.to_move) : "-", where_to(move), move.failure});
  fmt::print("{}", table.text());
}

// The newest move of a source is the one that was just started: there is one at a time.
ExitCode await_end(Link& link, const std::string& arn, const RedriveSettings& settings) {
  for (;;) {
    const auto moves = moves_of(link, arn);
    if (!moves) return link.complain(moves.error(), {settings.queue});
    if (moves->empty())
      return complain({ErrorCode::kGiveUp, "the broker has forgotten the task: it was restarted?"});
    const Move& move = moves->front();
    if (is_under_way(move)) {
      std::this_thread::sleep_for(kPollPause);
      continue;
    }
    if (settings.json)
      fmt::print("{}\n", to_json(move));
    else
      fmt::print("{}: moved {} to {}\n", move.status, count_of(move.moved, "message"),
                 where_to(move));
    if (move.status == "COMPLETED") return ExitCode::kOk;
    return complain(
        {ErrorCode::kGiveUp, fmt::format("the rest stays in {}{}", settings.queue,
                                         move.failure.empty() ? "" : ": " + move.failure)});
  }
}

void tell_started(const std::string& task, const RedriveSettings& settings) {
  if (!settings.json)
    return fmt::print("moving the messages of {0} {1}; to follow: selvage redrive --list {0}\n",
                      settings.queue,
                      settings.to.empty() ? "back to where they died" : "to " + settings.to);
  std::string line;
  wire::JsonWriter(line).begin_object().field("task", task).end_object();
  fmt::print("{}\n", line);
}

// The broker refuses to empty a queue that is nobody's dead-letter queue.
ExitCode complain_of_start(Link& link, const Error& error, const RedriveSettings& settings) {
  if (client::refusal_of(error).empty()) return link.complain(error);
  const auto sources = link.ask<std::vector<std::string>>([&](client::Client& c, auto done) {
    client::get_dead_letter_sources(c, settings.queue, std::move(done));
  });
  if (!sources || !sources->empty()) return link.complain(error, {settings.queue});
  return complain({ErrorCode::kGiveUp,
                   fmt::format("{0} is no dead-letter queue: no queue sends its dead letters there "
                               "(selvage queue set QUEUE --dead-letters {0})",
                               settings.queue)});
}

// A link, and the ARN of the queue that is asked about.
struct Source {
  std::unique_ptr<Link> link;
  std::string arn;
};

std::expected<Source, ExitCode> open(const RedriveSettings& settings) {
  auto link = Link::open(settings.at);
  if (!link) return std::unexpected(complain(link.error()));
  auto arn = arn_of(**link, settings.queue);
  if (!arn) return std::unexpected((*link)->complain(arn.error(), {settings.queue}));
  return Source{*std::move(link), *std::move(arn)};
}

}  // namespace

ExitCode start_redrive(const RedriveSettings& settings) {
  const auto source = open(settings);
  if (!source) return source.error();
  Link& link = *source->link;
  client::NewMove move{.source = source->arn, .rate = settings.rate};
  if (!settings.to.empty()) {
    auto destination = arn_of(link, settings.to);
    if (!destination) return link.complain(destination.error(), {settings.to});
    move.destination = *std::move(destination);
  }
  const auto task = link.ask<std::string>(
      [&](client::Client& c, auto done) { client::start_move(c, move, std::move(done)); });
  if (!task) return complain_of_start(link, task.error(), settings);
  if (settings.wait) return await_end(link, source->arn, settings);
  tell_started(*task, settings);
  return ExitCode::kOk;
}

ExitCode list_redrives(const RedriveSettings& settings) {
  const auto source = open(settings);
  if (!source) return source.error();
  const auto moves = moves_of(*source->link, source->arn);
  if (!moves) return source->link->complain(moves.error(), {settings.queue});
  if (settings.json)
    for (const Move& move : *moves) fmt::print("{}\n", to_json(move));
  else if (moves->empty())
    fmt::print(stderr, "nothing was moved out of {0} yet; to start: selvage redrive {0}\n",
               settings.queue);
  else
    print_table(*moves);
  return ExitCode::kOk;
}

ExitCode cancel_redrive(const RedriveSettings& settings) {
  const auto source = open(settings);
  if (!source) return source.error();
  const auto moves = moves_of(*source->link, source->arn);
  if (!moves) return source->link->complain(moves.error(), {settings.queue});
  const auto running =
      std::ranges::find_if(*moves, [](const Move& m) { return !m.handle.empty(); });
  if (running == moves->end())
    return complain({ErrorCode::kGiveUp,
                     fmt::format("nothing is being moved out of {0}; to see what was: selvage "
                                 "redrive --list {0}",
                                 settings.queue)});
  const auto moved = source->link->ask<int64_t>([&](client::Client& c, auto done) {
    client::cancel_move(c, running->handle, std::move(done));
  });
  if (!moved) return source->link->complain(moved.error(), {settings.queue});
  if (settings.json)
    fmt::print("{{\"moved\":{}}}\n", *moved);
  else
    fmt::print("stopped; {} had been moved, the rest stays in {}\n", count_of(*moved, "message"),
               settings.queue);
  return ExitCode::kOk;
}

}  // namespace selvage::app
