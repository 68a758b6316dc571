// SPDX-License-Identifier: Apache-2.0
// `selvage queue show`: Amazon's attributes in words.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "app/queues.h"
#include "app/show.h"
#include "client/queues.h"
#include "wire/json.h"
#include "workflow/print.h"

namespace selvage::app {
namespace {

using client::NamedTexts;

struct Description {
  std::string name;
  NamedTexts attributes;
  NamedTexts tags;
  std::vector<std::string> sources;  // URLs of the queues whose dead letters come here
};

std::string find(const NamedTexts& texts, std::string_view name) {
  const auto at = std::ranges::find(texts, name, &NamedTexts::value_type::first);
  return at == texts.end() ? "" : at->second;
}

std::string in_words(Duration unit, const std::string& number) {
  return workflow::print_duration(unit * std::max(0LL, std::atoll(number.c_str())));
}

std::string seconds_in_words(const std::string& number) {
  return in_words(std::chrono::seconds(1), number);
}

std::string moment_in_words(const std::string& seconds) {
  return show_time(Instant(std::chrono::seconds(std::atoll(seconds.c_str()))));
}

std::string size_in_words(const std::string& bytes) {
  return show_size(std::atoll(bytes.c_str()));
}

std::string same(const std::string& text) {
  return text;
}

std::string redrive_in_words(const std::string& policy) {
  std::string target;
  int64_t count = 0;
  const auto parsed = wire::read_json(policy, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& value) {
      if (key == "deadLetterTargetArn") target = value.string().value_or("");
      if (key == "maxReceiveCount") count = value.integer().value_or(0);
      return true;
    });
  });
  if (!parsed) return policy;
  return fmt::format("to {} after {}", queue_name(target), count_of(count, "receive"));
}

// What people see of an attribute, in this order; others are shown by their own names below.
struct Word {
  std::string_view attribute;
  const char* label;
  std::string (*show)(const std::string&);
};
constexpr Word kWords[] = {
    {"ApproximateNumberOfMessages", "visible", same},
    {"ApproximateNumberOfMessagesNotVisible", "in flight", same},
    {"ApproximateNumberOfMessagesDelayed", "delayed", same},
    {"VisibilityTimeout", "visibility", seconds_in_words},
    {"DelaySeconds", "delay", seconds_in_words},
    {"ReceiveMessageWaitTimeSeconds", "wait", seconds_in_words},
    {"MessageRetentionPeriod", "retention", seconds_in_words},
    {"MaximumMessageSize", "max size", size_in_words},
    {"RedrivePolicy", "dead letters", redrive_in_words},
    {"CreatedTimestamp", "created", moment_in_words},
    {"LastModifiedTimestamp", "changed", moment_in_words},
    {"QueueArn", "ARN", same},
};

bool has_word(std::string_view attribute) {
  return std::ranges::find(kWords, attribute, &Word::attribute) != std::end(kWords);
}

Fields to_fields(const Description& queue) {
  Fields fields;
  fields.emplace_back("kind", queue.name.ends_with(".fifo") ? "FIFO" : "standard");
  for (const Word& word : kWords) {
    const std::string value = find(queue.attributes, word.attribute);
    if (!value.empty()) fields.emplace_back(word.label, word.show(value));
  }
  for (const auto& [name, value] : queue.attributes)
    if (!has_word(name) && name != "FifoQueue") fields.emplace_back(name, value);
  for (const std::string& source : queue.sources)
    fields.emplace_back("takes dead letters of", queue_name(source));
  for (const auto& [name, value] : queue.tags)
    fields.emplace_back("tag", fmt::format("{}={}", name, value));
  return fields;
}

void write_texts(wire::JsonWriter& out, const NamedTexts& texts) {
  out.begin_object();
  for (const auto& [name, value] : texts) out.field(name, value);
  out.end_object();
}

std::string to_json(const Description& queue) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("name", queue.name);
  write_texts(out.key("attributes"), queue.attributes);
  write_texts(out.key("tags"), queue.tags);
  out.key("dead_letters_of").begin_array();
  for (const std::string& source : queue.sources) out.string(queue_name(source));
  out.end_array().end_object();
  return json;
}

Result<Description> describe(Link& link, const std::string& name) {
  auto attributes = link.ask<NamedTexts>(
      [&](client::Client& c, auto done) { client::get_attributes(c, name, std::move(done)); });
  if (!attributes) return std::unexpected(std::move(attributes).error());
  auto tags = link.ask<NamedTexts>(
      [&](client::Client& c, auto done) { client::get_tags(c, name, std::move(done)); });
  if (!tags) return std::unexpected(std::move(tags).error());
  auto sources = link.ask<std::vector<std::string>>([&](client::Client& c, auto done) {
    client::get_dead_letter_sources(c, name, std::move(done));
  });
  if (!sources) return std::unexpected(std::move(sources).error());
  return Description{std::string(queue_name(name)), *std::move(attributes), *std::move(tags),
                     *std::move(sources)};
}

}  // namespace

ExitCode show_queue(const ShowQueue& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto queue = describe(**link, settings.name);
  if (!queue) return (*link)->complain(queue.error(), {settings.name});
  if (settings.json)
    fmt::print("{}\n", to_json(*queue));
  else
    fmt::print("{}", show_fields(queue->name, to_fields(*queue)));
  return ExitCode::kOk;
}

}  // namespace selvage::app
