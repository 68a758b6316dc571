// SPDX-License-Identifier: Apache-2.0
#include "app/queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "app/consent.h"
#include "app/show.h"
#include "client/queues.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

using client::NamedTexts;
using client::QueueStatistics;
using wire::JsonWriter;

constexpr std::string_view kFifoSuffix = ".fifo";

std::string seconds_of(Duration d) {
  return std::to_string(d / std::chrono::seconds(1));
}

Result<std::vector<QueueStatistics>> statistics(Link& link) {
  return link.ask<std::vector<QueueStatistics>>(
      [](client::Client& c, auto done) { c.statistics(std::move(done)); });
}

// ---- list

void print_list(const std::vector<QueueStatistics>& queues) {
  Table table({"queue", "visible", "in flight", "delayed"}, {1, 2, 3});
  for (const QueueStatistics& q : queues)
    table.add({q.name, std::to_string(q.visible), std::to_string(q.in_flight),
               std::to_string(q.delayed)});
  fmt::print("{}", table.text());
}

void print_json(const QueueStatistics& q) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .field("name", q.name)
      .field("visible", q.visible)
      .field("in_flight", q.in_flight)
      .field("delayed", q.delayed)
      .end_object();
  fmt::print("{}\n", json);
}

void print_none(const std::string& prefix) {
  if (prefix.empty())
    fmt::print(stderr, "no queues yet; to create one: selvage queue create NAME\n");
  else
    fmt::print(stderr, "no queue's name begins with '{}'\n", prefix);
}

// ---- create and set

// Amazon names a queue's dead-letter queue by its ARN, which only the broker knows.
Result<std::string> redrive_policy(Link& link, const QueueOptions& options) {
  const auto attributes = link.ask<NamedTexts>([&](client::Client& c, auto done) {
    client::get_attributes(c, options.dead_letters, std::move(done));
  });
  if (!attributes) return std::unexpected(attributes.error());
  std::string policy;
  JsonWriter out(policy);
  out.begin_object();
  for (const auto& [name, value] : *attributes)
    if (name == "QueueArn") out.field("deadLetterTargetArn", value);
  out.field("maxReceiveCount", int64_t{options.max_receives}).end_object();
  return policy;
}

NamedTexts plain_attributes(const QueueOptions& options) {
  NamedTexts attributes;
  const auto add_time = [&](const char* name, const std::optional<Duration>& time) {
    if (time) attributes.emplace_back(name, seconds_of(*time));
  };
  add_time("VisibilityTimeout", options.visibility);
  add_time("DelaySeconds", options.delay);
  add_time("MessageRetentionPeriod", options.retention);
  add_time("ReceiveMessageWaitTimeSeconds", options.wait);
  if (options.max_size)
    attributes.emplace_back("MaximumMessageSize", std::to_string(*options.max_size));
  if (options.no_dead_letters) attributes.emplace_back("RedrivePolicy", "");
  if (options.content_deduplication) attributes.emplace_back("ContentBasedDeduplication", "true");
  return attributes;
}

// Everything but the tags.
Result<NamedTexts> to_attributes(Link& link, const QueueOptions& options) {
  NamedTexts attributes = plain_attributes(options);
  if (options.dead_letters.empty()) return attributes;
  auto policy = redrive_policy(link, options);
  if (!policy) return std::unexpected(std::move(policy).error());
  attributes.emplace_back("RedrivePolicy", *std::move(policy));
  return attributes;
}

// Which queue a refusal is about: the dead-letter queue is asked for first.
ExitCode complain_of(Link& link, const Error& error, const ChangeQueue& settings) {
  std::vector<std::string> queues;
  if (!settings.options.dead_letters.empty()) queues.push_back(settings.options.dead_letters);
  queues.push_back(settings.name);
  return link.complain(error, queues);
}

ExitCode complain_of_creation(Link& link, const Error& error, const ChangeQueue& settings) {
  if (client::refusal_of(error) != "QueueNameExists") return complain_of(link, error, settings);
  return complain({error.code, fmt::format("queue '{0}' is there already, with other settings; to "
                                           "see them: selvage queue show {0}; to change them: "
                                           "selvage queue set {0} …",
                                           settings.name)});
}

void print_outcome(bool json, std::string_view name, std::string_view url,
                   std::string_view sentence) {
  if (!json) return fmt::print("{}\n", sentence);
  std::string line;
  JsonWriter out(line);
  out.begin_object().field("name", name);
  if (!url.empty()) out.field("url", url);
  out.end_object();
  fmt::print("{}\n", line);
}

// ---- delete and purge

// What a removal takes with it; fails at the first queue that does not exist.
struct Victim {
  std::string name;
  int64_t messages = 0;
};

int64_t count_messages(const NamedTexts& attributes) {
  int64_t count = 0;
  for (const auto& [name, value] : attributes)
    if (name.starts_with("ApproximateNumberOfMessages")) count += std::atoll(value.c_str());
  return count;
}

std::string describe(const std::vector<Victim>& victims) {
  int64_t messages = 0;
  std::string names;
  for (const Victim& victim : victims) {
    messages += victim.messages;
    names += (names.empty() ? "" : ", ") + victim.name;
  }
  return fmt::format("{} with {}", names, count_of(messages, "message"));
}

void print_removed(const Victim& victim, std::string_view done, bool json) {
  if (!json)
    return fmt::print("{} {} ({})\n", done, victim.name, count_of(victim.messages, "message"));
  std::string line;
  JsonWriter(line)
      .begin_object()
      .field("name", victim.name)
      .field("messages", victim.messages)
      .end_object();
  fmt::print("{}\n", line);
}

using Removal = void (*)(client::Client&, const std::string&, client::Client::Callback<void>);

struct Words {
  std::string_view command;  // "delete"
  std::string_view done;     // "deleted"
};

ExitCode remove(const RemoveQueues& settings, Removal removal, Words words) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  std::vector<Victim> victims;
  for (const std::string& name : settings.names) {
    const auto attributes = (*link)->ask<NamedTexts>(
        [&](client::Client& c, auto done) { client::get_attributes(c, name, std::move(done)); });
    if (!attributes) return (*link)->complain(attributes.error(), {name});
    victims.push_back({name, count_messages(*attributes)});
  }
  if (!settings.yes) {
    const auto consent = ask_consent(fmt::format("{} {}", words.command, describe(victims)));
    if (!consent) return complain(consent.error());
  }
  for (const Victim& victim : victims) {
    const auto removed = (*link)->ask<void>(
        [&](client::Client& c, auto done) { removal(c, victim.name, std::move(done)); });
    if (!removed) return (*link)->complain(removed.error(), {victim.name});
    print_removed(victim, words.done, settings.json);
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode list_queues(const ListQueues& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  auto queues = statistics(**link);
  if (!queues) return (*link)->complain(queues.error());
  std::erase_if(*queues, [&](const auto& q) { return !q.name.starts_with(settings.prefix); });
  std::ranges::sort(*queues, {}, &QueueStatistics::name);
  if (settings.json)
    for (const QueueStatistics& queue : *queues) print_json(queue);
  else if (queues->empty())
    print_none(settings.prefix);
  else
    print_list(*queues);
  return ExitCode::kOk;
}

ExitCode create_queue(const ChangeQueue& settings) {
  const bool named_fifo = settings.name.ends_with(kFifoSuffix);
  if (settings.fifo && !named_fifo)
    return complain({ErrorCode::kSettings,
                     fmt::format("the name of a FIFO queue ends in .fifo: selvage queue create "
                                 "{}.fifo",
                                 settings.name)});
  if (settings.options.content_deduplication && !named_fifo)
    return complain({ErrorCode::kSettings,
                     fmt::format("only a FIFO queue drops duplicates: name it {}.fifo, or leave "
                                 "--content-dedup out",
                                 settings.name)});
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  auto attributes = to_attributes(**link, settings.options);
  if (!attributes) return complain_of(**link, attributes.error(), settings);
  if (named_fifo) attributes->emplace_back("FifoQueue", "true");
  const auto url = (*link)->ask<std::string>([&](client::Client& c, auto done) {
    client::create_queue(c, {settings.name, *attributes, settings.options.tags}, std::move(done));
  });
  if (!url) return complain_of_creation(**link, url.error(), settings);
  print_outcome(settings.json, settings.name, *url,
                fmt::format("{} is ready: {}", settings.name, *url));
  return ExitCode::kOk;
}

ExitCode set_queue(const ChangeQueue& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto attributes = to_attributes(**link, settings.options);
  if (!attributes) return complain_of(**link, attributes.error(), settings);
  if (attributes->empty() && settings.options.tags.empty())
    return complain({ErrorCode::kSettings,
                     fmt::format("nothing to change: say what, for example selvage queue set {} "
                                 "--visibility 1m",
                                 settings.name)});
  if (!attributes->empty()) {
    const auto set = (*link)->ask<void>([&](client::Client& c, auto done) {
      client::set_attributes(c, settings.name, *attributes, std::move(done));
    });
    if (!set) return complain_of(**link, set.error(), settings);
  }
  if (!settings.options.tags.empty()) {
    const auto tagged = (*link)->ask<void>([&](client::Client& c, auto done) {
      client::set_tags(c, settings.name, settings.options.tags, std::move(done));
    });
    if (!tagged) return (*link)->complain(tagged.error(), {settings.name});
  }
  print_outcome(settings.json, settings.name, "",
                fmt::format("changed {0}; to see it: selvage queue show {0}", settings.name));
  return ExitCode::kOk;
}

ExitCode delete_queues(const RemoveQueues& settings) {
  return remove(settings, client::delete_queue, {"delete", "deleted"});
}

ExitCode purge_queues(const RemoveQueues& settings) {
  return remove(settings, client::purge_queue, {"purge", "purged"});
}

}  // namespace selvage::app
