// SPDX-License-Identifier: Apache-2.0
#include "workflow/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "workflow/print.h"

namespace selvage::workflow {
namespace {

using wire::YamlNode;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void read_workers(const YamlNode& node, Workers& workers, Problems& problems) {
  const Fields fields(node, Level::kWorkers, problems);
  Workers read = workers;
  const bool min_is_right = fields.count("min", {0, kMostWorkers}, read.min);
  const bool max_is_right = fields.count("max", {1, kMostWorkers}, read.max);
  fields.count("spare", {0, kMostSpare}, read.spare);
  if (min_is_right && max_is_right && read.min > read.max) {
    return problems.add(
        node.at,
        fmt::format("workers.min is {}, more than workers.max, which is {}", read.min, read.max),
        "write both");
  }
  workers = read;
}

void read_target(const YamlNode& node, Target& target, Problems& problems) {
  const Fields fields(node, Level::kTarget, problems);
  fields.duration("drain", {kShortestTarget, kLongestTarget}, target.drain);
  fields.duration("age", {kShortestTarget, kLongestTarget}, target.age);
}

void read_retry(const YamlNode& node, Retry& retry, Problems& problems) {
  const Fields fields(node, Level::kRetry, problems);
  fields.count("attempts", {1, kMostAttempts}, retry.attempts);
  fields.count("deaths", {1, kMostAttempts}, retry.deaths);
  DurationRange backoff{retry.backoff_min, retry.backoff_max};
  fields.duration_range("backoff", {std::chrono::milliseconds(1), kLongestBackoff}, backoff);
  retry.backoff_min = backoff.low;
  retry.backoff_max = backoff.high;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

// What is wrong with one variable; empty when nothing.
Complaint explain_variable(const YamlNode::Entry& entry) {
  const YamlNode& value = entry.value;
  if (!is_variable_name(entry.key)) {
    return {"is no name for a variable", "letters, digits and _, not starting with a digit"};
  }
  if (entry.key.starts_with("SELVAGE_")) return {"is set by selvage itself", "use another name"};
  if (value.kind == YamlNode::Kind::kNull) return {"has no value", "write \"\" for an empty one"};
  if (value.kind != YamlNode::Kind::kScalar) {
    return {fmt::format("must be a text, not {}", kind_name(value)), ""};
  }
  if (value.scalar.find('\0') != std::string::npos) return {"contains a zero byte", ""};
  return {};
}

void read_env(const YamlNode& node, std::map<std::string, std::string>& env, Problems& problems) {
  if (node.kind != YamlNode::Kind::kMap) {
    return problems.add(node.at, fmt::format("env must be a map, not {}", kind_name(node)),
                        "such as { NAME: value }");
  }
  refuse_repeated_keys(node, "the variable", problems);
  for (const auto& entry : node.entries) {
    const Complaint complaint = explain_variable(entry);
    if (complaint.message.empty()) {
      env.insert_or_assign(entry.key, entry.value.scalar);
    } else {
      problems.add(entry.at, fmt::format("env.{}", entry.key), complaint);
    }
  }
}

// An attempt that is expected to outlast its deadline is one that never ends well.
void check_expected(const Fields& fields, const Stage& stage, Problems& problems) {
  if (stage.expect <= stage.deadline) return;
  const YamlNode* node = fields.find("expect");
  if (node == nullptr) node = fields.find("deadline");
  if (node == nullptr) return;  // complained about where it stands
  problems.add(node->at,
               fmt::format("expect is {}, more than the deadline, which is {}",
                           print_duration(stage.expect), print_duration(stage.deadline)),
               "write a longer deadline");
}

}  // namespace

bool is_name(std::string_view text, size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
  });
}

void read_settings(const Fields& fields, Stage& stage, Problems& problems) {
  if (const auto* node = fields.find("workers")) read_workers(*node, stage.workers, problems);
  if (const auto* node = fields.find("target")) read_target(*node, stage.target, problems);
  if (const auto* node = fields.find("retry")) read_retry(*node, stage.retry, problems);
  if (const auto* node = fields.find("env")) read_env(*node, stage.env, problems);
  fields.duration("deadline", {kShortestDeadline, kLongestDeadline}, stage.deadline);
  fields.duration("expect", {kShortestExpected, kLongestDeadline}, stage.expect);
  fields.duration("grace", {Duration::zero(), kLongestGrace}, stage.grace);
  check_expected(fields, stage, problems);
}

void read_budget(const YamlNode& node, Budget& budget, Problems& problems) {
  const Fields fields(node, Level::kBudget, problems);
  fields.percent("cpu", budget.cpu_percent);
  fields.percent("memory", budget.memory_percent);
}

}  // namespace selvage::workflow
