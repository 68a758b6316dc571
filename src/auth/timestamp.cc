// SPDX-License-Identifier: Apache-2.0
#include "auth/timestamp.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "auth/text.h"

namespace selvage::auth {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

// Takes a text apart from its beginning; once something is not as wanted, ok() stays false.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  int digits(size_t count) {
    if (left_.size() < count) return refuse();
    int value = 0;
    for (const char c : left_.substr(0, count)) {
      if (c < '0' || c > '9') return refuse();
      value = value * 10 + (c - '0');
    }
    left_.remove_prefix(count);
    return value;
  }
  bool optional(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void exactly(char c) {
    if (!optional(c)) refuse();
  }
  void skip_digits() {
    left_.remove_prefix(std::min(left_.find_first_not_of("0123456789"), left_.size()));
  }
  void refuse_if(bool wrong) {
    if (wrong) refuse();
  }
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }

 private:
  int refuse() {
    ok_ = false;
    return 0;
  }
  std::string_view left_;
  bool ok_ = true;
};

struct Moment {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<Instant> to_instant(const Moment& m) {
  const year_month_day date(std::chrono::year(m.year), std::chrono::month(unsigned(m.month)),
                            std::chrono::day(unsigned(m.day)));
  // Second 60 is a leap second: the clock of Unix shows it as the next minute's first.
  if (!date.ok() || m.year < 1970 || m.hour > 23 || m.minute > 59 || m.second > 60)
    return std::nullopt;
  const Duration since = sys_days(date).time_since_epoch() + std::chrono::hours(m.hour) +
                         std::chrono::minutes(m.minute) + std::chrono::seconds(m.second);
  return Instant(since);
}

Moment moment_of(Instant t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const year_month_day date{sys_days(days)};
  const std::chrono::hh_mm_ss time(seconds - days);
  return {int(date.year()),          int(unsigned(date.month())), int(unsigned(date.day())),
          int(time.hours().count()), int(time.minutes().count()), int(time.seconds().count())};
}

// What follows the minutes: the zone's offset, to be taken away.
Duration read_zone(Reader& in) {
  const bool east = in.optional('+');
  if (!east && !in.optional('-')) {
    in.optional('Z');
    return Duration{0};
  }
  const int hours = in.digits(2);
  in.optional(':');
  const int minutes = in.digits(2);
  in.refuse_if(hours > 14 || minutes > 59);
  const Duration offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return east ? offset : -offset;
}

}  // namespace

std::optional<Instant> read_basic_time(std::string_view text) {
  Reader in(text);
  Moment m;
  m.year = in.digits(4);
  m.month = in.digits(2);
  m.day = in.digits(2);
  in.exactly('T');
  m.hour = in.digits(2);
  m.minute = in.digits(2);
  m.second = in.digits(2);
  in.exactly('Z');
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return to_instant(m);
}

std::string to_basic_time(Instant t) {
  const Moment m = moment_of(t);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", m.year, m.month, m.day, m.hour, m.minute,
                     m.second);
}

std::optional<Instant> read_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static constexpr std::array<std::string_view, 4> kUtc = {"GMT", "UTC", "+0000", "-0000"};
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.size() != 6 || words[0].size() != 4 || words[0][3] != ',') return std::nullopt;
  const auto month = std::ranges::find(kMonths, words[2]);
  if (month == kMonths.end() || std::ranges::find(kUtc, words[5]) == kUtc.end())
    return std::nullopt;
  Reader day(words[1]);
  Reader year(words[3]);
  Reader time(words[4]);
  Moment m;
  m.day = day.digits(2);
  m.month = int(month - kMonths.begin()) + 1;
  m.year = year.digits(4);
  m.hour = time.digits(2);
  time.exactly(':');
  m.minute = time.digits(2);
  time.exactly(':');
  m.second = time.digits(2);
  for (const Reader* part : {&day, &year, &time})
    if (!part->ok() || !part->at_end()) return std::nullopt;
  return to_instant(m);
}

std::optional<Instant> read_iso_time(std::string_view text) {
  Reader in(text);
  Moment m;
  Duration zone{0};
  m.year = in.digits(4);
  in.exactly('-');
  m.month = in.digits(2);
  in.exactly('-');
  m.day = in.digits(2);
  if (in.optional('T')) {
    m.hour = in.digits(2);
    in.exactly(':');
    m.minute = in.digits(2);
    if (in.optional(':')) m.second = in.digits(2);
    if (in.optional('.')) in.skip_digits();  // policies are not about fractions of a second
    zone = read_zone(in);
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  const std::optional<Instant> local = to_instant(m);
  if (!local) return std::nullopt;
  return *local - zone;
}

std::string to_iso_time(Instant t) {
  const Moment m = moment_of(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", m.year, m.month, m.day, m.hour,
                     m.minute, m.second);
}

}  // namespace selvage::auth
