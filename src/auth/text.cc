// SPDX-License-Identifier: Apache-2.0
#include "auth/text.h"

#include <algorithm>

namespace selvage::auth {

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool LessIgnoringCase::operator()(std::string_view a, std::string_view b) const {
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

// Only the last star is ever tried again: what an earlier one could take more, the later one can
// leave out, so nothing is lost and the time stays bounded.
bool fits(std::string_view pattern, std::string_view text, Case letters) {
  const auto same = [letters](char a, char b) {
    return letters == Case::kMatters ? a == b : lower(a) == lower(b);
  };
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;  // the last star seen, and
  size_t taken_to = 0;                   // the text up to which it has taken
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken_to = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++taken_to;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator, size_t at_most) {
  std::vector<std::string_view> pieces;
  while (pieces.size() + 1 < at_most) {
    const size_t end = text.find(separator);
    if (end == std::string_view::npos) break;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  pieces.push_back(text);
  return pieces;
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace selvage::auth
