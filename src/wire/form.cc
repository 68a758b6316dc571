// SPDX-License-Identifier: Apache-2.0
#include "wire/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

#include "wire/utf8.h"

namespace selvage::wire {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_number(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, is_digit);
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Cuts the first part off `name`, with its dot.
std::string_view take_part(std::string_view& name) {
  const size_t dot = name.find('.');
  const std::string_view part = name.substr(0, dot);
  name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  return part;
}

std::string_view without_zeros(std::string_view number) {
  return number.substr(std::min(number.find_first_not_of('0'), number.size()));
}

// Numbers come first and by value; that 01 and 1 differ keeps the runs of equal parts together.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  const bool numbers = is_number(a);
  if (numbers != is_number(b))
    return numbers ? std::strong_ordering::less : std::strong_ordering::greater;
  if (!numbers) return a <=> b;
  const std::string_view x = without_zeros(a);
  const std::string_view y = without_zeros(b);
  if (x.size() != y.size()) return x.size() <=> y.size();
  if (x != y) return x <=> y;
  return a.size() <=> b.size();
}

bool stands_before(const FormField& left, const FormField& right) {
  std::string_view a = left.name;
  std::string_view b = right.name;
  while (!a.empty() && !b.empty()) {
    const auto order = compare_parts(take_part(a), take_part(b));
    if (order != 0) return order < 0;
  }
  return a.empty() && !b.empty();
}

}  // namespace

// ---- the tree

std::string_view FormNode::part(const FormField& field) const {
  std::string_view rest = field.name.substr(path_);
  return take_part(rest);
}

std::span<const FormField> FormNode::own() const {
  const auto begins = std::ranges::find_if(
      fields_, [this](const FormField& field) { return field.name.size() > path_; });
  return fields_.first(static_cast<size_t>(begins - fields_.begin()));
}

std::span<const FormField> FormNode::below() const {
  return fields_.subspan(own().size());
}

std::optional<std::string_view> FormNode::text() const {
  const auto fields = own();
  if (fields.empty()) return std::nullopt;
  return fields.back().value;
}

bool FormNode::has_children() const {
  return !below().empty();
}

bool FormNode::is_numbered() const {
  const auto fields = below();
  return !fields.empty() && is_number(part(fields.front()));
}

bool FormNode::children(FunctionRef<bool(std::string_view name, FormNode child)> each) const {
  auto left = below();
  while (!left.empty()) {
    const std::string_view name = part(left.front());
    const auto end =
        std::ranges::find_if(left, [&](const FormField& field) { return part(field) != name; });
    const auto run = left.first(static_cast<size_t>(end - left.begin()));
    if (!each(name, FormNode(run, path_ + name.size() + 1))) return false;
    left = left.subspan(run.size());
  }
  return true;
}

// ---- reading

Result<std::string_view> Form::decode(std::string_view encoded) {
  char* const begin = free_;
  for (size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i] == '+' ? ' ' : encoded[i];
    if (c == '%') {
      const int high = i + 2 < encoded.size() ? hex_value(encoded[i + 1]) : -1;
      const int low = high < 0 ? -1 : hex_value(encoded[i + 2]);
      if (low < 0)
        return failure(ErrorCode::kGiveUp,
                       "malformed form: a percent sign is not followed by two hex digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    *free_++ = c;
  }
  const std::string_view text(begin, static_cast<size_t>(free_ - begin));
  if (!is_utf8(text)) return failure(ErrorCode::kGiveUp, "malformed form: it is not UTF-8");
  return text;
}

Result<void> Form::read_field(std::string_view encoded) {
  const size_t equals = std::min(encoded.find('='), encoded.size());
  const auto name = decode(encoded.substr(0, equals));
  if (!name) return std::unexpected(name.error());
  const auto value = decode(encoded.substr(std::min(equals + 1, encoded.size())));
  if (!value) return std::unexpected(value.error());
  if (name->empty()) return {};
  if (fields_.size() == kMaxFormFields)
    return failure(ErrorCode::kGiveUp,
                   fmt::format("the form has more than {} fields", kMaxFormFields));
  if (std::ranges::count(*name, '.') >= static_cast<std::ptrdiff_t>(kMaxFormDepth))
    return failure(ErrorCode::kGiveUp,
                   fmt::format("a name in the form has more than {} parts", kMaxFormDepth));
  fields_.push_back({*name, *value});
  return {};
}

Result<void> Form::read(std::string_view encoded) {
  if (encoded.empty()) return {};
  texts_.push_back(std::make_unique_for_overwrite<char[]>(encoded.size()));
  free_ = texts_.back().get();
  while (!encoded.empty()) {
    const size_t end = std::min(encoded.find('&'), encoded.size());
    SELVAGE_TRY(read_field(encoded.substr(0, end)));
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
  }
  return {};
}

FormNode Form::root() {
  std::ranges::stable_sort(fields_, stands_before);
  return {fields_, 0};
}

}  // namespace selvage::wire
