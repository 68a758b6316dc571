// SPDX-License-Identifier: Apache-2.0
#include "workflow/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "workflow/suggest.h"

namespace selvage::workflow {
namespace {

constexpr std::string_view kFileKeys[] = {"selvage", "name", "budget", "defaults", "stages"};
constexpr std::string_view kDefaultsKeys[] = {"workers", "target", "retry", "deadline",
                                              "expect",  "grace",  "env"};
constexpr std::string_view kStageKeys[] = {"from",   "run",     "to",     "mode",  "batch",
                                           "http",   "workers", "target", "retry", "deadline",
                                           "expect", "grace",   "env",    "dead",  "max_backlog"};
constexpr std::string_view kWorkersKeys[] = {"min", "max", "spare"};
constexpr std::string_view kTargetKeys[] = {"drain", "age"};
constexpr std::string_view kBudgetKeys[] = {"cpu", "memory"};
constexpr std::string_view kRetryKeys[] = {"attempts", "deaths", "backoff"};
constexpr std::string_view kHttpKeys[] = {"path", "ready", "start"};

// The design has them, this version does not: no misspellings.
constexpr std::string_view kLaterKeys[] = {"calls",  "emit",    "join",    "items",
                                           "limits", "restart", "rollout", "schedules"};

struct Synonym {
  std::string_view theirs;
  std::string_view ours;
};

// What the same thing is called elsewhere.
constexpr Synonym kSynonyms[] = {
    {"cmd", "run"},          {"command", "run"},       {"concurrency", "workers"},
    {"dead_letter", "dead"}, {"dead_letters", "dead"}, {"dlq", "dead"},
    {"environment", "env"},  {"exec", "run"},          {"in", "from"},
    {"input", "from"},       {"next", "to"},           {"out", "to"},
    {"output", "to"},        {"queue", "from"},        {"replicas", "workers"},
    {"retries", "retry"},    {"timeout", "deadline"},  {"max_attempts", "attempts"},
    {"version", "selvage"},  {"steps", "stages"},      {"tasks", "stages"},
    {"script", "run"},       {"instances", "workers"}, {"scale", "workers"},
};

bool has(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

// Where else `key` is known, the widest place first; empty when nowhere.
std::string_view home_of(std::string_view key) {
  for (const Level level : {Level::kFile, Level::kStage, Level::kWorkers, Level::kTarget,
                            Level::kRetry, Level::kHttp, Level::kBudget}) {
    if (has(keys_of(level), key)) return name_of(level);
  }
  return {};
}

std::string_view synonym(std::string_view key) {
  const auto* found = std::ranges::find(kSynonyms, key, &Synonym::theirs);
  return found == std::end(kSynonyms) ? std::string_view() : found->ours;
}

std::string suggestion_for(Level level, std::string_view key) {
  const auto keys = keys_of(level);
  if (const auto ours = synonym(key); has(keys, ours))
    return fmt::format("did you mean '{}'?", ours);
  if (const auto home = home_of(key); !home.empty()) return fmt::format("it belongs to {}", home);
  if (const auto near = closest(key, keys); !near.empty()) {
    return fmt::format("did you mean '{}'?", near);
  }
  return fmt::format("known here: {}", fmt::join(keys, ", "));
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kFile:
      return "the file";
    case Level::kDefaults:
      return "defaults";
    case Level::kStage:
      return "a stage";
    case Level::kWorkers:
      return "workers";
    case Level::kTarget:
      return "target";
    case Level::kRetry:
      return "retry";
    case Level::kHttp:
      return "http";
    case Level::kBudget:
      return "budget";
  }
  return "";
}

std::span<const std::string_view> keys_of(Level level) {
  switch (level) {
    case Level::kFile:
      return kFileKeys;
    case Level::kDefaults:
      return kDefaultsKeys;
    case Level::kStage:
      return kStageKeys;
    case Level::kWorkers:
      return kWorkersKeys;
    case Level::kTarget:
      return kTargetKeys;
    case Level::kRetry:
      return kRetryKeys;
    case Level::kHttp:
      return kHttpKeys;
    case Level::kBudget:
      return kBudgetKeys;
  }
  return {};
}

Complaint explain_unknown_key(Level level, std::string_view key) {
  if (has(kLaterKeys, key)) {
    return {fmt::format("'{}' is not supported by this version of selvage", key), ""};
  }
  return {fmt::format("unknown key '{}' in {}", key, name_of(level)), suggestion_for(level, key)};
}

}  // namespace selvage::workflow
