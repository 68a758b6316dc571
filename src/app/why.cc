// SPDX-License-Identifier: Apache-2.0
#include "app/why.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "app/link.h"
#include "process/lock_file.h"
#include "wire/json.h"
#include "worker/run_directory.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

struct Explained {
  std::string name;
  std::vector<std::string> why;
  std::string json;
};

bool take_stage(wire::JsonValue& value, std::vector<Explained>& stages) {
  const std::string json(value.raw());
  Explained& stage = stages.emplace_back();
  stage.json = json;
  return wire::read_json(json,
                         [&](wire::JsonValue& root) {
                           return root.object([&](std::string_view key, wire::JsonValue& v) {
                             if (key == "name") stage.name = v.string().value_or("");
                             if (key != "why") return true;
                             return v.array([&](wire::JsonValue& line) {
                               stage.why.emplace_back(line.string().value_or(""));
                               return true;
                             });
                           });
                         })
      .has_value();
}

// Failure: there is no such file, or it is none of ours.
Result<std::vector<Explained>> read_decisions(const std::string& data) {
  const std::string path = worker::RunDirectory(data).decisions();
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<Explained> stages;
  const auto read = wire::read_json(text, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      if (key != "stages") return true;
      return v.array([&](wire::JsonValue& stage) { return take_stage(stage, stages); });
    });
  });
  if (read) return stages;
  return failure(ErrorCode::kSettings,
                 fmt::format("no supervisor has decided anything in {} yet; start one with "
                             "'selvage up FILE', or say where its data is with --data",
                             data));
}

Error unknown_stage(const std::string& stage, const std::vector<Explained>& stages) {
  std::vector<std::string_view> names;
  for (const Explained& one : stages) names.push_back(one.name);
  const std::string_view meant = workflow::closest(stage, names);
  return {ErrorCode::kGiveUp,
          fmt::format("there is no stage '{}'{}; the stages are {}", stage,
                      meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant),
                      fmt::join(names, ", "))};
}

void print(const Explained& stage, bool json) {
  if (json) return fmt::print("{}\n", stage.json);
  fmt::print("{}\n", stage.name);
  for (const std::string& line : stage.why) fmt::print("  {}\n", line);
}

}  // namespace

ExitCode print_why(const WhySettings& settings) {
  const auto stages = read_decisions(settings.data);
  if (!stages) return complain(stages.error());
  std::vector<Explained> asked;
  for (const Explained& stage : *stages)
    if (stage.name == settings.stage) asked.push_back(stage);
  std::error_code error;
  const bool all = asked.empty() && std::filesystem::is_regular_file(settings.stage, error);
  if (asked.empty() && !all) return complain(unknown_stage(settings.stage, *stages));
  for (const Explained& stage : all ? *stages : asked) print(stage, settings.json);
  if (!process::lock_holder(worker::RunDirectory(settings.data).supervisor_lock()))
    fmt::print(stderr, "selvage: no supervisor runs in {}: this is what the last one decided\n",
               settings.data);
  return ExitCode::kOk;
}

}  // namespace selvage::app
