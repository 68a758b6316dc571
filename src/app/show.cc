// SPDX-License-Identifier: Apache-2.0
#include "app/show.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace selvage::app {
namespace {

constexpr int64_t kKibi = 1024;

// Bytes that go on a character of UTF-8 begin no new one.
bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, begins_character));
}

std::string padded(std::string_view text, size_t width, bool right) {
  const size_t length = characters(text);
  const std::string space(width > length ? width - length : 0, ' ');
  return right ? space + std::string(text) : std::string(text) + space;
}

}  // namespace

std::string show_time(Instant t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::string show_moment(Instant t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
  const auto millis =
      std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch() - seconds).count();
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}",
                     fmt::gmtime(static_cast<std::time_t>(seconds.count())), millis);
}

std::string show_size(int64_t bytes) {
  if (bytes > 0 && bytes % (kKibi * kKibi) == 0) return fmt::format("{}MiB", bytes / kKibi / kKibi);
  if (bytes > 0 && bytes % kKibi == 0) return fmt::format("{}KiB", bytes / kKibi);
  return fmt::format("{}B", bytes);
}

std::string show_bytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < kKibi) return fmt::format("{} B", bytes);
  auto number = static_cast<double>(bytes) / kKibi;
  size_t unit = 0;
  for (; number >= kKibi && unit + 1 < kUnits.size(); ++unit) number /= kKibi;
  return fmt::format("{:.1f} {}", number, kUnits[unit]);
}

std::string count_of(int64_t n, std::string_view thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

std::string excerpt(std::string_view text, size_t width) {
  std::string line;
  size_t length = 0;
  for (const char c : text) {
    if (begins_character(c) && ++length > width) return line + "…";
    line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return line;
}

std::string printable(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_space = c == '\t' || c == '\n';
    const bool is_control = (static_cast<unsigned char>(c) < ' ' && !is_space) || c == '\x7F';
    line += is_control ? '?' : c;
  }
  return line;
}

std::string_view queue_name(std::string_view url) {
  return url.substr(url.find_last_of("/:") + 1);
}

std::string Table::text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const Row& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]));
  std::string text;
  for (const Row& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += padded(row[i], widths[i], std::ranges::count(numbers_, i) > 0) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string show_fields(std::string_view title, const Fields& fields) {
  size_t width = 0;
  for (const auto& [label, value] : fields) width = std::max(width, characters(label));
  std::string text = fmt::format("{}\n", title);
  const std::string indent(width + 4, ' ');
  for (const auto& [label, value] : fields) {
    text += "  " + padded(label, width + 2, false);
    for (const char c : value) text += c == '\n' ? "\n" + indent : std::string(1, c);
    text += "\n";
  }
  return text;
}

}  // namespace selvage::app
