// SPDX-License-Identifier: Apache-2.0
#include "workflow/check.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "workflow/graph.h"
#include "workflow/reader.h"
#include "workflow/settings.h"
#include "workflow/stage_reader.h"

namespace selvage::workflow {
namespace {

namespace fs = std::filesystem;
using wire::YamlNode;

constexpr std::string_view kVersion = "1";
constexpr size_t kLongestName = 40;
// A thousand stages need less; whatever is larger is no workflow file.
constexpr size_t kLargestFile = size_t{1} << 20;

void require(const Fields& fields, const YamlNode& root, std::string_view key, Problems& problems) {
  if (fields.has(key)) return;
  problems.add(root.at, fmt::format("the key '{}' is missing", key),
               key == "selvage" ? "begin with 'selvage: 1'" : "");
}

void read_version(const Fields& fields, Problems& problems) {
  const auto version = fields.text("selvage");
  if (!version || *version == kVersion) return;
  problems.add(fields.find("selvage")->at,
               fmt::format("this version of selvage reads files of version {}, not '{}'", kVersion,
                           *version),
               fmt::format("write selvage: {}", kVersion));
}

std::string read_name(const Fields& fields, Problems& problems) {
  const auto name = fields.text("name");
  if (!name) return {};
  if (!is_name(*name, kLongestName)) {
    problems.add(fields.find("name")->at, fmt::format("'{}' is no name for a workflow", *name),
                 fmt::format("1 to {} letters, digits, - and _", kLongestName));
  }
  return *name;
}

std::vector<Stage> read_stages(const YamlNode& node, StageReader& reader, Problems& problems) {
  if (node.kind != YamlNode::Kind::kMap) {
    problems.add(node.at, fmt::format("stages must be a map, not {}", kind_name(node)),
                 "such as { shrink: { from: photos, run: ./shrink.sh } }");
    return {};
  }
  if (node.entries.empty()) problems.add(node.at, "a workflow has at least one stage");
  refuse_repeated_keys(node, "the stage", problems);
  std::vector<PlacedStage> placed;
  std::set<std::string_view> names;
  for (const auto& entry : node.entries) {
    PlacedStage stage = reader.read(entry);
    // A second stage of one name would only repeat its complaints about queues.
    if (names.insert(entry.key).second) placed.push_back(std::move(stage));
  }
  check_graph(placed, problems);
  std::vector<Stage> stages;
  for (auto& stage : placed) stages.push_back(std::move(stage.stage));
  return stages;
}

void read_root(const YamlNode& root, Programs& programs, Plan& plan, Problems& problems) {
  if (root.kind == YamlNode::Kind::kNull) {
    return problems.add({1, 1}, "the file is empty", "begin with 'selvage: 1'");
  }
  const Fields fields(root, Level::kFile, problems);
  if (!fields.readable()) return;
  for (const auto* key : {"selvage", "name", "stages"}) require(fields, root, key, problems);
  read_version(fields, problems);
  plan.name = read_name(fields, problems);
  if (const YamlNode* node = fields.find("budget")) read_budget(*node, plan.budget, problems);
  Stage defaults;
  if (const YamlNode* node = fields.find("defaults")) {
    read_settings(Fields(*node, Level::kDefaults, problems), defaults, problems);
  }
  StageReader reader(programs, plan.directory, defaults, problems);
  if (const YamlNode* node = fields.find("stages")) {
    plan.stages = read_stages(*node, reader, problems);
  }
}

Plan plan_at(const std::string& path) {
  std::error_code ignored;  // only when there is no current directory: the path stays as it is
  const fs::path whole = fs::absolute(path, ignored).lexically_normal();
  Plan plan;
  plan.file = ignored ? path : whole.string();
  plan.directory = fs::path(plan.file).parent_path().string();
  return plan;
}

std::unexpected<std::vector<Problem>> only_problem(std::string message, std::string suggestion) {
  return std::unexpected(std::vector<Problem>{{0, 0, std::move(message), std::move(suggestion)}});
}

std::string described(const std::string& path, const Problem& problem) {
  std::string line = path;
  if (problem.line > 0) line += fmt::format(":{}:{}", problem.line, problem.column);
  line += ": " + problem.message;
  if (!problem.suggestion.empty()) line += fmt::format(" ({})", problem.suggestion);
  return line + '\n';
}

}  // namespace

std::expected<Plan, std::vector<Problem>> check(std::string_view text, const std::string& path,
                                                Programs& programs) {
  auto root = wire::read_yaml(text);
  Problems problems;
  Plan plan = plan_at(path);
  if (root) {
    read_root(*root, programs, plan, problems);
  } else {
    problems.add(root.error().at, std::move(root.error().message));
  }
  if (!problems.empty()) return std::unexpected(std::move(problems).in_file_order());
  return plan;
}

std::expected<Plan, std::vector<Problem>> check_file(const std::string& path) {
  std::error_code missing;
  if (fs::is_directory(path, missing)) {
    return only_problem("this is a directory", "name the workflow file in it");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return only_problem(fmt::format("cannot be read: {}", std::strerror(errno)), "");
  std::string text(kLargestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return only_problem(fmt::format("cannot be read: {}", std::strerror(errno)), "");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kLargestFile) return only_problem("is larger than 1 MiB", "");
  SystemPrograms programs;
  return check(text, path, programs);
}

std::string describe(const std::string& path, const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) lines += described(path, problem);
  return lines;
}

}  // namespace selvage::workflow
