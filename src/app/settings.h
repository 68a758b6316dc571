// SPDX-License-Identifier: Apache-2.0
#pragma once
// The settings of a server, from one table: flags, environment and file, --help and the reference
// page all have them from here.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/time.h"

namespace selvage::app {

// What an acknowledged message survives. docs/operate/durability.md.
enum class Durability : uint8_t {
  kFsync,   // the loss of power: answered when the disk has it
  kOs,      // the end of the process, kill -9 too: answered when the kernel has it
  kMemory,  // nothing
};
std::string_view durability_name(Durability durability);

struct ServeSettings {
  std::string data = "selvage-data";  // the data directory; ignored with Durability::kMemory
  bool accept_loss = false;           // of what is damaged there: see RocksdbOptions
  std::string listen = "127.0.0.1:9324";
  Durability durability = Durability::kFsync;
  int threads = 0;                    // of the HTTP server; 0: one per core
  std::string metrics_listen = {};    // empty: no address of its own
  Duration drain_delay{0};            // between the signal to stop and the end of accepting
  std::optional<LogFormat> log = {};  // nothing: as fits standard error
  LogLevel log_level = LogLevel::kInfo;
  // How the broker shows itself to clients, and whom it lets in.
  std::string credentials = {};      // file; empty: anybody, from this machine only
  std::string tls_certificate = {};  // files, PEM; both or none
  std::string tls_key = {};
  std::string public_url = {};  // what queue URLs begin with; empty: by the Host header
  std::string region = "us-east-1";
  std::string account = "000000000000";
  bool aws_timers = false;  // Amazon's waits and throttles too
};

struct Setting {
  using Unfit = std::string;  // "must be …": the end of a sentence that begins with the setting
  std::string_view name;      // in the file; behind -- on the command line
  std::string_view value;     // what stands for it in help: FILE; empty: a switch, true or false
  std::string_view help;
  std::expected<void, Unfit> (*read)(ServeSettings& into, const std::string& text);
  std::string (*print)(const ServeSettings& from);
  std::string_view group = {};  // empty: the general ones
  bool of_up_too = true;        // `selvage up` has it as well, for its broker
};

inline constexpr const char* kConfigVariable = "SELVAGE_CONFIG";  // names the file, as --config
std::span<const Setting> settings_table();
std::string environment_name(const Setting& setting);  // SELVAGE_…
// The reference page, as Markdown.
std::string settings_reference();

// What the command line says: values by name, and the file of --config ("" if it is not given).
struct CommandLine {
  std::map<std::string, std::string, std::less<>> given;
  std::string config;
};
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

struct Resolved {
  ServeSettings settings;
  std::vector<const Setting*> given;  // those that stood somewhere, in the table's order
};
// A flag counts more than the environment, that more than the file, and all more than the default.
// Failure (kSettings): the first value that does not fit or key that is not known, with its place.
Result<Resolved> resolve(const CommandLine& line, const Environment& environment);

// Names among `variables` (of the environment) that look like misspelt settings, each with the one
// that was probably meant.
std::vector<std::pair<std::string, std::string>> misspelt(
    const std::vector<std::string>& variables);

// Sets the process's log up: who speaks, from which level, in which format.
void begin_log(std::string_view role, const ServeSettings& settings);
// The same for a child of `up`, which has the format and the level in its environment.
void begin_log_of_child(std::string_view role);

}  // namespace selvage::app
