// SPDX-License-Identifier: Apache-2.0
#include "workflow/stage_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
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
constexpr size_t kLongestPath = 1024;
constexpr Duration kShortestStart = std::chrono::milliseconds(100);
constexpr Duration kLongestStart = std::chrono::hours(1);

struct NamedMode {
  std::string_view name;
  Mode mode;
};
constexpr NamedMode kModes[] = {{"oneshot", Mode::kOneshot},
                                {"persistent", Mode::kPersistent},
                                {"http", Mode::kHttp},
                                {"sdk", Mode::kSdk}};
constexpr std::string_view kModeNames[] = {"oneshot", "persistent", "http", "sdk"};

// Variables that a mode gives its programs, so that a stage cannot.
constexpr std::string_view kHttpVariables[] = {"PORT"};
constexpr std::string_view kSdkVariables[] = {
    "AWS_ENDPOINT_URL",  "AWS_ENDPOINT_URL_SQS",  "AWS_REGION",        "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"};

std::span<const std::string_view> variables_of(Mode mode) {
  switch (mode) {
    case Mode::kHttp:
      return kHttpVariables;
    case Mode::kSdk:
      return kSdkVariables;
    case Mode::kOneshot:
    case Mode::kPersistent:
      break;
  }
  return {};
}

std::string_view name_of(Mode mode) {
  return std::ranges::find(kModes, mode, &NamedMode::mode)->name;
}

// "a oneshot", "an sdk": aloud.
std::string with_article(Mode mode) {
  const bool is_vowel = mode == Mode::kHttp || mode == Mode::kSdk;
  return fmt::format("{} {}", is_vowel ? "an" : "a", name_of(mode));
}

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
  const auto near = closest(mode, kModeNames);
  return {fmt::format("mode must be oneshot, persistent, http or sdk, not '{}'", mode),
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
  check_env(fields, placed.stage);
  read_max_backlog(fields, placed.stage);
  return placed;
}

void StageReader::read_max_backlog(const Fields& fields, Stage& stage) {
  fields.count("max_backlog", {1, kMostBacklog}, stage.max_backlog);
  if (stage.max_backlog > 0 && !fields.has("to")) {
    problems_.add(place_of(fields, "max_backlog"),
                  "max_backlog is about the queue that a stage sends to, and this one has no 'to'",
                  "write it on the stage in front, or leave it out");
  }
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
  if (const auto mode = fields.text("mode")) {
    const auto* const found = std::ranges::find(kModes, *mode, &NamedMode::name);
    if (found == std::end(kModes)) {
      const Complaint complaint = explain_mode(*mode);
      problems_.add(place_of(fields, "mode"), complaint.message, complaint.suggestion);
      return;  // whether batch and http have a meaning is unknown
    }
    stage.mode = found->mode;
  }
  read_batch(fields, stage);
  const YamlNode* const http = fields.find("http");
  if (http == nullptr) return;
  read_http(Fields(*http, Level::kHttp, problems_), stage.http);
  if (stage.mode != Mode::kHttp) {
    problems_.add(http->at,
                  fmt::format("http has no meaning for {} stage", with_article(stage.mode)),
                  "write mode: http or leave http out");
  }
}

void StageReader::read_batch(const Fields& fields, Stage& stage) {
  fields.count("batch", {1, 10}, stage.batch);
  if (stage.mode == Mode::kPersistent || fields.find("batch") == nullptr) return;
  problems_.add(place_of(fields, "batch"),
                fmt::format("batch has no meaning for {} stage", with_article(stage.mode)),
                "write mode: persistent or leave batch out");
}

void StageReader::read_http(const Fields& fields, Http& http) {
  read_path(fields, "path", http.path);
  read_path(fields, "ready", http.ready);
  fields.duration("start", {kShortestStart, kLongestStart}, http.start);
}

void StageReader::read_path(const Fields& fields, std::string_view key, std::string& path) {
  const auto text = fields.text(key);
  if (!text) return;
  const auto is_right = [](char c) { return c > ' ' && c < '\x7f' && c != '#'; };
  if (text->starts_with('/') && text->size() <= kLongestPath &&
      std::ranges::all_of(*text, is_right)) {
    path = *text;
    return;
  }
  problems_.add(place_of(fields, key), fmt::format("http.{} '{}' is no path of a URL", key, *text),
                "it begins with / and has neither spaces nor a #");
}

// What a mode gives its programs would be in the way of a variable of the same name, or the
// reverse.
void StageReader::check_env(const Fields& fields, const Stage& stage) {
  const std::string_view where = fields.find("env") == nullptr ? "mode" : "env";
  for (const std::string_view name : variables_of(stage.mode)) {
    if (!stage.env.contains(std::string(name))) continue;
    problems_.add(
        place_of(fields, where),
        fmt::format("env.{} is set by selvage itself in mode {}", name, name_of(stage.mode)),
        "leave it out");
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
