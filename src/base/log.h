// SPDX-License-Identifier: Apache-2.0
#pragma once
// One line per event on standard error, written with one write(2) so that the lines of several
// processes on one terminal do not mix. For people `time level role: text  name=value`, for
// programs one JSON object with the same.

#include <fmt/core.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/time.h"

namespace selvage {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kHuman, kJson };

// What an event is about, besides its text. The names time, level, role, pid and message are taken.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t> value;
};
using LogFields = std::initializer_list<LogField>;

// Who is speaking, for example "broker". Call once, early, before other threads exist.
void set_log_role(std::string_view role);
// Lines below `level` are dropped. Default kInfo.
void set_log_level(LogLevel level);
// Default kHuman.
void set_log_format(LogFormat format);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view text, LogFields fields = {});

std::string_view log_level_name(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

// What is written for an event, with its line's end. JSON is valid whatever the bytes of `text`.
struct LogEvent {
  Instant at;
  LogLevel level;
  std::string_view role;
  int64_t pid;
  std::string_view text;
};
std::string format_log(LogFormat format, const LogEvent& event, LogFields fields);

// An event with fields: log_event(LogLevel::kInfo, "it is ready", {{"address", address}}).
inline void log_event(LogLevel level, std::string_view text, LogFields fields) {
  if (log_enabled(level)) log_line(level, text, fields);
}

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kDebug))
    log_line(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kInfo))
    log_line(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kWarn))
    log_line(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kError))
    log_line(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace selvage
