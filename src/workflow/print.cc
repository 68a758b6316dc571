// SPDX-License-Identifier: Apache-2.0
#include "workflow/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/check.h"
#include "wire/json.h"

namespace selvage::workflow {
namespace {

// Words that some reader of YAML takes for something else than a text.
constexpr std::string_view kLoadedWords[] = {"null", "true", "false", "yes", "no",
                                             "on",   "off",  "y",     "n"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool is_plain(std::string_view text) {
  constexpr std::string_view kStarts = "_/";
  constexpr std::string_view kOthers = "_/.-+@0123456789";
  if (text.empty() || !(is_letter(text[0]) || kStarts.find(text[0]) != std::string_view::npos)) {
    return false;
  }
  return std::ranges::find(kLoadedWords, lower(text)) == std::end(kLoadedWords) &&
         std::ranges::all_of(text, [&](char c) {
           return is_letter(c) || kOthers.find(c) != std::string_view::npos;
         });
}

// A text as a YAML scalar: a JSON string is one too.
std::string scalar(std::string_view text) {
  std::string result;
  if (is_plain(text)) {
    result = text;
  } else {
    wire::JsonWriter(result).string(text);
  }
  return result;
}

class FilePrinter {
 public:
  std::string print(const Plan& plan) {
    add("selvage: 1\nname: {}\nbudget: {{ cpu: {}%, memory: {}% }}\nstages:\n", scalar(plan.name),
        plan.budget.cpu_percent, plan.budget.memory_percent);
    for (const Stage& stage : plan.stages) print_stage(stage);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void print_stage(const Stage& stage) {
    add("  {}:\n    from: {}\n", scalar(stage.name), scalar(stage.from));
    print_run(stage);
    if (!stage.to.empty()) add("    to: {}\n", scalar(stage.to));
    if (stage.max_backlog > 0) add("    max_backlog: {}\n", stage.max_backlog);
    print_mode(stage);
    print_settings(stage);
    print_env(stage);
    add("    dead: {}\n", scalar(stage.dead));
  }

  void print_run(const Stage& stage) {
    std::string words;
    for (const std::string& word : stage.run) {
      if (!words.empty()) words += ", ";
      words += scalar(word);
    }
    add("    run: [{}]\n", words);
  }

  void print_mode(const Stage& stage) {
    switch (stage.mode) {
      case Mode::kOneshot:
        add("    mode: oneshot\n");
        return;
      case Mode::kPersistent:
        add("    mode: persistent\n    batch: {}\n", stage.batch);
        return;
      case Mode::kHttp:
        add("    mode: http\n    http: {{ path: {}, ready: {}, start: {} }}\n",
            scalar(stage.http.path), scalar(stage.http.ready), print_duration(stage.http.start));
        return;
      case Mode::kSdk:
        add("    mode: sdk\n");
        return;
    }
  }

  void print_settings(const Stage& stage) {
    add("    workers: {{ min: {}, max: {}, spare: {} }}\n", stage.workers.min, stage.workers.max,
        stage.workers.spare);
    add("    target: {{ drain: {}, age: {} }}\n", print_duration(stage.target.drain),
        print_duration(stage.target.age));
    add("    retry: {{ attempts: {}, deaths: {}, backoff: {}..{} }}\n", stage.retry.attempts,
        stage.retry.deaths, print_duration(stage.retry.backoff_min),
        print_duration(stage.retry.backoff_max));
    add("    deadline: {}\n    grace: {}\n", print_duration(stage.deadline),
        print_duration(stage.grace));
    if (stage.expect > Duration{0}) add("    expect: {}\n", print_duration(stage.expect));
  }

  void print_env(const Stage& stage) {
    if (stage.env.empty()) return;
    add("    env:\n");
    for (const auto& [name, value] : stage.env) add("      {}: {}\n", scalar(name), scalar(value));
  }

  std::string out_;
};

struct Unit {
  Duration length;
  std::string_view name;
};

constexpr std::array<Unit, 6> kUnits = {{{std::chrono::days(1), "d"},
                                         {std::chrono::hours(1), "h"},
                                         {std::chrono::minutes(1), "m"},
                                         {std::chrono::seconds(1), "s"},
                                         {std::chrono::milliseconds(1), "ms"},
                                         {std::chrono::microseconds(1), "us"}}};

}  // namespace

std::string print_file(const Plan& plan) {
  return FilePrinter().print(plan);
}

std::string print_duration(Duration duration) {
  SELVAGE_CHECK(duration >= Duration::zero());
  if (duration == Duration::zero()) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    const auto count = duration / unit.length;
    if (count > 0) text += fmt::format("{}{}", count, unit.name);
    duration %= unit.length;
  }
  return text;
}

}  // namespace selvage::workflow
