// SPDX-License-Identifier: Apache-2.0
#pragma once
// "Did you mean …?"

#include <span>
#include <string_view>

namespace selvage::workflow {

// The candidate that `word` was probably meant to be: the fewest letters to add, drop, change or
// swap with a neighbour, at most one in three. Empty when none is that close.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace selvage::workflow
