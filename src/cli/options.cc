// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

#include "app/show.h"
#include "workflow/print.h"
#include "workflow/units.h"

namespace selvage::cli {
namespace {

constexpr int64_t kKibi = 1024;

// The parser puts the option's name before the sentence.
[[noreturn]] void refuse(const std::string& option, const std::string& sentence) {
  throw CLI::ValidationError(option, sentence);
}

Duration read_time(const TimeOption& option, const std::string& text) {
  const auto parsed = workflow::parse_duration(text);
  if (!parsed)
    refuse(option.name, fmt::format("{} ({})", parsed.error().message, parsed.error().suggestion));
  if (*parsed < option.least)
    refuse(option.name, fmt::format("{} is too short, the least is {}", text,
                                    workflow::print_duration(option.least)));
  if (*parsed > option.most)
    refuse(option.name, fmt::format("{} is too long, the most is {}", text,
                                    workflow::print_duration(option.most)));
  if (option.whole_seconds && *parsed % std::chrono::seconds(1) != Duration::zero())
    refuse(option.name, fmt::format("{} is no whole number of seconds", text));
  return *parsed;
}

std::optional<int64_t> read_size(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const int64_t factor = unit.empty() || unit == "B" ? 1
                         : unit == "KiB"             ? kKibi
                         : unit == "MiB"             ? kKibi * kKibi
                                                     : 0;
  const bool fits =
      number >= 0 && factor > 0 && number <= std::numeric_limits<int64_t>::max() / factor;
  if (error != std::errc() || !fits) return std::nullopt;
  return number * factor;
}

}  // namespace

CLI::Validator within(int64_t least, int64_t most) {
  return CLI::Range(least, most).description("");  // help says it in its own words
}

void add_time(CLI::App* command, const TimeOption& option, std::function<void(Duration)> set) {
  command
      ->add_option_function<std::string>(
          option.name,
          [option, set = std::move(set)](const std::string& text) { set(read_time(option, text)); },
          option.help)
      ->type_name("TIME");
}

void add_size(CLI::App* command, const SizeOption& option, std::function<void(int64_t)> set) {
  command
      ->add_option_function<std::string>(
          option.name,
          [option, set = std::move(set)](const std::string& text) {
            const auto size = read_size(text);
            if (!size || *size < option.least || *size > option.most)
              refuse(option.name,
                     fmt::format("must be a size from {} to {}, such as 64KiB; not '{}'",
                                 app::show_size(option.least), app::show_size(option.most), text));
            set(*size);
          },
          option.help)
      ->type_name("SIZE");
}

void add_pairs(CLI::App* command, const std::string& name, const std::string& help,
               std::function<void(Pairs)> set) {
  command
      ->add_option_function<std::vector<std::string>>(
          name,
          [name, set = std::move(set)](const std::vector<std::string>& texts) {
            Pairs pairs;
            for (const std::string& text : texts) {
              const size_t equals = text.find('=');
              if (equals == 0 || equals == std::string::npos)
                refuse(name, fmt::format("must be name=value, not '{}'", text));
              pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
            }
            set(std::move(pairs));
          },
          help)
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
}

void add_broker(CLI::App* command, app::BrokerPlace& at) {
  command->add_option("--broker", at.broker, "where the broker is (127.0.0.1:9324)")
      ->type_name("HOST:PORT");
  command->add_option("--listen", at.broker)->group("");  // what it was called before
  command->add_option("--data", at.data, "its data directory, for the key in it (selvage-data)")
      ->type_name("DIR");
}

void add_json(CLI::App* command, bool& json) {
  command->add_flag("--json", json, "for programs: one JSON object a line");
}

namespace {

// "what it does (default; SELVAGE_NAME)"
std::string help_of(const app::Setting& setting) {
  const std::string value = setting.value.empty() ? "" : setting.print({});
  return fmt::format("{} ({}{}{})", setting.help, value, value.empty() ? "" : "; ",
                     app::environment_name(setting));
}

void add_setting(CLI::App* command, const app::Setting& setting, app::CommandLine& line) {
  const std::string flag = fmt::format("--{}", setting.name);
  const auto set = [&line, name = std::string(setting.name)](const std::string& text) {
    line.given[name] = text;
  };
  const std::string group(setting.group.empty() ? "Options" : setting.group);  // the parser's own
  if (setting.value.empty()) {
    command
        ->add_flag_function(
            flag, [set](int64_t count) { set(count > 0 ? "true" : "false"); }, help_of(setting))
        ->group(group);
    return;
  }
  command->add_option_function<std::string>(flag, set, help_of(setting))
      ->type_name(std::string(setting.value))
      ->group(group);
}

}  // namespace

void add_settings(CLI::App* command, Starts starts, app::CommandLine& line) {
  command->add_option("--config", line.config, "a file with these settings (YAML; SELVAGE_CONFIG)")
      ->type_name("FILE");
  for (const app::Setting& setting : app::settings_table())
    if (starts == Starts::kServer || setting.of_up_too) add_setting(command, setting, line);
  if (starts != Starts::kServer) return;
  command
      ->add_flag_function(
          "--memory", [&line](int64_t) { line.given["durability"] = "memory"; },
          "short for --durability memory: keep everything in memory and nothing on disk")
      ->excludes(command->get_option("--data"))
      ->excludes(command->get_option("--durability"));
}

}  // namespace selvage::cli
