// SPDX-License-Identifier: Apache-2.0
#pragma once
// What signatures, grants and policies all do with text: compare whatever the case, match
// wildcards, cut at a character. ASCII only, and any bytes are welcome.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvage::auth {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);
bool same_ignoring_case(std::string_view a, std::string_view b);
// An order of names whatever their case, for maps.
struct LessIgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

enum class Case { kMatters, kIgnored };

// Whether the whole of `text` fits `pattern`, in which `*` stands for any number of characters
// (none included) and `?` for exactly one. At worst pattern times text steps.
bool fits(std::string_view pattern, std::string_view text, Case letters = Case::kMatters);

std::string_view trim(std::string_view text);  // spaces and tabs at both ends
// At least one piece; as many as there are separators plus one, but `at_most` (the last keeps the
// separators that are left).
std::vector<std::string_view> split(std::string_view text, char separator,
                                    size_t at_most = SIZE_MAX);
// What stands before the first separator, and what after it (empty when there is none).
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator);

}  // namespace selvage::auth
