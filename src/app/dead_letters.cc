// SPDX-License-Identifier: Apache-2.0
#include "app/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/show.h"
#include "base/clock.h"
#include "client/queues.h"
#include "incident/signature.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

using client::NamedTexts;
using client::PeekedMessage;
using client::PeekedPage;
using client::QueueStatistics;

constexpr int kPage = 100;

Result<PeekedPage> peek_page(Link& link, const client::Peek& request) {
  return link.ask<PeekedPage>(
      [&](client::Client& c, auto done) { client::peek(c, request, std::move(done)); });
}

Result<std::vector<QueueStatistics>> statistics(Link& link) {
  return link.ask<std::vector<QueueStatistics>>(
      [](client::Client& c, auto done) { c.statistics(std::move(done)); });
}

// Also when whoever sent its dead letters there is gone: then they say themselves that they died.
Result<bool> takes_dead_letters(Link& link, const std::string& queue) {
  const auto sources = link.ask<std::vector<std::string>>([&](client::Client& c, auto done) {
    client::get_dead_letter_sources(c, queue, std::move(done));
  });
  if (!sources) return std::unexpected(sources.error());
  if (!sources->empty()) return true;
  const auto page = peek_page(link, {.queue = queue, .max = 1});
  if (!page) return std::unexpected(page.error());
  return !page->messages.empty() && !page->messages.front().dead_letter_source.empty();
}

// Of a RedrivePolicy; empty: none.
std::string target_of(const NamedTexts& attributes) {
  std::string target;
  for (const auto& [name, value] : attributes) {
    if (name != "RedrivePolicy") continue;
    const auto read = wire::read_json(value, [&](wire::JsonValue& root) {
      return root.object([&](std::string_view key, wire::JsonValue& v) {
        if (key == "deadLetterTargetArn") target = queue_name(v.string().value_or(""));
        return true;
      });
    });
    if (!read) target.clear();
  }
  return target;
}

// Those without a message need no look.
Result<std::vector<std::string>> all_with_dead_letters(Link& link,
                                                       const std::vector<QueueStatistics>& queues) {
  std::vector<std::string> found;
  for (const QueueStatistics& queue : queues) {
    if (queue.visible + queue.in_flight + queue.delayed == 0) continue;
    const auto takes = takes_dead_letters(link, queue.name);
    if (!takes) return std::unexpected(takes.error());
    if (*takes) found.push_back(queue.name);
  }
  std::ranges::sort(found);
  return found;
}

Result<Scope> scope_of_queue(Link& link, const std::string& name) {
  const auto takes = takes_dead_letters(link, name);
  if (!takes) return std::unexpected(takes.error());
  if (*takes) return Scope{.queues = {name}};
  const auto attributes = link.ask<NamedTexts>(
      [&](client::Client& c, auto done) { client::get_attributes(c, name, std::move(done)); });
  if (!attributes) return std::unexpected(attributes.error());
  const std::string target = target_of(*attributes);
  if (!target.empty()) return Scope{.queues = {target}, .source = name};
  return failure(
      ErrorCode::kGiveUp,
      fmt::format("{0} has no dead letters: no queue sends its own there, and it has no "
                  "dead-letter queue itself (selvage queue set {0} --dead-letters QUEUE)",
                  name));
}

bool is_in(const Scope& scope, const DeadLetter& letter) {
  if (!scope.source.empty() && letter.message.dead_letter_source != scope.source) return false;
  return scope.stage.empty() || letter.where() == scope.stage;
}

// Its queue is gone meanwhile, or has never been made; then nothing is in it.
bool is_gone(const Error& error) {
  return client::refusal_of(error) == "QueueDoesNotExist";
}

// Page after page.
Result<void> look_through(Link& link, client::Peek request,
                          FunctionRef<bool(DeadLetter&& letter)> each) {
  request.max = kPage;
  do {
    auto page = peek_page(link, request);
    if (!page && is_gone(page.error())) return {};
    if (!page) return std::unexpected(page.error());
    for (PeekedMessage& message : page->messages)
      if (!each(to_dead_letter(request.queue, std::move(message)))) return {};
    request.next = page->next;
  } while (!request.next.empty());
  return {};
}

}  // namespace

DeadLetter to_dead_letter(std::string queue, PeekedMessage message) {
  DeadLetter letter{
      .queue = std::move(queue), .message = std::move(message), .attempts = {}, .signature = {}};
  letter.attempts = read_evidence(letter.message.evidence);
  const Attempt last = letter.attempts.empty() ? Attempt{} : letter.attempts.back();
  letter.died = last.ended != Instant{} ? last.ended : letter.message.vests;
  const std::string& source = letter.message.dead_letter_source;
  letter.signature = last.signature;
  if (letter.signature.empty())
    letter.signature =
        source.empty() ? "sent here, did not die" : "received too often, nobody said why";
  // What the broker found out itself names no stage.
  if (last.stage.empty() && !source.empty())
    letter.signature = fmt::format("{}: {}", queue_name(source), letter.signature);
  return letter;
}

Result<Scope> find_scope(Link& link, const std::string& name) {
  const auto queues = statistics(link);
  if (!queues) return std::unexpected(queues.error());
  if (std::ranges::find(*queues, queue_name(name), &QueueStatistics::name) != queues->end())
    return scope_of_queue(link, std::string(queue_name(name)));
  auto all = all_with_dead_letters(link, *queues);
  if (!all) return std::unexpected(all.error());
  return Scope{.queues = *std::move(all), .stage = name};
}

bool matches(const DeadFilter& filter, const DeadLetter& letter, Instant now) {
  const PeekedMessage& message = letter.message;
  if (!filter.ids.empty() && std::ranges::find(filter.ids, message.id) == filter.ids.end())
    return false;
  if (!filter.group.empty() && filter.group != letter.signature &&
      filter.group != incident::short_name_of(letter.signature))
    return false;
  if (!filter.stage.empty() && letter.where() != filter.stage &&
      message.dead_letter_source != filter.stage)
    return false;
  if (filter.older && now - letter.died < *filter.older) return false;
  return message.body.contains(filter.contains);
}

Result<void> for_each(Link& link, const Scope& scope, const DeadFilter& filter,
                      FunctionRef<bool(DeadLetter&& letter)> each) {
  const Instant now = SystemClock().now();
  // A few are asked for by their ids; else every page is looked through.
  std::vector<std::string> ids = filter.ids;
  if (ids.empty() || ids.size() > kPage) ids = {""};
  bool goes_on = true;
  const auto consider = [&](DeadLetter&& letter) {
    if (is_in(scope, letter) && matches(filter, letter, now)) goes_on = each(std::move(letter));
    return goes_on;
  };
  for (const std::string& queue : scope.queues)
    for (const std::string& id : ids)
      if (goes_on) SELVAGE_TRY(look_through(link, {.queue = queue, .id = id}, consider));
  return {};
}

}  // namespace selvage::app
