// SPDX-License-Identifier: Apache-2.0
#include "workflow/suggest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace selvage::workflow {
namespace {

using Row = std::vector<size_t>;

// The optimal string alignment distance, row by row: a transposition looks two rows back.
size_t edit_distance(std::string_view a, std::string_view b) {
  Row before(b.size() + 1);
  Row last(b.size() + 1);
  Row row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  // Far longer words are no misspellings, and the comparison is quadratic.
  constexpr size_t kLongestWord = 40;
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    // "to" is one letter away from every other two-letter word: that is no likeness.
    if (distance >= best_distance || distance >= candidate.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace selvage::workflow
