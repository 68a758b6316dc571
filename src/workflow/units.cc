// SPDX-License-Identifier: Apache-2.0
#include "workflow/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>
#include <string>

#include "workflow/print.h"

namespace selvage::workflow {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

// The largest first: the order in which they may follow each other.
constexpr Unit kUnits[] = {
    {"d", std::chrono::days(1)},          {"h", std::chrono::hours(1)},
    {"m", std::chrono::minutes(1)},       {"s", std::chrono::seconds(1)},
    {"ms", std::chrono::milliseconds(1)}, {"us", std::chrono::microseconds(1)},
};

// Nine digits of the largest unit stay far below what a Duration holds, and so does their sum.
constexpr size_t kMostDigits = 9;
static_assert(Duration::max() / std::chrono::days(1) > 2 * 10'000LL);
constexpr Duration kLongest = std::chrono::days(10'000);

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

int64_t number_of(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// Takes the longest prefix of `text` whose characters all are `kind`.
template <typename Predicate>
std::string_view take(std::string_view& text, Predicate kind) {
  const auto end = std::find_if_not(text.begin(), text.end(), kind);
  const std::string_view taken = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

const Unit* find_unit(std::string_view name) {
  const auto* found = std::ranges::find(kUnits, name, &Unit::name);
  return found == std::end(kUnits) ? nullptr : found;
}

std::unexpected<Complaint> not_a_duration(std::string_view text) {
  return std::unexpected(
      Complaint{fmt::format("must be a length of time, not '{}'", text),
                "whole numbers with units d, h, m, s or ms, the largest first, such as 1h30m"});
}

// One number with its unit; `previous` is the unit before it.
struct Term {
  Duration length;
  const Unit* unit;
};

std::optional<Term> take_term(std::string_view& rest, const Unit* previous) {
  const std::string_view digits = take(rest, is_digit);
  const std::string_view name = take(rest, [](char c) { return !is_digit(c); });
  const Unit* unit = find_unit(name);
  if (digits.empty() || digits.size() > kMostDigits || unit == nullptr) return std::nullopt;
  if (previous != nullptr && unit <= previous) return std::nullopt;
  const int64_t number = number_of(digits);
  if (number > kLongest / unit->length) return std::nullopt;
  return Term{unit->length * number, unit};
}

// "60 s", "60S" and "60 sec" are what people write; say what they meant if it is plain.
std::string tidied(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

std::expected<Duration, Complaint> parse_duration(std::string_view text) {
  if (all_digits(text)) {
    return std::unexpected(Complaint{fmt::format("needs a unit, '{}' has none", text),
                                     fmt::format("write {}s", text)});
  }
  Duration sum{};
  const Unit* previous = nullptr;
  for (std::string_view rest = text; !rest.empty();) {
    const auto term = take_term(rest, previous);
    if (!term) {
      const std::string tidy = tidied(text);
      if (tidy == text || !parse_duration(tidy)) return not_a_duration(text);
      auto complaint = not_a_duration(text).error();
      complaint.suggestion = "write " + tidy;
      return std::unexpected(complaint);
    }
    sum += term->length;
    previous = term->unit;
  }
  if (text.empty()) return not_a_duration(text);
  return sum;
}

std::expected<DurationRange, Complaint> parse_duration_range(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    return std::unexpected(Complaint{fmt::format("must be a range, not '{}'", text),
                                     "write the least and the most, such as 200ms..30s"});
  }
  const auto low = parse_duration(text.substr(0, dots));
  if (!low) return std::unexpected(low.error());
  const auto high = parse_duration(text.substr(dots + 2));
  if (!high) return std::unexpected(high.error());
  if (*low > *high) {
    return std::unexpected(
        Complaint{fmt::format("runs backwards: {} is more than {}", print_duration(*low),
                              print_duration(*high)),
                  fmt::format("write {}..{}", print_duration(*high), print_duration(*low))});
  }
  return DurationRange{*low, *high};
}

std::expected<int, Complaint> parse_count(std::string_view text) {
  if (!all_digits(text) || text.size() > kMostDigits) {
    return std::unexpected(Complaint{fmt::format("must be a whole number, not '{}'", text), ""});
  }
  const auto value = static_cast<int>(number_of(text));
  if (text.size() > 1 && text[0] == '0') {
    return std::unexpected(
        Complaint{fmt::format("has a leading zero: '{}' is an octal number to some", text),
                  fmt::format("write {}", value)});
  }
  return value;
}

std::expected<int, Complaint> parse_percent(std::string_view text) {
  constexpr int kMost = 100;
  const bool has_sign = text.ends_with('%');
  const auto value = parse_count(has_sign ? text.substr(0, text.size() - 1) : text);
  if (!value || *value < 1 || *value > kMost)
    return std::unexpected(
        Complaint{fmt::format("must be a share from 1% to 100%, not '{}'", text), ""});
  if (!has_sign)
    return std::unexpected(Complaint{fmt::format("needs a unit, '{}' has none", text),
                                     fmt::format("write {}%", *value)});
  return *value;
}

}  // namespace selvage::workflow
