// SPDX-License-Identifier: Apache-2.0
#include "auth/condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "auth/arn.h"
#include "auth/ip_range.h"
#include "auth/timestamp.h"

namespace selvage::auth {
namespace {

// Whether a value of the request fits one of the policy; nullopt when the policy's makes no sense.
using Fit = std::optional<bool> (*)(std::string_view ours, std::string_view policys);

std::optional<bool> fit_string(std::string_view ours, std::string_view policys) {
  return ours == policys;
}
std::optional<bool> fit_any_case(std::string_view ours, std::string_view policys) {
  return same_ignoring_case(ours, policys);
}
std::optional<bool> fit_like(std::string_view ours, std::string_view policys) {
  return fits(policys, ours);
}
std::optional<bool> fit_arn(std::string_view ours, std::string_view policys) {
  return fits_arn(policys, ours);
}
std::optional<bool> fit_bool(std::string_view ours, std::string_view policys) {
  if (!same_ignoring_case(policys, "true") && !same_ignoring_case(policys, "false"))
    return std::nullopt;
  return same_ignoring_case(ours, policys);
}
std::optional<bool> fit_ip(std::string_view ours, std::string_view policys) {
  const auto range = IpRange::read(policys);
  if (!range) return std::nullopt;
  return range->contains(ours);
}

std::optional<double> read_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

// Seconds since 1970; a date may also be written so.
std::optional<double> read_date(std::string_view text) {
  if (const auto at = read_iso_time(text)) return double(to_micros(*at)) / 1e6;
  return read_number(text);
}

// What compares as numbers: a reader and a relation.
template <auto read, typename Relation>
std::optional<bool> fit_number(std::string_view ours, std::string_view policys) {
  const std::optional<double> limit = read(policys);
  if (!limit) return std::nullopt;
  const std::optional<double> value = read(ours);
  return value && Relation()(*value, *limit);
}

struct Operator {
  std::string_view name;
  Fit fit;
  bool negated = false;
};

using Equal = std::equal_to<>;
using Less = std::less<>;
using LessEqual = std::less_equal<>;
using Greater = std::greater<>;
using GreaterEqual = std::greater_equal<>;

constexpr Operator kOperators[] = {
    {"StringEquals", fit_string},
    {"StringNotEquals", fit_string, true},
    {"StringEqualsIgnoreCase", fit_any_case},
    {"StringNotEqualsIgnoreCase", fit_any_case, true},
    {"StringLike", fit_like},
    {"StringNotLike", fit_like, true},
    {"NumericEquals", fit_number<read_number, Equal>},
    {"NumericNotEquals", fit_number<read_number, Equal>, true},
    {"NumericLessThan", fit_number<read_number, Less>},
    {"NumericLessThanEquals", fit_number<read_number, LessEqual>},
    {"NumericGreaterThan", fit_number<read_number, Greater>},
    {"NumericGreaterThanEquals", fit_number<read_number, GreaterEqual>},
    {"DateEquals", fit_number<read_date, Equal>},
    {"DateNotEquals", fit_number<read_date, Equal>, true},
    {"DateLessThan", fit_number<read_date, Less>},
    {"DateLessThanEquals", fit_number<read_date, LessEqual>},
    {"DateGreaterThan", fit_number<read_date, Greater>},
    {"DateGreaterThanEquals", fit_number<read_date, GreaterEqual>},
    {"Bool", fit_bool},
    {"IpAddress", fit_ip},
    {"NotIpAddress", fit_ip, true},
    {"ArnEquals", fit_arn},
    {"ArnNotEquals", fit_arn, true},
    {"ArnLike", fit_arn},
    {"ArnNotLike", fit_arn, true},
};

enum class Quantifier { kNone, kAny, kAll };

struct Written {
  const Operator* what = nullptr;  // null with is_null: the operator Null
  Quantifier quantifier = Quantifier::kNone;
  bool if_exists = false;
  bool is_null = false;
};

std::optional<Written> read_operator(std::string_view op) {
  constexpr std::string_view kAny = "ForAnyValue:";
  constexpr std::string_view kAll = "ForAllValues:";
  constexpr std::string_view kIfExists = "IfExists";
  Written written;
  if (op == "Null") {
    written.is_null = true;
    return written;
  }
  if (op.starts_with(kAny)) {
    written.quantifier = Quantifier::kAny;
    op.remove_prefix(kAny.size());
  } else if (op.starts_with(kAll)) {
    written.quantifier = Quantifier::kAll;
    op.remove_prefix(kAll.size());
  }
  if (op.ends_with(kIfExists)) {
    written.if_exists = true;
    op.remove_suffix(kIfExists.size());
  }
  written.what = std::ranges::find(kOperators, op, &Operator::name);
  if (written.what == std::end(kOperators)) return std::nullopt;
  return written;
}

Truth truth(bool value) {
  return value ? Truth::kTrue : Truth::kFalse;
}

Truth null_holds(const Condition& condition, bool absent) {
  if (condition.values.empty()) return Truth::kUnknown;
  for (const std::string& value : condition.values) {
    const auto wants_absent = fit_bool("true", value);
    if (!wants_absent) return Truth::kUnknown;
    if (*wants_absent == absent) return Truth::kTrue;
  }
  return Truth::kFalse;
}

// Whether one value of the request does.
Truth value_holds(const Operator& what, std::string_view ours, const Condition& condition) {
  bool found = false;
  for (const std::string& value : condition.values) {
    const std::optional<bool> fit = what.fit(ours, value);
    if (!fit || has_policy_variable(value)) return Truth::kUnknown;
    found = found || *fit;
  }
  return truth(found != what.negated);
}

}  // namespace

bool is_known_operator(std::string_view op) {
  return read_operator(op).has_value();
}

bool has_policy_variable(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

Truth holds(const Condition& condition, const Context& context) {
  const std::optional<Written> written = read_operator(condition.op);
  if (!written) return Truth::kUnknown;
  const auto found = context.find(condition.key);
  const bool absent = found == context.end() || found->second.empty();
  if (written->is_null) return null_holds(condition, absent);

  const Operator& what = *written->what;
  const bool each = written->quantifier == Quantifier::kAll ||
                    (written->quantifier == Quantifier::kNone && what.negated);
  if (absent) return truth(each || written->if_exists);
  bool all = true;
  bool any = false;
  for (const std::string& ours : found->second) {
    const Truth one = value_holds(what, ours, condition);
    if (one == Truth::kUnknown) return one;
    all = all && one == Truth::kTrue;
    any = any || one == Truth::kTrue;
  }
  return truth(each ? all : any);
}

}  // namespace selvage::auth
