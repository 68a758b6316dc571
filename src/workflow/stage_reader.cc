// SPDX-License-Identifier: Apache-2.0
#include "workflow/stage_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflow/command.h"
#include "workflow/settings.h"
#include "workflow/suggest.h"

namespace selvage::workflow {
namespace {

using wire::YamlNode;

constexpr size_t kLongestStageName = 40;
constexpr size_t kLongestQueueName = 80;  // SQS
constexpr std::string_view kDeadSuffix = "-dead";
constexpr std::string_view kModes[] = {"oneshot", "persistent"};

// What is wrong with the name of a queue; empty when nothing.
Complaint explain_queue(const std::string& name) {
  if (name.ends_with(".fifo")) {
    return {
        fmt::format("'{}' would be a FIFO queue: not supported by this version of selvage", name),
        "leave .fifo out"};
  }
  if (is_name(name, kLongestQueueName)) return {};
  return {fmt::format("'{}' is no name for a queue", name),
          fmt::format("1 to {} letters, digits, - and _", kLongestQueueName)};
}

Complaint explain_mode(const std::string& mode) {
  if (mode == "http" || mode == "sdk") {
    return {fmt::format("the mode {} is not supported by this version of selvage", mode),
            "use oneshot or persistent"};
  }
  const auto near = closest(mode, kModes);
  return {fmt::format("mode must be oneshot or persistent, not '{}'", mode),
          near.empty() ? "" : fmt::format("did you mean {}?", near)};
}

wire::Position place_of(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key);
  return node == nullptr ? wire::Position{} : node->at;
}

}  // namespace

PlacedStage StageReader::read(const YamlNode::Entry& entry) {
  PlacedStage placed;
  placed.stage = defaults_;
  placed.stage.name = entry.key;
  if (!is_name(entry.key, kLongestStageName)) {
    problems_.add(entry.at, fmt::format("'{}' is no name for a stage", entry.key),
                  fmt::format("1 to {} letters, digits, - and _", kLongestStageName));
  }
  const Fields fields(entry.value, Level::kStage, problems_);
  if (!fields.readable()) return placed;
  require(fields, "from", entry, "name the queue that the stage reads");
  require(fields, "run", entry, "name the program that does the work");
  read_queues(fields, placed);
  if (const YamlNode* node = fields.find("run")) placed.stage.run = read_run(*node);
  read_mode(fields, placed.stage);
  read_settings(fields, placed.stage, problems_);
  return placed;
}

void StageReader::require(const Fields& fields, std::string_view key, const YamlNode::Entry& entry,
                          std::string hint) {
  if (fields.has(key)) return;
  problems_.add(entry.at, fmt::format("stage '{}' has no '{}'", entry.key, key), std::move(hint));
}

std::string StageReader::read_queue(const Fields& fields, std::string_view key) {
  const auto name = fields.text(key);
  if (!name) return {};
  const Complaint complaint = explain_queue(*name);
  if (complaint.message.empty()) return *name;
  problems_.add(place_of(fields, key), complaint.message, complaint.suggestion);
  return {};
}

void StageReader::read_queues(const Fields& fields, PlacedStage& placed) {
  Stage& stage = placed.stage;
  stage.from = read_queue(fields, "from");
  stage.to = read_queue(fields, "to");
  placed.from_at = place_of(fields, "from");
  placed.to_at = place_of(fields, "to");
  placed.dead_at = place_of(fields, "dead");
  if (fields.has("dead")) {
    stage.dead = read_queue(fields, "dead");
    return;
  }
  if (stage.from.empty()) return;
  stage.dead = stage.from + std::string(kDeadSuffix);
  if (stage.dead.size() > kLongestQueueName) {
    problems_.add(placed.from_at, "the name of the dead-letter queue would be too long",
                  "choose a shorter name or write 'dead'");
  }
}

void StageReader::read_mode(const Fields& fields, Stage& stage) {
  const auto mode = fields.text("mode");
  if (mode == "persistent") {
    stage.mode = Mode::kPersistent;
  } else if (mode && *mode != "oneshot") {
    const Complaint complaint = explain_mode(*mode);
    problems_.add(place_of(fields, "mode"), complaint.message, complaint.suggestion);
    return;  // whether batch has a meaning is unknown
  }
  fields.count("batch", {1, 10}, stage.batch);
  if (stage.mode == Mode::kOneshot && fields.find("batch") != nullptr) {
    problems_.add(place_of(fields, "batch"), "batch has no meaning for a oneshot stage",
                  "write mode: persistent or leave batch out");
  }
}

// Empty when there is no command; then it was complained about.
std::vector<std::string> StageReader::read_run(const YamlNode& node) {
  auto words = read_words(node);
  if (!words) return {};
  // A zero byte would end the word before its end.
  const bool has_zero = std::ranges::any_of(
      *words, [](const std::string& word) { return word.find('\0') != std::string::npos; });
  if (has_zero) problems_.add(node.at, "run contains a zero byte");
  const bool is_list = node.kind == YamlNode::Kind::kSequence && !node.items.empty();
  const wire::Position at = is_list ? node.items.front().at : node.at;
  if (words->empty() || words->front().empty()) {
    problems_.add(at, "run names no program");
  } else if (!has_zero) {
    resolve_program(at, words->front());
  }
  return std::move(*words);
}

std::optional<std::vector<std::string>> StageReader::read_words(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kSequence:
      return read_list(node);
    case YamlNode::Kind::kScalar: {
      auto words = split_command(node.scalar);
      if (words) return std::move(*words);
      problems_.add(node.at, "run", words.error());
      return std::nullopt;
    }
    case YamlNode::Kind::kNull:
    case YamlNode::Kind::kMap:
      break;
  }
  problems_.add(node.at,
                fmt::format("run must be a text or a list of texts, not {}", kind_name(node)));
  return std::nullopt;
}

std::optional<std::vector<std::string>> StageReader::read_list(const YamlNode& list) {
  std::vector<std::string> words;
  for (const YamlNode& item : list.items) {
    if (item.kind == YamlNode::Kind::kScalar) {
      words.push_back(item.scalar);
    } else {
      problems_.add(
          item.at, fmt::format("run must be a list of texts, but here stands {}", kind_name(item)));
    }
  }
  if (words.size() != list.items.size()) return std::nullopt;
  return words;
}

void StageReader::resolve_program(wire::Position at, std::string& program) {
  auto found = programs_.find(program, directory_);
  if (found) {
    program = std::move(*found);
  } else {
    problems_.add(at, found.error());
  }
}

}  // namespace selvage::workflow
