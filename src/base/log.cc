// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <string>

namespace selvage {
namespace {

std::atomic<LogLevel> threshold{LogLevel::kInfo};

std::string& role() {
  static std::string name = "selvage";
  return name;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info ";
    case LogLevel::kWarn:
      return "warn ";
    case LogLevel::kError:
      return "error";
  }
  return "?";
}

}  // namespace

void set_log_role(std::string_view name) {
  role() = name;
}
void set_log_level(LogLevel level) {
  threshold = level;
}
bool log_enabled(LogLevel level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

void log_line(LogLevel level, std::string_view text) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  localtime_r(&now.tv_sec, &local);
  const std::string line = fmt::format("{:%H:%M:%S}.{:03} {} {}: {}\n", local,
                                       now.tv_nsec / 1'000'000, level_name(level), role(), text);
  // A log line that cannot be written has no better place to go.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace selvage
