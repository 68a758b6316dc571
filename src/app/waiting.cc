// SPDX-License-Identifier: Apache-2.0
#include "app/waiting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>

#include "app/show.h"
#include "app/show_message.h"
#include "client/messages.h"
#include "workflow/print.h"

namespace selvage::app {
namespace {

using client::Outcomes;
using client::PeekedMessage;
using client::PeekedPage;

constexpr int kPage = 100;
constexpr size_t kBatch = 100;

// ---- peek

std::string to_json(const PeekedMessage& m) {
  std::string json;
  wire::JsonWriter out(json);
  write_members(out.begin_object(), m);
  out.end_object();
  return json;
}

std::string to_text(const PeekedMessage& m) {
  Fields fields = {{"state", std::string(state_in_words(m.state))}, {"sent", show_time(m.sent)}};
  const auto add = [&](const char* label, const std::string& text) {
    if (!text.empty()) fields.emplace_back(label, text);
  };
  if (m.state != "Visible") add("visible from", show_time(m.vests));
  add("taken", count_of(m.taken, "time"));
  add("failed", count_of(m.failed, "time"));
  add("group", m.group);
  add("deduplication id", m.deduplication_id);
  add("sequence", m.sequence);
  add("died in", std::string(queue_name(m.dead_letter_source)));
  add_attributes(m.attributes, fields);
  add("evidence", m.evidence);
  add("body", m.body);
  return show_fields("message " + m.id, fields);
}

void print_table(const std::vector<PeekedMessage>& messages) {
  constexpr size_t kBodyWidth = 50;
  Table table({"id", "state", "visible from", "taken", "failed", "body"}, {3, 4});
  for (const PeekedMessage& m : messages)
    table.add({m.id, std::string(state_in_words(m.state)),
               m.state == "Visible" ? "now" : show_time(m.vests), std::to_string(m.taken),
               std::to_string(m.failed), excerpt(m.body, kBodyWidth)});
  fmt::print("{}", table.text());
}

// Page after page until there are enough, or no more.
Result<PeekedPage> collect(Link& link, const PeekSettings& settings) {
  PeekedPage all;
  do {
    const int missing = settings.max - static_cast<int>(all.messages.size());
    auto page = link.ask<PeekedPage>([&](client::Client& c, auto done) {
      client::peek(c,
                   {.queue = settings.queue,
                    .state = settings.state,
                    .id = settings.id,
                    .max = std::min(missing, kPage),
                    .next = all.next},
                   std::move(done));
    });
    if (!page) return std::unexpected(std::move(page).error());
    all.messages.insert(all.messages.end(), page->messages.begin(), page->messages.end());
    all.next = page->next;
  } while (!all.next.empty() && static_cast<int>(all.messages.size()) < settings.max);
  return all;
}

std::string nothing_found(const PeekSettings& settings) {
  if (!settings.id.empty())
    return fmt::format("{} has no message {}: it was acknowledged, has expired, or was never there",
                       settings.queue, settings.id);
  if (settings.state.empty()) return fmt::format("{} is empty", settings.queue);
  return fmt::format("{} has no {} messages", settings.queue, state_in_words(settings.state));
}

ExitCode show_page(const PeekedPage& page, const PeekSettings& settings) {
  if (page.messages.empty() && !settings.id.empty())
    return complain({ErrorCode::kGiveUp, nothing_found(settings)});
  if (settings.json) {
    for (const PeekedMessage& message : page.messages) fmt::print("{}\n", to_json(message));
    return ExitCode::kOk;
  }
  if (page.messages.empty())
    fmt::print(stderr, "{}\n", nothing_found(settings));
  else if (!settings.id.empty())
    fmt::print("{}", to_text(page.messages.front()));
  else
    print_table(page.messages);
  std::fflush(stdout);
  if (!page.next.empty())
    fmt::print(stderr, "there are more; to see them: --max {}\n", settings.max * 10);
  return ExitCode::kOk;
}

// ---- cancel and reschedule

// What is done to messages by their ids, a hundred at a time.
struct Operation {
  Link& link;
  const std::string& queue;
  const std::vector<std::string>& ids;
  std::vector<std::string> named_queues;  // for a refusal
  bool json;
  std::string done;  // "taken back"
};
using Start = std::function<void(client::Client&, const std::vector<std::string>& ids,
                                 client::Client::Callback<Outcomes> done)>;

ExitCode tell(const Operation& operation, const std::string& id, const std::string& outcome) {
  print_outcome(operation.json, {"id", id}, outcome);
  if (outcome == "Done") {
    if (!operation.json) fmt::print("{} {}\n", id, operation.done);
    return ExitCode::kOk;
  }
  if (operation.json) return ExitCode::kFailed;
  return complain({ErrorCode::kGiveUp, fmt::format("{} was not {}: {}", id, operation.done,
                                                   outcome_in_words(outcome, operation.queue))});
}

ExitCode run(const Operation& operation, const Start& start) {
  ExitCode code = ExitCode::kOk;
  const auto& ids = operation.ids;
  for (size_t from = 0; from < ids.size(); from += kBatch) {
    const size_t to = std::min(ids.size(), from + kBatch);
    const std::vector<std::string> batch(ids.begin() + static_cast<ptrdiff_t>(from),
                                         ids.begin() + static_cast<ptrdiff_t>(to));
    const auto outcomes = operation.link.ask<Outcomes>(
        [&](client::Client& c, auto done) { start(c, batch, std::move(done)); });
    if (!outcomes) return operation.link.complain(outcomes.error(), operation.named_queues);
    for (size_t i = 0; i < batch.size() && i < outcomes->size(); ++i)
      if (tell(operation, batch[i], (*outcomes)[i]) != ExitCode::kOk) code = ExitCode::kFailed;
  }
  return code;
}

std::string what_was_done(const RescheduleSettings& settings) {
  std::string words;
  if (!settings.to.empty()) words = "moved to " + settings.to;
  if (!settings.delay) return words;
  words += words.empty() ? "rescheduled: " : ", ";
  return words + (*settings.delay == Duration::zero()
                      ? "visible now"
                      : fmt::format("visible in {}", workflow::print_duration(*settings.delay)));
}

}  // namespace

ExitCode peek(const PeekSettings& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto page = collect(**link, settings);
  if (!page) return (*link)->complain(page.error(), {settings.queue});
  return show_page(*page, settings);
}

ExitCode cancel(const CancelSettings& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  return run({.link = **link,
              .queue = settings.queue,
              .ids = settings.ids,
              .named_queues = {settings.queue},
              .json = settings.json,
              .done = "taken back"},
             [&](client::Client& c, const auto& ids, auto done) {
               client::cancel_messages(c, settings.queue, ids, std::move(done));
             });
}

ExitCode reschedule(const RescheduleSettings& settings) {
  if (!settings.delay && settings.to.empty())
    return complain(
        {ErrorCode::kSettings, "say when or where to: --delay 5m, --to QUEUE, or both"});
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  std::vector<std::string> named = {settings.queue};
  if (!settings.to.empty()) named.push_back(settings.to);
  return run(
      {.link = **link,
       .queue = settings.queue,
       .ids = settings.ids,
       .named_queues = std::move(named),
       .json = settings.json,
       .done = what_was_done(settings)},
      [&](client::Client& c, const auto& ids, auto done) {
        client::reschedule(
            c,
            {.queue = settings.queue, .ids = ids, .delay = settings.delay, .target = settings.to},
            std::move(done));
      });
}

}  // namespace selvage::app
