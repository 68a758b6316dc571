// SPDX-License-Identifier: Apache-2.0
#include "workflow/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "workflow/print.h"

namespace selvage::workflow {

using wire::YamlNode;

void Problems::add(wire::Position at, std::string message, std::string suggestion) {
  found_.push_back({at.line, at.column, std::move(message), std::move(suggestion)});
}

void Problems::add(wire::Position at, std::string_view subject, const Complaint& complaint) {
  add(at, fmt::format("{} {}", subject, complaint.message), complaint.suggestion);
}

std::vector<Problem> Problems::in_file_order() && {
  std::ranges::stable_sort(
      found_, {}, [](const Problem& problem) { return std::tuple(problem.line, problem.column); });
  return std::move(found_);
}

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

void refuse_repeated_keys(const YamlNode& map, std::string_view what, Problems& problems) {
  std::map<std::string_view, int> first_lines;
  for (const auto& entry : map.entries) {
    const auto [first, is_new] = first_lines.emplace(entry.key, entry.at.line);
    if (is_new) continue;
    problems.add(entry.at, fmt::format("{} '{}' stands here a second time", what, entry.key),
                 fmt::format("the first is in line {}", first->second));
  }
}

Fields::Fields(const YamlNode& node, Level level, Problems& problems)
    : node_(node),
      level_(level),
      problems_(problems),
      readable_(node.kind == YamlNode::Kind::kMap) {
  if (readable_) {
    check_keys();
  } else {
    problems_.add(node_.at,
                  fmt::format("{} must be a map, not {}", name_of(level_), kind_name(node_)),
                  fmt::format("such as {{ {}: … }}", keys_of(level_).front()));
  }
}

void Fields::check_keys() const {
  const auto known = keys_of(level_);
  for (const auto& entry : node_.entries) {
    if (std::ranges::find(known, entry.key) == known.end()) {
      const auto complaint = explain_unknown_key(level_, entry.key);
      problems_.add(entry.at, complaint.message, complaint.suggestion);
    } else if (entry.value.kind == YamlNode::Kind::kNull) {
      problems_.add(entry.at, fmt::format("{} has no value", label(entry.key)),
                    "write one or leave the key out");
    }
  }
  refuse_repeated_keys(node_, "the key", problems_);
}

const YamlNode* Fields::find(std::string_view key) const {
  const auto found = std::ranges::find(node_.entries, key, &YamlNode::Entry::key);
  const bool has_value = found != node_.entries.end() && found->value.kind != YamlNode::Kind::kNull;
  return has_value ? &found->value : nullptr;
}

bool Fields::has(std::string_view key) const {
  return std::ranges::find(node_.entries, key, &YamlNode::Entry::key) != node_.entries.end();
}

std::string Fields::label(std::string_view key) const {
  switch (level_) {
    case Level::kFile:
    case Level::kDefaults:
    case Level::kStage:
      return std::string(key);
    case Level::kWorkers:
    case Level::kTarget:
    case Level::kRetry:
    case Level::kHttp:
    case Level::kBudget:
      break;
  }
  return fmt::format("{}.{}", name_of(level_), key);
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const YamlNode* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == YamlNode::Kind::kScalar) return node->scalar;
  problems_.add(node->at, fmt::format("{} must be a text, not {}", label(key), kind_name(*node)));
  return std::nullopt;
}

const YamlNode* Fields::unquoted(std::string_view key) const {
  const YamlNode* node = find(key);
  if (node == nullptr || !text(key)) return nullptr;
  if (!node->quoted) return node;
  problems_.add(node->at, fmt::format("{} must stand without quotes", label(key)),
                fmt::format("write {}", node->scalar));
  return nullptr;
}

bool Fields::count(std::string_view key, Limits<int> limits, int& out) const {
  const YamlNode* node = find(key);
  if (node == nullptr) return true;
  if (unquoted(key) == nullptr) return false;
  const auto value = parse_count(node->scalar);
  if (!value) {
    problems_.add(node->at, label(key), value.error());
    return false;
  }
  if (*value < limits.least || *value > limits.most) {
    problems_.add(node->at, fmt::format("{} must be from {} to {}, not {}", label(key),
                                        limits.least, limits.most, *value));
    return false;
  }
  out = *value;
  return true;
}

namespace {

// The end of a sentence, when `value` lies outside; else empty.
std::string outside(Duration value, Limits<Duration> limits) {
  if (value >= limits.least && value <= limits.most) return {};
  return fmt::format("must be from {} to {}, not {}", print_duration(limits.least),
                     print_duration(limits.most), print_duration(value));
}

}  // namespace

void Fields::duration(std::string_view key, Limits<Duration> limits, Duration& out) const {
  const YamlNode* node = unquoted(key);
  if (node == nullptr) return;
  const auto value = parse_duration(node->scalar);
  if (!value) return problems_.add(node->at, label(key), value.error());
  const std::string complaint = outside(*value, limits);
  if (!complaint.empty()) return problems_.add(node->at, label(key), {complaint, ""});
  out = *value;
}

void Fields::duration_range(std::string_view key, Limits<Duration> limits,
                            DurationRange& out) const {
  const YamlNode* node = unquoted(key);
  if (node == nullptr) return;
  const auto range = parse_duration_range(node->scalar);
  if (!range) return problems_.add(node->at, label(key), range.error());
  for (const Duration end : {range->low, range->high}) {
    const std::string complaint = outside(end, limits);
    if (!complaint.empty()) return problems_.add(node->at, label(key), {complaint, ""});
  }
  out = *range;
}

void Fields::percent(std::string_view key, int& out) const {
  const YamlNode* node = unquoted(key);
  if (node == nullptr) return;
  const auto value = parse_percent(node->scalar);
  if (!value) return problems_.add(node->at, label(key), value.error());
  out = *value;
}

}  // namespace selvage::workflow
