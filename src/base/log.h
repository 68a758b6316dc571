// SPDX-License-Identifier: Apache-2.0
#pragma once
// One line per event on standard error, written with one write(2) so that the lines of several
// processes on one terminal do not mix. `time LEVEL role: text`.

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace selvage {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// Who is speaking, for example "broker". Call once, early, before other threads exist.
void set_log_role(std::string_view role);
// Lines below `level` are dropped. Default kInfo.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view text);

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
