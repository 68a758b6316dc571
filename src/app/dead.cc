// SPDX-License-Identifier: Apache-2.0
// Looking at dead letters and mending one; dead_change.cc moves them.
#include "app/dead.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "app/audit.h"
#include "app/show.h"
#include "app/show_message.h"
#include "incident/signature.h"
#include "workflow/print.h"

namespace selvage::app {
namespace {

// ---- ls

struct Group {
  std::string signature;
  int64_t count = 0;
  Instant first = kNever;
  Instant last{};
  std::string example;  // the id of the latest
  std::set<std::string> queues;
};

void add_to(Group& group, const DeadLetter& letter) {
  ++group.count;
  group.first = std::min(group.first, letter.died);
  if (letter.died >= group.last) group.example = letter.message.id;
  group.last = std::max(group.last, letter.died);
  group.queues.insert(letter.queue);
}

// The largest first.
std::vector<Group> sorted(std::map<std::string, Group> groups) {
  std::vector<Group> list;
  for (auto& [signature, group] : groups) {
    list.push_back(std::move(group));
    list.back().signature = signature;
  }
  std::ranges::stable_sort(list, std::greater(), &Group::count);
  return list;
}

std::string to_json(const Group& group) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object()
      .field("signature", group.signature)
      .field("signature_id", incident::short_name_of(group.signature))
      .field("count", group.count)
      .field("first_us", to_micros(group.first))
      .field("last_us", to_micros(group.last))
      .field("example", group.example)
      .key("queues")
      .begin_array();
  for (const std::string& queue : group.queues) out.string(queue);
  out.end_array().end_object();
  return json;
}

void print_table(const std::vector<Group>& groups) {
  Table table({"group", "count", "first", "last", "example", "signature"}, {1});
  for (const Group& group : groups)
    table.add({incident::short_name_of(group.signature), std::to_string(group.count),
               show_time(group.first), show_time(group.last), group.example, group.signature});
  fmt::print("{}", table.text());
}

std::string nowhere(const std::string& name) {
  if (name.empty()) return "no dead letters";
  return fmt::format("no dead letters of {}", name);
}

// ---- show

std::string took(const Attempt& attempt) {
  if (attempt.started == Instant{} || attempt.ended < attempt.started) return "";
  const Duration whole = attempt.ended - attempt.started;
  return fmt::format(", {:.3f} s", std::chrono::duration<double>(whole).count());
}

std::string to_text(const Attempt& attempt) {
  std::string text = attempt.cause.empty() ? "nothing is known" : attempt.cause;
  if (!attempt.worker.empty()) text += "\nworker " + attempt.worker;
  if (!attempt.host.empty()) text += " on " + attempt.host;
  if (attempt.ended != Instant{}) text += "\nended " + show_time(attempt.ended) + took(attempt);
  if (!attempt.errors.empty()) text += "\n" + printable(attempt.errors);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string to_text(const DeadLetter& letter) {
  const client::PeekedMessage& m = letter.message;
  Fields fields = {{"in", letter.queue}};
  const auto add = [&](const std::string& label, const std::string& text) {
    if (!text.empty()) fields.emplace_back(label, text);
  };
  add("died in", std::string(queue_name(m.dead_letter_source)));
  add("died", show_time(letter.died));
  add("sent", show_time(m.sent));
  if (m.state != "Visible") add("state", std::string(state_in_words(m.state)));
  add("taken", count_of(m.taken, "time"));
  add("group", incident::short_name_of(letter.signature));
  add("signature", letter.signature);
  add("message group", m.group);
  add("deduplication id", m.deduplication_id);
  add_attributes(m.attributes, fields);
  size_t number = 0;
  for (const Attempt& attempt : letter.attempts)
    add(fmt::format("attempt {}", ++number), to_text(attempt));
  add("body", m.body);
  return show_fields("dead letter " + m.id, fields);
}

std::string to_json(const DeadLetter& letter) {
  std::string json;
  wire::JsonWriter out(json);
  write_members(out.begin_object(), letter.message);
  out.field("queue", letter.queue)
      .field("signature", letter.signature)
      .field("signature_id", incident::short_name_of(letter.signature))
      .field("died_us", to_micros(letter.died))
      .end_object();
  return json;
}

ExitCode complain_of_missing(const std::vector<std::string>& ids) {
  for (const std::string& id : ids)
    complain({ErrorCode::kGiveUp,
              fmt::format("no dead letter {}: it was redriven or discarded, has expired, or never "
                          "died; to see those that there are: selvage dead ls",
                          id)});
  return ids.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

// ---- edit

Result<std::string> read_body(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  std::string body(std::istreambuf_iterator<char>(in), {});
  if (in.good() || in.eof()) return body;
  return failure(ErrorCode::kSettings,
                 fmt::format("cannot read {}: {}; --body names a file with the new body, or - for "
                             "standard input",
                             file, std::strerror(errno)));
}

Result<std::optional<DeadLetter>> find_one(Link& link, const std::string& name,
                                           const std::string& id) {
  const auto scope = find_scope(link, name);
  if (!scope) return std::unexpected(scope.error());
  std::optional<DeadLetter> found;
  SELVAGE_TRY(for_each(link, *scope, {.ids = {id}}, [&](DeadLetter&& letter) {
    found = std::move(letter);
    return false;
  }));
  return found;
}

}  // namespace

ExitCode list_dead(const ListDead& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto scope = find_scope(**link, settings.name);
  if (!scope) return (*link)->complain(scope.error());
  std::map<std::string, Group> groups;
  const auto read = for_each(**link, *scope, {}, [&](DeadLetter&& letter) {
    add_to(groups[letter.signature], letter);
    return true;
  });
  if (!read) return (*link)->complain(read.error());
  const auto list = sorted(std::move(groups));
  if (settings.json)
    for (const Group& group : list) fmt::print("{}\n", to_json(group));
  else if (list.empty())
    fmt::print(stderr, "{}\n", nowhere(settings.name));
  else
    print_table(list);
  return ExitCode::kOk;
}

ExitCode show_dead(const ShowDead& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto scope = find_scope(**link, settings.name);
  if (!scope) return (*link)->complain(scope.error());
  std::vector<std::string> missing = settings.filter.ids;
  int shown = 0;
  bool are_more = false;
  const auto read = for_each(**link, *scope, settings.filter, [&](DeadLetter&& letter) {
    are_more = missing.empty() && shown == settings.max;
    if (are_more) return false;
    std::erase(missing, letter.message.id);
    if (settings.json)
      fmt::print("{}\n", to_json(letter));
    else
      fmt::print("{}{}", shown > 0 ? "\n" : "", to_text(letter));
    ++shown;
    return true;
  });
  if (!read) return (*link)->complain(read.error());
  std::fflush(stdout);
  if (are_more) fmt::print(stderr, "there are more; to see them: --max {}\n", settings.max * 10);
  if (settings.filter.ids.empty() && shown == 0)
    return complain({ErrorCode::kGiveUp,
                     fmt::format("no dead letters of group {}; to see the groups: selvage dead ls",
                                 settings.filter.group)});
  return complain_of_missing(missing);
}

ExitCode edit_dead(const EditDead& settings) {
  const auto body = read_body(settings.body);
  if (!body) return complain(body.error());
  if (body->empty())
    return complain(
        {ErrorCode::kSettings, "a message has at least one character: nothing was changed"});
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto audit = Audit::open(settings.at, settings.knows_directory);
  if (!audit) return complain(audit.error());
  const auto letter = find_one(**link, settings.name, settings.id);
  if (!letter) return (*link)->complain(letter.error());
  if (!*letter) return complain_of_missing({settings.id});
  const DeadLetter& dead = **letter;
  const auto outcome = (*link)->ask<std::string>([&](client::Client& c, auto done) {
    client::edit_message(c, {dead.queue, settings.id, *body}, std::move(done));
  });
  if (!outcome) return (*link)->complain(outcome.error(), {dead.queue});
  const auto recorded = audit->record({.action = "edit",
                                       .queue = dead.queue,
                                       .message = settings.id,
                                       .signature = dead.signature,
                                       .outcome = *outcome,
                                       .broker = settings.at.broker});
  if (!recorded) return complain(recorded.error());
  if (*outcome != "Done")
    return complain({ErrorCode::kGiveUp, fmt::format("{} was not changed: {}", settings.id,
                                                     outcome_in_words(*outcome, dead.queue))});
  if (settings.json && !audit->is_on_stdout()) print_outcome(true, {"id", settings.id}, *outcome);
  if (!settings.json)
    fmt::print(stderr, "{0} has another body now; to try it again: selvage dead redrive {0}\n",
               settings.id);
  return ExitCode::kOk;
}

}  // namespace selvage::app
