// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "wire/yaml.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

constexpr std::string_view kPrefix = "SELVAGE_";

// A value and where it stands, as a sentence about it begins: "--listen", "SELVAGE_LISTEN",
// "selvage.yaml:3:9: listen".
struct Given {
  std::string text;
  std::string place;
};
using AllGiven = std::map<std::string, Given, std::less<>>;

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const Setting& setting : settings_table()) all.push_back(setting.name);
  return all;
}

const Setting* find(std::string_view name) {
  const auto table = settings_table();
  const auto at = std::ranges::find(table, name, &Setting::name);
  return at == table.end() ? nullptr : &*at;
}

std::string place_of(const std::string& file, wire::Position at) {
  return fmt::format("{}:{}:{}", file, at.line, at.column);
}

std::unexpected<Error> wrong(const std::string& place, std::string_view why) {
  return failure(ErrorCode::kSettings, fmt::format("{}: {}", place, why));
}

// ---- the file

std::unexpected<Error> unknown_key(const std::string& place, std::string_view key) {
  const auto all = names();
  const std::string_view nearest = workflow::closest(key, all);
  if (!nearest.empty())
    return wrong(place, fmt::format("'{}' is not a setting (did you mean '{}'?)", key, nearest));
  return wrong(
      place, fmt::format("'{}' is not a setting; the settings are: {}", key, fmt::join(all, ", ")));
}

Result<void> read_entry(const std::string& file, const wire::YamlNode::Entry& entry,
                        AllGiven& given) {
  const std::string place = place_of(file, entry.at);
  const Setting* const setting = find(entry.key);
  if (setting == nullptr) return unknown_key(place, entry.key);
  if (entry.value.kind != wire::YamlNode::Kind::kScalar)
    return wrong(place, fmt::format("{} needs one value, a text or a number", entry.key));
  Given value{entry.value.scalar, fmt::format("{}: {}", place, entry.key)};
  if (!given.emplace(entry.key, std::move(value)).second)
    return wrong(place, fmt::format("{} stands here for the second time", entry.key));
  return {};
}

Result<AllGiven> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file)
    return failure(ErrorCode::kSettings,
                   fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  const auto tree = wire::read_yaml(text);
  if (!tree) return wrong(place_of(path, tree.error().at), tree.error().message);
  AllGiven given;
  if (tree->kind == wire::YamlNode::Kind::kNull) return given;  // an empty file
  if (tree->kind != wire::YamlNode::Kind::kMap)
    return wrong(place_of(path, tree->at), "must be lines such as 'listen: 127.0.0.1:9324'");
  for (const wire::YamlNode::Entry& entry : tree->entries)
    SELVAGE_TRY(read_entry(path, entry, given));
  return given;
}

// ---- the other places

// What the setting is set to, and where; nothing if that is nowhere.
std::optional<Given> given_for(const Setting& setting, const CommandLine& line,
                               const Environment& environment, const AllGiven& file) {
  const std::string name(setting.name);
  if (const auto flag = line.given.find(name); flag != line.given.end())
    return Given{flag->second, "--" + name};
  const std::string variable = environment_name(setting);
  if (auto value = environment(variable)) return Given{*std::move(value), variable};
  if (const auto key = file.find(name); key != file.end()) return key->second;
  return std::nullopt;
}

}  // namespace

std::string environment_name(const Setting& setting) {
  std::string name(kPrefix);
  for (const char c : setting.name)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Result<Resolved> resolve(const CommandLine& line, const Environment& environment) {
  AllGiven file;
  const std::string config =
      line.config.empty() ? environment(kConfigVariable).value_or("") : line.config;
  if (!config.empty()) {
    auto read = read_file(config);
    if (!read) return std::unexpected(std::move(read).error());
    file = *std::move(read);
  }
  Resolved resolved;
  for (const Setting& setting : settings_table()) {
    const auto given = given_for(setting, line, environment, file);
    if (!given) continue;
    if (const auto read = setting.read(resolved.settings, given->text); !read)
      return failure(ErrorCode::kSettings, fmt::format("{} {}", given->place, read.error()));
    resolved.given.push_back(&setting);
  }
  return resolved;
}

std::vector<std::pair<std::string, std::string>> misspelt(
    const std::vector<std::string>& variables) {
  std::vector<std::string> known = {std::string(kConfigVariable).substr(kPrefix.size())};
  for (const Setting& setting : settings_table())
    known.push_back(environment_name(setting).substr(kPrefix.size()));
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::string_view word = std::string_view(variable).substr(kPrefix.size());
    if (std::ranges::find(candidates, word) != candidates.end()) continue;
    const std::string_view nearest = workflow::closest(word, candidates);
    if (!nearest.empty()) found.emplace_back(variable, fmt::format("{}{}", kPrefix, nearest));
  }
  return found;
}

void begin_log(std::string_view role, const ServeSettings& settings) {
  set_log_role(role);
  set_log_level(settings.log_level);
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  set_log_format(settings.log.value_or(is_terminal ? LogFormat::kHuman : LogFormat::kJson));
}

void begin_log_of_child(std::string_view role) {
  ServeSettings settings;
  const Environment environment = process_environment();
  for (const char* name : {"log", "log-level"}) {
    const Setting& setting = *find(name);
    // What does not fit was complained about by whoever started us.
    if (const auto value = environment(environment_name(setting)))
      (void)setting.read(settings, *value);
  }
  begin_log(role, settings);
}

}  // namespace selvage::app
