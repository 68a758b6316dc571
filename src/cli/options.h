// SPDX-License-Identifier: Apache-2.0
#pragma once
// Options that several commands share, and values as people write them: 30s, 256KiB, name=value.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/link.h"
#include "app/settings.h"
#include "base/exit_code.h"
#include "base/time.h"

namespace selvage::cli {

// What the chosen subcommand will do, once all arguments are known to be right.
using Chosen = std::function<ExitCode()>;

// The command does `verb(*settings)`.
template <typename Settings>
void choose(CLI::App* command, Chosen& chosen, const std::shared_ptr<Settings>& settings,
            ExitCode (*verb)(const Settings&)) {
  command->callback(
      [&chosen, settings, verb] { chosen = [settings, verb] { return verb(*settings); }; });
}

struct TimeOption {
  std::string name;
  std::string help;
  Duration least{0};
  Duration most = std::chrono::days(366);
  bool whole_seconds = true;
};
void add_time(CLI::App* command, const TimeOption& option, std::function<void(Duration)> set);

// A number from least to most.
CLI::Validator within(int64_t least, int64_t most);

// Bytes: 1024, 256KiB, 1MiB.
struct SizeOption {
  std::string name;
  std::string help;
  int64_t least;
  int64_t most;
};
void add_size(CLI::App* command, const SizeOption& option, std::function<void(int64_t)> set);

// NAME=VALUE, any number of times.
using Pairs = std::vector<std::pair<std::string, std::string>>;
void add_pairs(CLI::App* command, const std::string& name, const std::string& help,
               std::function<void(Pairs)> set);

// --broker, and --data for the key.
void add_broker(CLI::App* command, app::BrokerPlace& at);
void add_json(CLI::App* command, bool& json);

// The settings of a server, for those that start one: from the table, into `line`.
enum class Starts { kServer, kWorkflow };
void add_settings(CLI::App* command, Starts starts, app::CommandLine& line);

}  // namespace selvage::cli
