// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <iterator>

namespace selvage {
namespace {

std::atomic<LogLevel> threshold{LogLevel::kInfo};
std::atomic<LogFormat> written_as{LogFormat::kHuman};

std::string& role() {
  static std::string name = "selvage";
  return name;
}

// How many bytes of valid UTF-8 `text` begins with: one character's, or 0.
size_t length_of_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                        : first >= 0xe0 && first <= 0xef ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte(1);  // not longer than need be, no half of a pair, not too high
  const bool is_wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return is_wrong ? 0 : length;
}

void append_json(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const size_t length = length_of_character(text);
    const char c = text.front();
    if (length == 0)
      out += "\\ufffd";
    else if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string format_for_people(const LogEvent& event, LogFields fields) {
  const timespec at{.tv_sec = to_micros(event.at) / 1'000'000, .tv_nsec = 0};
  tm local{};
  localtime_r(&at.tv_sec, &local);
  std::string line =
      fmt::format("{:%H:%M:%S}.{:03} {:<5} {}: {}", local, to_millis(event.at) % 1000,
                  log_level_name(event.level), event.role, event.text);
  std::string_view before = "  ";
  for (const LogField& field : fields) {
    std::visit([&](const auto& v) { line += fmt::format("{}{}={}", before, field.name, v); },
               field.value);
    before = " ";
  }
  return line + '\n';
}

std::string format_for_programs(const LogEvent& event, LogFields fields) {
  const std::chrono::sys_seconds second{
      std::chrono::floor<std::chrono::seconds>(event.at.time_since_epoch())};
  std::string line =
      fmt::format(R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:06}Z","level":"{}","role":)",
                  fmt::gmtime(static_cast<time_t>(second.time_since_epoch().count())),
                  to_micros(event.at) % 1'000'000, log_level_name(event.level));
  append_json(event.role, line);
  line += fmt::format(R"(,"pid":{},"message":)", event.pid);
  append_json(event.text, line);
  for (const LogField& field : fields) {
    line += ',';
    append_json(field.name, line);
    line += ':';
    if (const auto* const text = std::get_if<std::string_view>(&field.value))
      append_json(*text, line);
    else
      line += fmt::format("{}", std::get<int64_t>(field.value));
  }
  return line + "}\n";
}

}  // namespace

void set_log_role(std::string_view name) {
  role() = name;
}
void set_log_level(LogLevel level) {
  threshold = level;
}
void set_log_format(LogFormat format) {
  written_as = format;
}
bool log_enabled(LogLevel level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

std::string_view log_level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "?";
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError})
    if (name == log_level_name(level)) return level;
  return std::nullopt;
}

std::string format_log(LogFormat format, const LogEvent& event, LogFields fields) {
  switch (format) {
    case LogFormat::kHuman:
      return format_for_people(event, fields);
    case LogFormat::kJson:
      return format_for_programs(event, fields);
  }
  return {};
}

void log_line(LogLevel level, std::string_view text, LogFields fields) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const Instant at = from_micros(now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
  const std::string line = format_log(written_as, {at, level, role(), getpid(), text}, fields);
  // A log line that cannot be written has no better place to go.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace selvage
